package host

import (
	"reflect"
	"runtime/debug"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/rt"
)

// Resource is a resource type implemented in Go, whose values are of type T: a
// pointer, or an interface where several Go types implement the resource. One
// Resource serves any number of linkers, components and stores; its identity
// is the pointer.
type Resource[T any] struct {
	rt.ResourceType
	drop func(*Call, T) error
}

// AnyResource is a *Resource of any type.
type AnyResource interface {
	abi.GoResource
	runtimeType() *rt.ResourceType
}

// NewResource makes a resource type with a WIT name for messages. drop is
// called when a guest drops its last handle, and when a store is closed that
// still holds the value; it must not block. An error traps the guest, and
// Close tries again. A nil drop does nothing.
func NewResource[T any](name string, drop func(*Call, T) error) *Resource[T] {
	r := &Resource[T]{drop: drop}
	r.Name = name
	r.Host = r
	return r
}

func (r *Resource[T]) runtimeType() *rt.ResourceType { return &r.ResourceType }

// Drop ends the value with that representation. It is for the runtime.
func (r *Resource[T]) Drop(s *rt.Store, rep uint32) error {
	v, err := s.Value(&r.ResourceType, rep)
	if err != nil {
		return err
	}
	if r.drop != nil {
		if err := r.end(&Call{ctx: s.Context(), store: s.Owner.(*Store)}, v.(T)); err != nil {
			return err
		}
	}
	_, err = s.Remove(&r.ResourceType, rep)
	return err
}

func (r *Resource[T]) end(c *Call, v T) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{"drop of " + r.Name, p, debug.Stack()}
		}
	}()
	return r.drop(c, v)
}

// GoType implements the canonical ABI's view of the resource.
func (r *Resource[T]) GoType() reflect.Type { return reflect.TypeFor[T]() }

// Load implements the canonical ABI's view of the resource.
func (r *Resource[T]) Load(cx *abi.Context, ref abi.Ref, own bool, dst unsafe.Pointer) error {
	s := cx.Owner.(*rt.Store)
	get := s.Value
	if own {
		get = s.Take
	}
	v, err := get(&r.ResourceType, ref.Rep)
	if err == nil {
		*(*T)(dst) = v.(T)
	}
	return err
}

// Ref implements the canonical ABI's view of the resource.
func (r *Resource[T]) Ref(cx *abi.Context, own bool, src unsafe.Pointer) (abi.Ref, error) {
	s := cx.Owner.(*rt.Store)
	return abi.Ref{Type: &r.ResourceType, Rep: s.Put(&r.ResourceType, *(*T)(src))}, nil
}
