package types

import (
	"slices"
	"strings"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
)

// typeDef validates a type definition and appends it to the type space.
func (s *scope) typeDef(d binary.DefType) {
	t := ExternType{Sort: SortType}
	dtor := -1
	switch d := d.(type) {
	case *binary.ResourceType:
		t, dtor = s.resourceDef(d)
	case *binary.FuncType:
		t.Func = s.funcDef(d)
	case *binary.InstanceType:
		inner := s.v.newScope(s, inInstanceType)
		inner.decls(d.Decls)
		t.Instance = s.v.instanceType(inner.exports.externs)
	case *binary.ComponentType:
		inner := s.v.newScope(s, inComponentType)
		inner.decls(d.Decls)
		t.Component = inner.close()
	default:
		t.Value = s.valueDef(d)
	}
	s.types = append(s.types, t)
	if s.out != nil {
		s.step(&StepType{Resource: t.Resource, Dtor: dtor})
	}
}

func (s *scope) resourceDef(d *binary.ResourceType) (ExternType, int) {
	if s.kind != inComponent {
		s.v.fail("resources can only be defined within a concrete component")
	}
	if d.Rep != core.I32 {
		s.v.fail("resources can only be represented by i32")
	}
	dtor := -1
	if d.Dtor != nil {
		dtor = int(*d.Dtor)
		want := &core.FuncType{Params: []core.ValType{core.I32}}
		if !equalFuncs(s.coreAt(core.Func, *d.Dtor).Func, want) {
			s.v.fail("wrong signature for a destructor: core function %d", dtor)
		}
	}
	r := s.fresh("resource")
	s.local[r] = true
	return ExternType{Sort: SortType, Resource: r, label: new(label)}, dtor
}

// valType resolves a use of a value type.
func (s *scope) valType(t binary.ValType) *Type {
	if t.Prim != 0 {
		return Primitive(primKinds[t.Prim])
	}
	v := s.typeAt(t.Index).Value
	if v == nil {
		s.v.fail("type index %d is not a defined type", t.Index)
	}
	return v
}

var primKinds = map[binary.Prim]Kind{
	binary.PrimBool: Bool, binary.PrimS8: S8, binary.PrimU8: U8, binary.PrimS16: S16, binary.PrimU16: U16,
	binary.PrimS32: S32, binary.PrimU32: U32, binary.PrimS64: S64, binary.PrimU64: U64,
	binary.PrimF32: F32, binary.PrimF64: F64, binary.PrimChar: Char, binary.PrimString: String,
	binary.PrimErrorContext: ErrorContext,
}

func (s *scope) optional(t *binary.ValType) *Type {
	if t == nil {
		return nil
	}
	return s.valType(*t)
}

// valueDef builds a value type and checks its bounds.
func (s *scope) valueDef(d binary.DefType) *Type {
	t := s.buildValue(d)
	s.v.spend(1 + len(t.Fields) + len(t.Cases) + len(t.Labels))
	s.v.within(measure{t.Weight, t.Depth})
	if t.wide.size >= MaxValueSize {
		s.v.fail("type exceeds maximum byte size of a value (%d)", MaxValueSize)
	}
	return t
}

func (s *scope) buildValue(d binary.DefType) *Type {
	switch d := d.(type) {
	case *binary.PrimType:
		return s.valType(binary.ValType{Prim: d.Prim})
	case *binary.RecordType:
		return NewRecord(s.fields("record field name", "field name", d.Fields, "record type must have at least one field"))
	case *binary.VariantType:
		return NewVariant(s.cases(d.Cases))
	case *binary.ListType:
		if !d.Fixed {
			return NewList(s.valType(d.Elem))
		}
		if d.Len == 0 {
			s.v.fail("fixed-length list must have at least one element")
		}
		return NewFixedList(s.valType(d.Elem), d.Len)
	case *binary.TupleType:
		if len(d.Elems) == 0 {
			s.v.fail("tuple type must have at least one type")
		}
		elems := make([]*Type, len(d.Elems))
		for i, e := range d.Elems {
			elems[i] = s.valType(e)
		}
		return NewTuple(elems...)
	case *binary.FlagsType:
		if len(d.Labels) > 32 {
			s.v.fail("cannot have more than 32 flags")
		}
		return NewFlags(s.labels("flag name", "flag name", d.Labels, "flags must have at least one entry"))
	case *binary.EnumType:
		return NewEnum(s.labels("enum tag name", "tag name", d.Labels, "enum type must have at least one variant"))
	case *binary.OptionType:
		return NewOption(s.valType(d.Elem))
	case *binary.ResultType:
		return NewResult(s.optional(d.Ok), s.optional(d.Err))
	case *binary.HandleType:
		return s.handle(d)
	case *binary.StreamType:
		return NewStream(s.element("stream", d.Elem))
	case *binary.FutureType:
		return NewFuture(s.element("future", d.Elem))
	}
	m := d.(*binary.MapType)
	key, value := s.valType(m.Key), s.valType(m.Value)
	if key.Kind > String || key.Kind == F32 || key.Kind == F64 {
		s.v.fail("map key type %s is not valid: it must be a bool, an integer, a char or a string", key)
	}
	return NewMap(key, value)
}

func (s *scope) handle(d *binary.HandleType) *Type {
	r := s.resourceAt(d.Resource)
	kind := Own
	if d.Borrow {
		kind = Borrow
	}
	return build(Type{Kind: kind, Resource: r.Resource, label: r.label})
}

// element is the element of a stream or future.
func (s *scope) element(what string, t *binary.ValType) *Type {
	e := s.optional(t)
	switch {
	case e == nil:
	case e.HasBorrow:
		s.v.fail("`%s` element type cannot contain a `borrow` type", what)
	case e.Kind == Char && what == "stream":
		s.v.fail("`stream<char>` is not valid at this time")
	}
	return e
}

// labelSet checks the labels of one type: their form, and that they are unique
// without regard to case.
type labelSet struct {
	s          *scope
	what, prev string
	seen       map[string]string
}

func (l *labelSet) add(name string) {
	if name == "" {
		l.s.v.fail("%s cannot be empty", l.what)
	}
	if checkLabel(name) != nil {
		l.s.v.fail("%s `%s` is not in kebab case", l.what, name)
	}
	key := strings.ToLower(name)
	if prev, ok := l.seen[key]; ok {
		l.s.v.fail("%s `%s` conflicts with previous %s `%s`", l.what, name, l.prev, prev)
	}
	l.seen[key] = name
}

func (s *scope) newLabels(what, prev string) *labelSet {
	return &labelSet{s, what, prev, map[string]string{}}
}

func (s *scope) fields(what, prev string, fs []binary.Labelled, empty string) []Field {
	if len(fs) == 0 && empty != "" {
		s.v.fail("%s", empty)
	}
	labels := s.newLabels(what, prev)
	out := make([]Field, len(fs))
	for i, f := range fs {
		labels.add(f.Label)
		out[i] = Field{Name: f.Label, Type: s.valType(f.Type)}
	}
	return out
}

func (s *scope) cases(cs []binary.Case) []Case {
	if len(cs) == 0 {
		s.v.fail("variant type must have at least one case")
	}
	labels := s.newLabels("variant case name", "case name")
	out := make([]Case, len(cs))
	for i, c := range cs {
		labels.add(c.Label)
		out[i] = Case{c.Label, s.optional(c.Type)}
	}
	return out
}

func (s *scope) labels(what, prev string, ls []string, empty string) []string {
	if len(ls) == 0 {
		s.v.fail("%s", empty)
	}
	labels := s.newLabels(what, prev)
	for _, l := range ls {
		labels.add(l)
	}
	return slices.Clone(ls)
}

func (s *scope) funcDef(d *binary.FuncType) *Func {
	f := &Func{Async: d.Async, Params: s.fields("function parameter name", "parameter name", d.Params, "")}
	f.Result = s.optional(d.Result)
	if f.Result != nil && f.Result.HasBorrow {
		s.v.fail("function result cannot contain a `borrow` type")
	}
	s.v.within(f.measure())
	return f
}

// coreType appends a core type definition to the core type space.
func (s *scope) coreType(n *binary.CoreType) {
	e := coreTypeEntry{fn: n.Func}
	if n.Module != nil {
		e.module = s.moduleTypeDef(n.Module)
	}
	s.coreTypes = append(s.coreTypes, e)
}

// moduleTypeDef validates a core module type, which has a type space of its own.
func (s *scope) moduleTypeDef(d *binary.CoreModuleType) *ModuleType {
	t := &ModuleType{}
	var funcs []*core.FuncType
	extern := func(e binary.CoreExtern) CoreType {
		ct, err := coreExtern(e, funcs)
		s.v.check(err)
		if ct.foreign() {
			s.v.fail("a core type of a proposal that is not supported")
		}
		return ct
	}
	for _, decl := range d.Decls {
		switch {
		case decl.Type != nil:
			funcs = append(funcs, decl.Type)
		case decl.Alias != nil:
			funcs = append(funcs, s.outerFuncType(decl.Alias, funcs))
		case decl.Import != nil:
			t.Imports = append(t.Imports, CoreImport{decl.Import.Module, decl.Import.Name, extern(decl.Import.Type)})
		case decl.Export != nil:
			t.Exports = append(t.Exports, CoreExport{decl.Export.Name, extern(decl.Export.Type)})
		}
	}
	s.v.check(t.unique())
	return t
}

// outerFuncType resolves an alias inside a module type, whose own scope is
// count 0.
func (s *scope) outerFuncType(a *binary.Alias, own []*core.FuncType) *core.FuncType {
	if a.Count == 0 {
		return at(s, own, a.Index, "type")
	}
	outer := s.outer(a.Count - 1)
	e := at(s, outer.coreTypes, a.Index, "type")
	if e.fn == nil {
		s.v.fail("outer type %d of a module type cannot be a module type", a.Index)
	}
	return e.fn
}
