package types

import (
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
)

// Component is a validated component: what it needs, what it gives, and the
// steps that instantiate it. Index spaces are those of the binary format;
// each step appends to the spaces its comment names, in the order of the
// binary, so that an instance can be built by walking Steps once.
type Component struct {
	Imports []Extern
	Exports []Extern
	Steps   []Step
	// Resources are the resource type variables of this component, by Slot.
	Resources []*Resource
	// Depth of nesting below the root component (0).
	Depth int
	// Instances is how many core and component instances come into being
	// when this component is instantiated, itself included, as far as that is
	// known before; at most MaxInstances.
	Instances int

	typ *ComponentType
}

// Sort is the sort of a component-level definition.
type Sort uint8

// Sorts of externs.
const (
	SortModule Sort = iota + 1 // core module
	SortFunc
	SortValue
	SortType
	SortComponent
	SortInstance
)

// Extern is a named, typed import or export.
type Extern struct {
	Name string
	Type ExternType
	// Attributes is nil where there are none.
	Attributes *Attributes
}

// Attributes say more about a name; empty where absent.
type Attributes struct {
	Implements    string // the interface that an instance implements
	VersionSuffix string // what is cut off the version in the name
	ExternalID    string // the host's own name for it
}

// ExternType is the type of an extern; the field of its Sort is set.
type ExternType struct {
	Sort      Sort
	Func      *Func
	Instance  *InstanceType
	Component *ComponentType
	Module    *ModuleType
	// A type: either a resource (Resource set; Fresh when the declaration
	// makes a new, abstract one: `sub resource`), or another definition
	// (Value, or the field of a function, instance or component type).
	Resource *Resource
	Fresh    bool
	Value    *Type

	label *label // identifies a named resource; see subst
}

// InstanceType is the type of a component instance.
type InstanceType struct {
	Exports []Extern

	measure
	index map[string]int // of Exports by name, where there are many
}

// ComponentType is the type of a component.
type ComponentType struct {
	Imports, Exports []Extern

	measure
}

// ModuleType is the type of a core module.
type ModuleType struct {
	Imports []CoreImport
	Exports []CoreExport
}

// CoreImport and CoreExport are the externs of a core module type.
type CoreImport struct {
	Module, Name string
	Type         CoreType
}

// CoreExport is an export of a core module type.
type CoreExport struct {
	Name string
	Type CoreType
}

// CoreType is the type of a core extern.
type CoreType struct {
	Kind core.Kind
	Func *core.FuncType // functions and tags
	// Ref is the element type of a table, or the value type of a global.
	Ref     core.ValType
	Mutable bool // globals
	Min     uint64
	Max     uint64 // valid if HasMax; tables and memories
	HasMax  bool
	Shared  bool
	Index64 bool // tables and memories with 64-bit indices
}

// Step is one step of instantiating a component.
type Step interface{ step() }

// Steps. Each comment says what the step appends to.
type (
	// StepModule defines a core module: the module space.
	StepModule struct {
		Bytes []byte // aliases the component's bytes
		Type  *ModuleType
	}
	// StepCoreInstantiate instantiates a module: the core instance space.
	StepCoreInstantiate struct {
		Module int
		Args   []CoreArg
	}
	// StepCoreExports bundles core items: the core instance space.
	StepCoreExports struct{ Exports []CoreItem }
	// StepCoreAlias names an export of a core instance: the space of Kind.
	StepCoreAlias struct {
		Kind     core.Kind
		Instance int
		Name     string
	}
	// StepComponent defines a nested component: the component space.
	StepComponent struct{ Component *Component }
	// StepInstantiate instantiates a component: the instance space. Binds
	// are the resource variables that the instance's exports bring.
	StepInstantiate struct {
		Component int
		Args      []Item
		Binds     []ResourceBind
	}
	// StepExports bundles items: the instance space.
	StepExports struct{ Exports []Item }
	// StepAlias names an export of an instance: the space of Sort.
	StepAlias struct {
		Sort     Sort
		Instance int
		Name     string
	}
	// StepOuter names a module, component or type of an enclosing
	// component, Count scopes up (1 is the parent): the space of Sort.
	StepOuter struct {
		Sort         Sort
		Count, Index int
	}
	// StepType defines a type: the type space. Only resources exist at run
	// time; for other types Resource is nil and the entry is a placeholder.
	StepType struct {
		Resource *Resource
		Dtor     int // core function index, -1 for none (Resource only)
	}
	// StepImport takes an import: the space of its sort. Binds are the
	// resource variables it brings.
	StepImport struct {
		Extern Extern
		Binds  []ResourceBind
	}
	// StepExport gives an export, and appends it again to the space of its
	// sort. Binds are variables that the ascribed type introduces.
	StepExport struct {
		Name  string
		Item  Item
		Binds []ResourceBind
	}
	// StepLift is canon lift: the function space.
	StepLift struct {
		Type     *Func
		CoreFunc int
		Options  Options
	}
	// StepLower is canon lower: the core function space. Core is its type.
	StepLower struct {
		Type    *Func // the function's type as this component sees it
		Func    int
		Options Options
		Core    core.FuncType
	}
	// StepBuiltin is any other canonical built-in: the core function space.
	StepBuiltin struct {
		Op       binary.CanonOp
		Resource *Resource // resource.new, resource.rep, resource.drop
		Value    *Type     // element of a stream or future built-in; result of task.return
		HasValue bool      // distinguishes task.return and stream types without a value
		Index    int       // memory, table, slot or other immediate of the built-in
		Type     core.ValType
		Async    bool // the async form of a built-in that has both
		// Cancellable is the immediate of the built-ins that wait.
		Cancellable bool
		Options     Options
		Core        core.FuncType
	}
)

// CoreArg is an argument of a core instantiation.
type CoreArg struct {
	Name     string
	Instance int
}

// CoreItem is a named core item of an index space.
type CoreItem struct {
	Name  string
	Kind  core.Kind
	Index int
}

// Item is a named item of a component-level index space.
type Item struct {
	Name  string
	Sort  Sort
	Index int
}

// ResourceBind says where the run-time resource type of a variable is found:
// Path leads from the imported or instantiated item through instance exports
// to the type. An empty path is the item itself.
type ResourceBind struct {
	Resource *Resource
	Path     []string
}

// Options are canonical ABI options; indices are -1 where absent.
type Options struct {
	Encoding   binary.Encoding
	Memory     int
	Realloc    int
	PostReturn int
	Callback   int
	Async      bool
}

func (*StepModule) step()          {}
func (*StepCoreInstantiate) step() {}
func (*StepCoreExports) step()     {}
func (*StepCoreAlias) step()       {}
func (*StepComponent) step()       {}
func (*StepInstantiate) step()     {}
func (*StepExports) step()         {}
func (*StepAlias) step()           {}
func (*StepOuter) step()           {}
func (*StepType) step()            {}
func (*StepImport) step()          {}
func (*StepExport) step()          {}
func (*StepLift) step()            {}
func (*StepLower) step()           {}
func (*StepBuiltin) step()         {}
