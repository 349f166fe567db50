package host

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/rt"
	"github.com/wasitls/wasitls/host/internal/types"
)

// Instance is an instantiated component. Its guests run when one of its
// exports is called.
type Instance struct {
	store *Store
	plan  *types.Component
	rt    *rt.Instance
}

// Store returns the store the instance lives in.
func (in *Instance) Store() *Store { return in.store }

// NoExportError says that an instance has no function of that name.
type NoExportError struct{ Interface, Name string }

// Error implements error.
func (e *NoExportError) Error() string {
	if e.Interface == "" {
		return fmt.Sprintf("host: component does not export a function %q", e.Name)
	}
	return fmt.Sprintf("host: component does not export a function %q of %s", e.Name, e.Interface)
}

// find returns an exported function: of the interface with that name and a
// compatible version, or of the component itself if iface is empty.
func (in *Instance) find(iface, name string) (*rt.Func, error) {
	items := in.rt.Exports().Items
	if iface != "" {
		items = in.exported(iface)
	}
	if f, ok := items[name].(*rt.Func); ok {
		return f, nil
	}
	return nil, &NoExportError{iface, name}
}

// exported returns the items of an exported interface: of the compatible
// versions the newest.
func (in *Instance) exported(iface string) (items map[string]any) {
	base, want := splitVersion(iface)
	best := ""
	for n, item := range in.rt.Exports().Items {
		b, have := splitVersion(n)
		e, ok := item.(*rt.Exports)
		if ok && b == base && serves(have, want) && (items == nil || newer(have, best)) {
			items, best = e.Items, have
		}
	}
	return items
}

// ExportFunc is an exported function of an instance, with Go types for its
// parameters and its result.
type ExportFunc[A, R any] struct {
	in   *Instance
	fn   *rt.Func
	plan *abi.FuncPlan
}

// Export returns an exported function of an instance: name of the interface
// iface, of any compatible version, or of the component itself if iface is
// empty. A and R are as for Func; they must fit the function's type.
func Export[A, R any](in *Instance, iface, name string) (*ExportFunc[A, R], error) {
	f, err := in.find(iface, name)
	if err != nil {
		return nil, err
	}
	if f.Type == nil {
		return nil, fmt.Errorf("host: export %s %s is an import of the host's", iface, name)
	}
	none := func(*types.Resource) abi.GoResource { return nil }
	plan, err := abi.CompileFunc(f.Type, reflect.TypeFor[A](), reflect.TypeFor[R](), none)
	if err != nil {
		return nil, fmt.Errorf("host: export %s %s: %w", iface, name, err)
	}
	return &ExportFunc[A, R]{in, f, plan}, nil
}

// Call calls the function. It waits for its turn in the store, then runs the
// guest on the calling goroutine until the function returns. When ctx ends
// first, or the guest traps, the guest is dead and the error tells why.
func (f *ExportFunc[A, R]) Call(ctx context.Context, args A) (R, error) {
	c := typedCallee[A, R]{plan: f.plan, args: args}
	err := f.in.store.invoke(ctx, f.fn, &c)
	return c.result, err
}

func (s *Store) invoke(ctx context.Context, f *rt.Func, c rt.Callee) error {
	return s.enter(ctx, func(ctx context.Context, v *visit) error { return s.rt.Invoke(ctx, f, c, v.idle) })
}

type typedCallee[A, R any] struct {
	plan   *abi.FuncPlan
	args   A
	result R
}

func (c *typedCallee[A, R]) Lower(cx *abi.Context) ([]uint64, error) {
	return c.plan.LowerArgs(cx, unsafe.Pointer(&c.args), nil)
}

func (c *typedCallee[A, R]) Lift(cx *abi.Context, maxFlat int, flat []uint64) error {
	return c.plan.LiftResult(cx, maxFlat, flat, unsafe.Pointer(&c.result))
}

func (c *typedCallee[A, R]) Resolve(bool) error { return nil }

// Call calls an exported function with dynamic values (see Value). It is for
// tools and tests; programs that know the function use Export.
func (in *Instance) Call(ctx context.Context, iface, name string, args ...Value) (Value, error) {
	f, err := in.find(iface, name)
	if err != nil {
		return nil, err
	}
	if f.Type == nil {
		return nil, fmt.Errorf("host: export %s %s is an import of the host's", iface, name)
	}
	if len(args) != len(f.Type.Params) {
		return nil, fmt.Errorf("host: %s takes %d arguments, not %d", name, len(f.Type.Params), len(args))
	}
	c := dynamicCallee{t: f.Type, args: args}
	err = in.store.invoke(ctx, f, &c)
	return c.result, err
}

type dynamicCallee struct {
	t      *types.Func
	args   []Value
	result Value
}

func (c *dynamicCallee) Lower(cx *abi.Context) ([]uint64, error) {
	return abi.LowerValues(cx, abi.MaxFlatParams, abi.ParamTuple(c.t), c.args, nil, nil)
}

func (c *dynamicCallee) Lift(cx *abi.Context, maxFlat int, flat []uint64) error {
	vs, err := abi.LiftValues(cx, maxFlat, abi.ResultTuple(c.t), flat)
	if err == nil && len(vs) > 0 {
		c.result = vs[0]
	}
	return err
}

func (c *dynamicCallee) Resolve(bool) error { return nil }

// ExternInfo describes an import or export of a component.
type ExternInfo struct {
	// Name is the name as the component spells it.
	Name string
	// Kind is "instance", "func", "type", "component" or "module".
	Kind string
	// Items are an instance's functions and types by name, sorted.
	Items []string
}

// Imports lists what the component imports.
func (c *Component) Imports() []ExternInfo { return describe(c.rt.Plan.Imports) }

// Exports lists what the component exports.
func (c *Component) Exports() []ExternInfo { return describe(c.rt.Plan.Exports) }

func describe(xs []types.Extern) []ExternInfo {
	out := make([]ExternInfo, len(xs))
	for i, x := range xs {
		out[i] = ExternInfo{Name: x.Name, Kind: sortNames[x.Type.Sort]}
		if x.Type.Sort == types.SortInstance {
			for _, e := range x.Type.Instance.Exports {
				out[i].Items = append(out[i].Items, e.Name)
			}
			slices.Sort(out[i].Items)
		}
	}
	return out
}

var sortNames = map[types.Sort]string{
	types.SortModule: "module", types.SortFunc: "func", types.SortValue: "value",
	types.SortType: "type", types.SortComponent: "component", types.SortInstance: "instance",
}
