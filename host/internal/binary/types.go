package binary

import "github.com/wasitls/wasitls/host/internal/core"

func isPrim(c byte) bool {
	return c >= byte(PrimString) && c <= byte(PrimBool) || Prim(c) == PrimErrorContext
}

// valType reads a primitive type or a type index, which is a positive s33.
func (r *reader) valType() ValType {
	if c := r.peek(); isPrim(c) {
		return ValType{Prim: Prim(r.byte())}
	}
	at := r.pos
	i := r.sleb(33)
	if i < 0 {
		r.fail(at, "invalid leading byte (%#x) for component value type", r.b[at])
	}
	return ValType{Index: uint32(i)}
}

func (r *reader) optionalValType() *ValType {
	if !r.optional("optional component value type") {
		return nil
	}
	t := r.valType()
	return &t
}

func (r *reader) labelled() Labelled { return Labelled{r.name(), r.valType()} }

func (r *reader) variantCase() Case {
	c := Case{r.name(), r.optionalValType()}
	r.zero("zero byte required")
	return c
}

func (r *reader) typeDef() Node { return &Type{r.defType()} }

func (r *reader) defType() DefType {
	c := r.byte()
	if isPrim(c) {
		return &PrimType{Prim(c)}
	}
	switch c {
	case 0x72:
		return &RecordType{vec(r, "record fields", MaxMembers, r.labelled)}
	case 0x71:
		return &VariantType{vec(r, "variant cases", MaxMembers, r.variantCase)}
	case 0x70:
		return &ListType{Elem: r.valType()}
	case 0x67:
		return &ListType{Elem: r.valType(), Fixed: true, Len: r.u32()}
	case 0x6f:
		return &TupleType{vec(r, "tuple types", MaxMembers, r.valType)}
	case 0x6e:
		return &FlagsType{vec(r, "flags", MaxMembers, r.name)}
	case 0x6d:
		return &EnumType{vec(r, "enum cases", MaxMembers, r.name)}
	case 0x6b:
		return &OptionType{r.valType()}
	case 0x6a:
		return &ResultType{r.optionalValType(), r.optionalValType()}
	case 0x69:
		return &HandleType{Resource: r.u32()}
	case 0x68:
		return &HandleType{Borrow: true, Resource: r.u32()}
	case 0x66:
		return &StreamType{r.optionalValType()}
	case 0x65:
		return &FutureType{r.optionalValType()}
	case 0x63:
		return &MapType{r.valType(), r.valType()}
	case 0x43, 0x40:
		return &FuncType{Async: c == 0x43, Params: vec(r, "parameters", MaxParams, r.labelled), Result: r.result()}
	case 0x41:
		return &ComponentType{r.decls(true)}
	case 0x42:
		return &InstanceType{r.decls(false)}
	case 0x3f:
		t := &ResourceType{Rep: r.coreValType()}
		if r.optional("optional destructor") {
			f := r.u32()
			t.Dtor = &f
		}
		return t
	}
	r.unknown(c, "component defined type")
	return nil
}

// result reads the result list of a function.
func (r *reader) result() *ValType {
	switch c := r.byte(); c {
	case 0x00:
		t := r.valType()
		return &t
	case 0x01:
		r.zero("number of results")
	default:
		r.unknown(c, "component function results")
	}
	return nil
}

// decls reads the declarations of a component or instance type.
func (r *reader) decls(component bool) (ds []Def) {
	r.nest(func() {
		ds = vec(r, "declarations", MaxItems, func() Def {
			at := r.pos
			r.tally(&r.counts.defs, "definitions", MaxDefs)
			return Def{at, r.decl(component)}
		})
	})
	return ds
}

func (r *reader) decl(component bool) Node {
	switch c := r.byte(); {
	case c == 0x00:
		return r.coreType()
	case c == 0x01:
		return r.typeDef()
	case c == 0x02:
		return r.alias()
	case c == 0x03 && component:
		return r.importDef()
	case c == 0x04:
		return r.exportDecl()
	default:
		r.unknown(c, "component or instance type declaration")
		return nil
	}
}

// coreType reads a core type definition: a module type, or of the types of
// WebAssembly 3.0 a function type on its own. A subtype that is not final has
// a byte before it, because module types took the one that begins it.
func (r *reader) coreType() Node {
	c := r.byte()
	switch c {
	case 0x50:
		return &CoreType{Module: &CoreModuleType{vec(r, "declarations", MaxItems, r.coreDecl)}}
	case 0x00, 0x4f:
		if c == 0x00 && r.byte() != 0x50 {
			r.unknown(r.b[r.pos-1], "core type")
		}
		if at := r.pos; r.u32() != 0 {
			r.fail(at, "supertypes of core types are not supported")
		}
		c = r.byte()
	}
	switch c {
	case 0x60:
		f := r.coreFuncType()
		return &CoreType{Func: &f}
	case 0x4e, 0x5e, 0x5f:
		r.fail(r.pos-1, "core types of the garbage collection proposal are not supported")
	default:
		r.unknown(c, "core type")
	}
	return nil
}

func (r *reader) coreDecl() (d CoreDecl) {
	switch c := r.byte(); c {
	case 0x00:
		d.Import = &CoreImport{r.name(), r.name(), r.coreExtern()}
	case 0x01:
		if c := r.byte(); c != 0x60 {
			r.unknown(c, "type definition")
		}
		f := r.coreFuncType()
		d.Type = &f
	case 0x02:
		if c := r.byte(); CoreSort(c) != CoreSortType {
			r.unknown(c, "outer alias kind")
		}
		if c := r.byte(); c != 0x01 {
			r.unknown(c, "outer alias target")
		}
		d.Alias = &Alias{Sort: SortCore, Core: CoreSortType, Target: AliasOuter, Count: r.u32(), Index: r.u32()}
	case 0x03:
		d.Export = &CoreExport{r.name(), r.coreExtern()}
	default:
		r.unknown(c, "module type declaration")
	}
	return d
}

func (r *reader) coreFuncType() core.FuncType {
	return core.FuncType{
		Params:  vec(r, "parameters", MaxCoreParams, r.coreValType),
		Results: vec(r, "results", MaxCoreParams, r.coreValType),
	}
}
