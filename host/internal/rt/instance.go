package rt

import (
	"fmt"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// Component is a validated component whose core modules are compiled. It is
// immutable and serves any number of stores.
type Component struct {
	Plan *types.Component
	// Modules holds the compiled modules, those that HelperOf names included.
	Modules map[*types.StepModule]core.Module
}

// Func is a component function: lifted from a guest, or the host's.
type Func struct {
	// Type is the function's type in terms of the component that lifted it;
	// nil for a function of the host.
	Type *types.Func
	// Host is set for a function of the host.
	Host HostFunc
	// Resources are the types of the resource variables that Host speaks of,
	// by slot: those of the component whose imports it was bound for, also
	// when a component nested in that one calls it.
	Resources []*ResourceType

	inst *Instance
	core core.Extern
	opts options
}

// Exports is an instance as a value: what it exports, by name. An item is a
// *Func, *Exports, *ResourceType, *Module or *Closure, or nil for a type
// that is no resource.
type Exports struct {
	Items map[string]any
}

// Module is a core module as a value.
type Module struct{ core core.Module }

// Closure is a component as a value: the definition and the instance whose
// definitions its outer aliases mean.
type Closure struct {
	plan    *types.Component
	modules map[*types.StepModule]core.Module
	parent  *Instance
}

// Instance is a component instance. Its index spaces are filled by the steps
// of its plan, in order.
type Instance struct {
	store   *Store
	parent  *Instance
	plan    *types.Component
	modules map[*types.StepModule]core.Module

	coreItems     [5][]core.Extern // by core.Kind
	coreInstances []coreExports
	coreModules   []*Module
	funcs         []*Func
	instances     []*Exports
	components    []*Closure
	types         []*ResourceType // nil for types that are no resources
	resources     []*ResourceType // by slot

	handles  table[any]
	threads  table[*thread]
	mayEnter bool
	mayLeave bool

	pressure  uint16  // backpressure.inc less backpressure.dec
	waiting   int     // tasks that wait to begin
	exclusive *thread // whose core code excludes that of other such tasks
	imports   map[string]any
	exports   Exports
}

// coreExports is a core instance: instantiated, or a bundle of core items.
type coreExports interface{ Export(name string) core.Extern }

type coreBundle map[string]core.Extern

func (b coreBundle) Export(name string) core.Extern { return b[name] }

// Exports returns what the instance exports.
func (in *Instance) Exports() *Exports { return &in.exports }

func (s *Store) newInstance(c *Closure, imports map[string]any) (*Instance, error) {
	if s.instances >= s.limits.Instances {
		return nil, fmt.Errorf("too many component instances: limit of %d", s.limits.Instances)
	}
	s.instances++
	return &Instance{
		store:     s,
		parent:    c.parent,
		plan:      c.plan,
		modules:   c.modules,
		resources: make([]*ResourceType, len(c.plan.Resources)),
		handles:   table[any]{used: &s.handles, limit: s.limits.Handles, what: "handle"},
		threads:   table[*thread]{used: &s.threads, limit: s.limits.Threads, what: "thread"},
		mayEnter:  true,
		mayLeave:  true,
		imports:   imports,
		exports:   Exports{Items: make(map[string]any, len(c.plan.Exports))},
	}, nil
}

// enteringSet calls f for the instance and those of its ancestors that are
// not also caller or caller's ancestors (CanonicalABI.md, "Component
// Instance State"); it stops when f returns false.
func (in *Instance) enteringSet(caller *Instance, f func(*Instance) bool) bool {
	for i := in; i != nil; i = i.parent {
		if i.isSelfOrAncestorOf(caller) {
			continue
		}
		if !f(i) {
			return false
		}
	}
	return true
}

func (in *Instance) isSelfOrAncestorOf(other *Instance) bool {
	for ; other != nil; other = other.parent {
		if other == in {
			return true
		}
	}
	return false
}

// mayEnterFrom tells whether the rules against reentrance let caller (nil for
// the host) enter the instance.
func (in *Instance) mayEnterFrom(caller *Instance) bool {
	return in.enteringSet(caller, func(i *Instance) bool { return i.mayEnter })
}

// enter marks the instance as entered from caller (nil for the host), and
// traps where the rules against reentrance forbid it.
func (in *Instance) enter(caller *Instance) error {
	if !in.mayEnterFrom(caller) {
		return trapf("cannot enter component instance")
	}
	in.enteringSet(caller, func(i *Instance) bool { i.mayEnter = false; return true })
	return nil
}

func (in *Instance) leave(caller *Instance) {
	in.enteringSet(caller, func(i *Instance) bool { i.mayEnter = true; return true })
}

// checkLeave traps while the guest may not call out: during realloc and
// post-return.
func (in *Instance) checkLeave() error {
	if in.mayLeave {
		return nil
	}
	return trapf("cannot leave component instance")
}

// callLocked calls a helper of the guest's canonical options, which may not
// call out: realloc or post-return.
func (in *Instance) callLocked(f core.Extern, args ...uint64) (uint64, error) {
	in.mayLeave = false
	v, err := in.store.callCore(f, args...)
	in.mayLeave = true
	return v, err
}
