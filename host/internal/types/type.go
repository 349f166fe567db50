// Package types is the type model of the component model: value types with
// their layout, function, instance and component types, subtyping, and the
// validation that turns a decoded component into a checked plan of
// instantiation.
package types

// Kind is the kind of a value type.
type Kind uint8

// Kinds of value types, in the order of the specification's grammar.
const (
	Bool Kind = iota + 1
	S8
	U8
	S16
	U16
	S32
	U32
	S64
	U64
	F32
	F64
	Char
	String
	ErrorContext
	Record
	Variant
	List
	Tuple
	Flags
	Enum
	Option
	Result
	Own
	Borrow
	Stream
	Future
	Map
)

// Type is a value type. Types are immutable once built and compared
// structurally, except that Own and Borrow compare their Resource by identity.
type Type struct {
	Kind Kind
	// Name is for messages: the name that the type was imported or exported
	// under, empty if it has none. It plays no part in equality.
	Name string

	// Fields are the fields of a record, or of a tuple (without names).
	Fields []Field
	// Cases are the cases of a variant; Labels those of an enum and the
	// names of flags, in order.
	Cases  []Case
	Labels []string
	// Elem is the element of a list, option, stream or future (nil for a
	// stream or future without one), and the value of a map, whose key is Key.
	Elem *Type
	Key  *Type
	// Fixed is set for a list of fixed length Len.
	Fixed bool
	Len   uint32
	// Ok and Err are the payloads of a result; nil where there is none.
	Ok, Err *Type
	// Resource is the resource of an own or borrow handle.
	Resource *Resource

	// Memory layout and flattening, computed when the type is built
	// (CanonicalABI.md, "Alignment", "Element size", "Flattening").
	Size, Align uint32
	Flat        []FlatType // nil when there would be more than MaxFlat
	NumFlat     int        // number of flat values, capped at MaxFlat+1
	// Depth is the nesting of the type, for recursion limits.
	Depth int
	// Weight is the effective size of the type: itself and all it contains.
	Weight int
	// Nodes is how many values a value of the type consists of at most: itself
	// and all it contains, but for strings and lists of any length, which
	// count as one. It is for charging what a value takes in Go.
	Nodes uint64
	// HasHandles tells that an own, borrow, stream or future is inside:
	// lifting such a value has effects. HasBorrow tells of borrows.
	HasHandles, HasBorrow bool
	// HasPointers tells that a string or list is inside: the value is not
	// self-contained in its Size bytes.
	HasPointers bool

	// Entry is the tuple<key, value> that a map is a list of.
	Entry *Type

	payload     uint32 // see PayloadOffset
	label       *label // which name of Resource the handle was made with
	wide        extent // size and alignment with 64-bit pointers
	hasResource bool   // an own or borrow is inside
}

// FlatType is a core value type a component value flattens to.
type FlatType uint8

// Flat types.
const (
	FlatI32 FlatType = iota
	FlatI64
	FlatF32
	FlatF64
)

// MaxFlat is the largest number of flat values that is ever passed by value
// (MAX_FLAT_PARAMS of the canonical ABI); more go through memory.
const MaxFlat = 16

// Field is a field of a record or tuple, or a parameter of a function.
type Field struct {
	Name   string
	Type   *Type
	Offset uint32 // in the record's memory layout; 0 for parameters
}

// Case is a case of a variant; Type is nil where it has no payload.
type Case struct {
	Name string
	Type *Type
}

// Resource is a resource type as one component sees it: a type variable.
// Each component definition has its own; instantiating the component binds
// them to the resource types that exist at run time. Identity is the pointer.
type Resource struct {
	// Slot is the variable's index in Component.Resources of the component
	// that it belongs to.
	Slot int
	// Name is for messages: the name it was imported or exported under.
	Name string
}

// Func is a component function type.
type Func struct {
	Params []Field
	Result *Type // nil where there is none
	Async  bool
}
