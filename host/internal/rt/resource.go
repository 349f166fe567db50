package rt

import "github.com/wasitls/wasitls/host/internal/core"

// ResourceType is a resource type at run time. Its identity is the pointer:
// a component that defines one gets a new one for each instance.
type ResourceType struct {
	Name string
	// Host serves a type that is implemented in Go; nil for a guest's.
	Host HostResource
	// impl is the component instance that defined the type and dtor its
	// destructor, both nil for a type of the host.
	impl *Instance
	dtor core.Extern
}

// describe names the type for messages; other goes before what has no name
// of its own.
func (t *ResourceType) describe(other string) string {
	if t.Host != nil {
		return t.Name
	}
	return other + "guest-defined resource"
}

// HostResource is the host's side of a resource type implemented in Go.
type HostResource interface {
	// Drop is called when the last own handle of rep is dropped. After an
	// error, which traps the guest, the value stays.
	Drop(s *Store, rep uint32) error
}

// handle is an entry of a handle table: an own or a borrow of a resource.
type handle struct {
	typ   *ResourceType
	rep   uint32
	own   bool
	lends int   // how often it is lent to calls in progress
	scope *task // of a borrow: the task that must drop it before it returns
}
