// Package abi is the canonical ABI: it lifts component values out of guest
// memory and lowers them into it (CanonicalABI.md of the component-model
// specification). Two forms share one core: dynamic values for tools, tests
// and calls between guests, and plans compiled once for a pair of a component
// type and a Go type, which need no reflection when they run.
package abi

import (
	"reflect"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// Context is one side of a call: the guest memory and handles that values are
// lifted from or lowered into. It lives as long as one call.
type Context struct {
	// Memory is nil where the function has no memory option.
	Memory core.Extern
	// Encoding is the guest's string encoding.
	Encoding binary.Encoding
	// Realloc calls the guest's allocator; nil without that option. It does
	// not check its result: the lowering code does.
	Realloc func(old, oldSize, align, newSize uint32) (uint32, error)
	// Handles is the guest instance's handle table.
	Handles Handles
	// Owner is for a GoResource: the store whose values the handles stand for.
	Owner any
	// Budget is how many bytes this call may still lift, strings and lists
	// included; lifting beyond it is an error. A list counts by what its
	// elements take in Go where that is more than in the guest.
	Budget int64
	// KeepText makes dynamic lifting return strings as Text, in the guest's
	// encoding. A call between guests needs it: which calls of realloc a
	// string makes when it is lowered depends on the encoding it came in.
	KeepText bool

	mem  []byte // Memory's bytes; valid until the next realloc
	word uint64 // holds a number on its way to or from a Value
}

// Handles lifts and lowers handles for one guest instance. Every error is a
// trap of the guest.
type Handles interface {
	// LiftOwn takes the handle out of the guest's table.
	LiftOwn(r *types.Resource, handle uint32) (Ref, error)
	// LiftBorrow lends the handle for the rest of the call.
	LiftBorrow(r *types.Resource, handle uint32) (Ref, error)
	LowerOwn(r *types.Resource, ref Ref) (uint32, error)
	LowerBorrow(r *types.Resource, ref Ref) (uint32, error)
	// LiftChannel takes the readable end of a stream or future of type t out
	// of the guest's table. What it returns is the runtime's.
	LiftChannel(t *types.Type, handle uint32) (any, error)
	LowerChannel(t *types.Type, channel any) (uint32, error)
}

// Ref is a lifted own or borrow: a resource outside any handle table.
type Ref struct {
	// Type is the run-time resource type (its identity is the pointer).
	Type any
	// Rep is the representation that the implementer of the type chose.
	Rep uint32
}

// Resolver finds, when a plan is compiled, how Go holds a resource type.
// It returns nil for a resource that no Go type stands for.
type Resolver func(*types.Resource) GoResource

// GoResource converts between a Ref of a resource implemented in Go and the Go
// value that stands for it.
type GoResource interface {
	// GoType is the type of the Go value.
	GoType() reflect.Type
	// Load stores the Go value of ref in *dst, which is of GoType. When own
	// is set the value leaves the store: Go owns it from now on.
	Load(cx *Context, ref Ref, own bool, dst unsafe.Pointer) error
	// Ref makes a Ref of the Go value *src, which is of GoType. When own is
	// set the store owns the value from now on.
	Ref(cx *Context, own bool, src unsafe.Pointer) (Ref, error)
}
