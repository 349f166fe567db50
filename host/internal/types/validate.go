package types

import (
	"fmt"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
)

// Error is a fault in a component's meaning: it decodes, but is not valid.
type Error struct {
	Offset int // of the definition in the file
	Msg    string
}

func (e *Error) Error() string { return fmt.Sprintf("types: %s (at offset %#x)", e.Msg, e.Offset) }

// Validate checks a decoded component and returns its plan of instantiation.
// The error is an *Error. Code inside core modules is left to the engine;
// everything that the component layer relies on is checked here.
func Validate(c *binary.Component) (comp *Component, err error) {
	v := &validator{budget: maxWork}
	defer v.recover(&err)
	return v.component(nil, c), nil
}

// validator holds what is common to all scopes of one file.
type validator struct {
	offset int // of the definition at hand
	budget int // what may still be done, see spend
	// same tells whether two resource variables stand for one type, see
	// EqualUnder; nil means identity.
	same func(a, b *Resource) bool
}

// fault carries an *Error from where it is found to Validate. Validation is a
// deep recursion in which every step may fail, and nothing is worth keeping
// when one does.
type fault struct{ err *Error }

func (v *validator) fail(format string, args ...any) {
	panic(fault{&Error{v.offset, fmt.Sprintf(format, args...)}})
}

func (v *validator) check(err error) {
	if err != nil {
		v.fail("%s", err)
	}
}

// try runs f and turns a fault, such as a spent budget, into an error.
func (v *validator) try(f func() error) (err error) {
	defer v.recover(&err)
	return f()
}

func (v *validator) recover(err *error) {
	switch f := recover().(type) {
	case nil:
	case fault:
		*err = f.err
	default:
		panic(f)
	}
}

// spend takes n steps from the budget that bounds the time and memory that one
// file can cost.
func (v *validator) spend(n int) {
	if v.budget -= n; v.budget < 0 {
		v.fail("the component's types are too complex")
	}
}

// scopeKind says what a scope belongs to.
type scopeKind int

const (
	inComponent scopeKind = iota
	inComponentType
	inInstanceType
)

// scope is a component, or a component or instance type, while it is walked:
// its index spaces and what it imports and exports so far.
type scope struct {
	v      *validator
	parent *scope
	kind   scopeKind
	out    *Component // the plan; nil in types

	types      []ExternType
	funcs      []*Func
	instances  []*InstanceType
	components []componentEntry

	coreTypes     []coreTypeEntry
	modules       []*ModuleType
	coreInstances []map[string]CoreType
	core          [core.Tag + 1][]CoreType

	imports, exports externList
	// own are all resource variables of this scope, imported those that come
	// from imports, and local those that this very component defines.
	own, imported, local map[*Resource]bool
}

// componentEntry is a component with its definition, where that is known.
type componentEntry struct {
	typ *ComponentType
	def *Component
}

// coreTypeEntry is a function type or a module type.
type coreTypeEntry struct {
	fn     *core.FuncType
	module *ModuleType
}

func (v *validator) newScope(parent *scope, kind scopeKind) *scope {
	s := &scope{v: v, parent: parent, kind: kind}
	s.own, s.imported, s.local = map[*Resource]bool{}, map[*Resource]bool{}, map[*Resource]bool{}
	s.imports, s.exports = newExternList("import"), newExternList("export")
	return s
}

// component validates a component in a scope, nil for the root.
func (v *validator) component(parent *scope, c *binary.Component) *Component {
	s := v.newScope(parent, inComponent)
	s.out = &Component{Instances: 1}
	if parent != nil {
		s.out.Depth = parent.out.Depth + 1
	}
	for _, d := range c.Defs {
		v.offset = d.Offset
		s.def(d.Node)
	}
	s.out.Imports = s.imports.externs
	s.out.typ = s.close()
	s.out.Exports = s.out.typ.Exports
	return s.out
}

// step appends to the plan.
func (s *scope) step(st Step) { s.out.Steps = append(s.out.Steps, st) }

func (s *scope) def(n binary.Node) {
	switch n := n.(type) {
	case *binary.CoreModule:
		t, err := moduleType(n)
		s.v.check(err)
		s.modules = append(s.modules, t)
		s.step(&StepModule{Bytes: n.Bytes, Type: t})
	case *binary.CoreInstance:
		s.coreInstance(n)
	case *binary.CoreType:
		s.coreType(n)
	case *binary.Component:
		c := s.v.component(s, n)
		s.components = append(s.components, componentEntry{c.typ, c})
		s.step(&StepComponent{c})
	case *binary.Instance:
		s.instance(n)
	case *binary.Alias:
		s.alias(n)
	case *binary.Type:
		s.typeDef(n.Def)
	case *binary.Canon:
		s.canon(n)
	case *binary.Import:
		s.importDef(n)
	case *binary.Export:
		s.export(n)
	}
}

// decls walks the declarations of a component or instance type.
func (s *scope) decls(ds []binary.Def) {
	for _, d := range ds {
		s.v.offset = d.Offset
		switch n := d.Node.(type) {
		case *binary.CoreType:
			s.coreType(n)
		case *binary.Alias:
			s.alias(n)
		case *binary.Type:
			s.typeDef(n.Def)
		case *binary.Import:
			s.importDef(n)
		case *binary.ExportDecl:
			s.exportDecl(n)
		}
	}
}

// fresh makes a resource variable of this scope.
func (s *scope) fresh(name string) *Resource {
	s.v.spend(1)
	r := &Resource{Slot: -1, Name: name}
	s.own[r] = true
	if s.out != nil {
		r.Slot = len(s.out.Resources)
		s.out.Resources = append(s.out.Resources, r)
	}
	return r
}

// at returns the item at index i of an index space.
func at[T any](s *scope, space []T, i uint32, what string) T {
	if int64(i) >= int64(len(space)) {
		s.v.fail("unknown %s %d: %s index out of bounds", what, i, what)
	}
	return space[i]
}

func (s *scope) typeAt(i uint32) ExternType        { return at(s, s.types, i, "type") }
func (s *scope) funcAt(i uint32) *Func             { return at(s, s.funcs, i, "function") }
func (s *scope) instanceAt(i uint32) *InstanceType { return at(s, s.instances, i, "instance") }
func (s *scope) moduleAt(i uint32) *ModuleType     { return at(s, s.modules, i, "module") }

func (s *scope) coreAt(k core.Kind, i uint32) CoreType {
	return at(s, s.core[k], i, coreSpaceName(k))
}

func coreSpaceName(k core.Kind) string {
	if k == core.Func {
		return "core function"
	}
	return kindName(k)
}

func (s *scope) resourceAt(i uint32) ExternType {
	t := s.typeAt(i)
	if t.Resource == nil {
		s.v.fail("type index %d is not a resource type", i)
	}
	return t
}

func (s *scope) funcTypeAt(i uint32) *Func {
	t := s.typeAt(i)
	if t.Func == nil {
		s.v.fail("type index %d is not a function type", i)
	}
	return t.Func
}

// item is a component-level item with its type.
func (s *scope) item(i binary.SortIndex) (Item, ExternType) {
	it := Item{Index: int(i.Index)}
	switch i.Sort {
	case binary.SortCore:
		it.Sort = SortModule
		return it, ExternType{Sort: SortModule, Module: s.moduleAt(i.Index)}
	case binary.SortFunc:
		it.Sort = SortFunc
		return it, ExternType{Sort: SortFunc, Func: s.funcAt(i.Index)}
	case binary.SortType:
		it.Sort = SortType
		t := s.typeAt(i.Index)
		t.Fresh = false
		return it, t
	case binary.SortComponent:
		it.Sort = SortComponent
		return it, ExternType{Sort: SortComponent, Component: at(s, s.components, i.Index, "component").typ}
	}
	it.Sort = SortInstance
	return it, ExternType{Sort: SortInstance, Instance: s.instanceAt(i.Index)}
}

// add appends an item of type t to the index space of its sort.
func (s *scope) add(t ExternType, def *Component) {
	switch t.Sort {
	case SortModule:
		s.modules = append(s.modules, t.Module)
	case SortFunc:
		s.funcs = append(s.funcs, t.Func)
	case SortType:
		t.Fresh = false
		s.types = append(s.types, t)
	case SortComponent:
		s.components = append(s.components, componentEntry{t.Component, def})
	case SortInstance:
		s.instances = append(s.instances, t.Instance)
	}
}

// count adds instances that this component creates.
func (s *scope) count(n int) {
	if s.out.Instances += n; s.out.Instances > MaxInstances {
		s.v.fail("instantiating this component creates more than %d instances", MaxInstances)
	}
}
