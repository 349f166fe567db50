package binary

import "github.com/wasitls/wasitls/host/internal/core"

// Component is a decoded component: its definitions in order.
type Component struct {
	Defs []Def
}

// Def is a definition of a component, or a declaration of a component or
// instance type. Node is one of *CoreModule, *CoreInstance, *CoreType,
// *Component, *Instance, *Alias, *Type, *Canon, *Import and *Export; within
// types of *CoreType, *Type, *Alias, *Import and *ExportDecl.
type Def struct {
	Offset int // in the file
	Node   Node
}

// Node is the content of a definition.
type Node interface{ node() }

func (*CoreModule) node()   {}
func (*CoreInstance) node() {}
func (*CoreType) node()     {}
func (*Component) node()    {}
func (*Instance) node()     {}
func (*Alias) node()        {}
func (*Type) node()         {}
func (*Canon) node()        {}
func (*Import) node()       {}
func (*Export) node()       {}
func (*ExportDecl) node()   {}

// CoreSort is a sort of core definitions: those of core.Kind, and three more.
type CoreSort byte

// Core sorts beyond core.Kind.
const (
	CoreSortType     CoreSort = 0x10
	CoreSortModule   CoreSort = 0x11
	CoreSortInstance CoreSort = 0x12
)

// Sort is a sort of component-level definitions.
type Sort byte

// Sorts, with the bytes of the binary format.
const (
	SortCore      Sort = 0x00
	SortFunc      Sort = 0x01
	SortValue     Sort = 0x02
	SortType      Sort = 0x03
	SortComponent Sort = 0x04
	SortInstance  Sort = 0x05
)

// SortIndex names an item of an index space. Core is valid if Sort is SortCore.
type SortIndex struct {
	Sort  Sort
	Core  CoreSort
	Index uint32
}

// CoreInstance instantiates a module, or bundles core items (Inline).
type CoreInstance struct {
	Inline  bool
	Module  uint32
	Args    []CoreArg
	Exports []CoreInlineExport
}

// CoreArg gives a core instance as the argument of that name.
type CoreArg struct {
	Name     string
	Instance uint32
}

// CoreInlineExport is a named core item.
type CoreInlineExport struct {
	Name  string
	Kind  core.Kind
	Index uint32
}

// Instance instantiates a component, or bundles items (Inline).
type Instance struct {
	Inline    bool
	Component uint32
	Args      []Arg
	Exports   []InlineExport
}

// Arg is an argument of an instantiation.
type Arg struct {
	Name string
	Item SortIndex
}

// InlineExport is a named item.
type InlineExport struct {
	Name ExternName
	Item SortIndex
}

// AliasTarget says what an alias is of.
type AliasTarget byte

// Alias targets, with the bytes of the binary format.
const (
	AliasExport     AliasTarget = 0x00
	AliasCoreExport AliasTarget = 0x01
	AliasOuter      AliasTarget = 0x02
)

// Alias names an export of an instance, or an item of an enclosing scope.
type Alias struct {
	Sort     Sort
	Core     CoreSort // if Sort is SortCore
	Target   AliasTarget
	Instance uint32 // exports
	Name     string
	Count    uint32 // outer: scopes up, 0 is the current one
	Index    uint32
}

// ExternName is the name of an import or export with its attributes.
type ExternName struct {
	Name          string
	Implements    *string
	VersionSuffix *string
	ExternalID    *string
	// Repeated names an attribute that was given twice, which is invalid.
	Repeated string
}

// Import is an import of a component or component type.
type Import struct {
	Name ExternName
	Type ExternType
}

// Export is an export of a component; Type is nil where none is ascribed.
type Export struct {
	Name ExternName
	Item SortIndex
	Type *ExternType
}

// ExportDecl is an export of a component or instance type.
type ExportDecl struct {
	Name ExternName
	Type ExternType
}

// ExternType is the type of an import or export.
type ExternType struct {
	Sort Sort // SortCore for a core module
	// Fresh is set for `(type (sub resource))`, the only one without Index.
	Fresh bool
	// Index is a type, or a core type for a core module.
	Index uint32
}

// ValType is a primitive type, or the index of a type.
type ValType struct {
	Prim  Prim // 0: Index counts
	Index uint32
}

// Prim is a primitive value type, with the byte of the binary format.
type Prim byte

// Primitive value types.
const (
	PrimBool         Prim = 0x7f
	PrimS8           Prim = 0x7e
	PrimU8           Prim = 0x7d
	PrimS16          Prim = 0x7c
	PrimU16          Prim = 0x7b
	PrimS32          Prim = 0x7a
	PrimU32          Prim = 0x79
	PrimS64          Prim = 0x78
	PrimU64          Prim = 0x77
	PrimF32          Prim = 0x76
	PrimF64          Prim = 0x75
	PrimChar         Prim = 0x74
	PrimString       Prim = 0x73
	PrimErrorContext Prim = 0x64
)

// Type is a type definition.
type Type struct{ Def DefType }

// DefType is one of the types below.
type DefType interface{ deftype() }

// Types.
type (
	PrimType   struct{ Prim Prim }
	RecordType struct{ Fields []Labelled }
	// VariantType has a case's Type nil where it has no payload.
	VariantType struct{ Cases []Case }
	ListType    struct {
		Elem  ValType
		Fixed bool
		Len   uint32
	}
	TupleType  struct{ Elems []ValType }
	FlagsType  struct{ Labels []string }
	EnumType   struct{ Labels []string }
	OptionType struct{ Elem ValType }
	ResultType struct{ Ok, Err *ValType }
	HandleType struct {
		Borrow   bool
		Resource uint32
	}
	StreamType struct{ Elem *ValType }
	FutureType struct{ Elem *ValType }
	MapType    struct{ Key, Value ValType }
	FuncType   struct {
		Async  bool
		Params []Labelled
		Result *ValType
	}
	ComponentType struct{ Decls []Def }
	InstanceType  struct{ Decls []Def }
	ResourceType  struct {
		Rep  core.ValType
		Dtor *uint32
	}
)

func (*PrimType) deftype()      {}
func (*RecordType) deftype()    {}
func (*VariantType) deftype()   {}
func (*ListType) deftype()      {}
func (*TupleType) deftype()     {}
func (*FlagsType) deftype()     {}
func (*EnumType) deftype()      {}
func (*OptionType) deftype()    {}
func (*ResultType) deftype()    {}
func (*HandleType) deftype()    {}
func (*StreamType) deftype()    {}
func (*FutureType) deftype()    {}
func (*MapType) deftype()       {}
func (*FuncType) deftype()      {}
func (*ComponentType) deftype() {}
func (*InstanceType) deftype()  {}
func (*ResourceType) deftype()  {}

// Labelled is a field or parameter.
type Labelled struct {
	Label string
	Type  ValType
}

// Case is a case of a variant.
type Case struct {
	Label string
	Type  *ValType
}

// CoreType is a core type definition: a function type or a module type.
type CoreType struct {
	Func   *core.FuncType
	Module *CoreModuleType
}

// CoreModuleType is a core module type.
type CoreModuleType struct{ Decls []CoreDecl }

// CoreDecl is a declaration of a core module type; one field is set.
type CoreDecl struct {
	Import *CoreImport
	Type   *core.FuncType
	Alias  *Alias // an outer core type
	Export *CoreExport
}

// CoreImport is an import of a core module or module type.
type CoreImport struct {
	Module, Name string
	Type         CoreExtern
}

// CoreExport is an export declared by a core module type.
type CoreExport struct {
	Name string
	Type CoreExtern
}

// CoreExtern is the type of a core import or export.
type CoreExtern struct {
	Kind    core.Kind
	Type    uint32       // functions and tags: index of the function type
	Val     core.ValType // globals, and elements of tables
	Mutable bool         // globals
	Limits  CoreLimits   // tables and memories
}

// CoreLimits are the limits of a table or memory.
type CoreLimits struct {
	Min, Max        uint64
	HasMax          bool
	Shared, Index64 bool
}
