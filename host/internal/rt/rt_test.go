package rt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// plan builds the plan of a component with one scripted core module.
type plan struct {
	steps   []types.Step
	modules map[*types.StepModule]core.Module
	nfuncs  int // core functions so far
}

func newPlan() *plan { return &plan{modules: map[*types.StepModule]core.Module{}} }

func (p *plan) add(s ...types.Step) { p.steps = append(p.steps, s...) }

// core adds a core function made of a step and returns its index.
func (p *plan) core(s types.Step) int {
	p.add(s)
	p.nfuncs++
	return p.nfuncs - 1
}

var (
	noOptions = types.Options{Memory: -1, Realloc: -1, PostReturn: -1, Callback: -1}
	u32       = types.Primitive(types.U32)
	i32s      = func(n int) []core.ValType { return slices.Repeat([]core.ValType{core.I32}, n) }
)

// module adds a module that imports the core functions so far as "f" "0", …
// and exports scripted functions, and aliases those exports.
func (p *plan) module(exports map[string]guest, aliases ...string) {
	n := p.nfuncs
	m := &module{exports: func(s *scripted, imports []core.Extern) map[string]core.Extern {
		items := map[string]core.Extern{"mem": &scriptedExtern{kind: core.Memory, mem: s}}
		for name, code := range exports {
			items[name] = &scriptedExtern{kind: core.Func, code: bindImports(code, imports)}
		}
		return items
	}}
	bundle := &types.StepCoreExports{}
	for i := range n {
		name := fmt.Sprint(i)
		m.imports = append(m.imports, core.Import{Module: "f", Name: name, Kind: core.Func})
		bundle.Exports = append(bundle.Exports, types.CoreItem{Name: name, Kind: core.Func, Index: i})
	}
	st := &types.StepModule{}
	p.modules[st] = m
	p.add(st, bundle, &types.StepCoreInstantiate{Module: 0, Args: []types.CoreArg{{Name: "f", Instance: 0}}})
	p.add(&types.StepCoreAlias{Kind: core.Memory, Instance: 1, Name: "mem"})
	for _, a := range aliases {
		p.core(&types.StepCoreAlias{Kind: core.Func, Instance: 1, Name: a})
	}
}

// imported is how scripted code reaches its imports: by their index.
type imported struct{ n int }

func (imported) Kind() core.Kind                     { return core.Func }
func (imported) FuncType() (t core.FuncType, b bool) { return }
func (imported) Bytes() []byte                       { return nil }
func (imported) Exchange(uint64) uint64              { return 0 }

func bindImports(code guest, imports []core.Extern) guest {
	return func(call func(core.Extern, ...uint64) uint64, args []uint64) (uint64, error) {
		return code(func(x core.Extern, a ...uint64) uint64 {
			if i, ok := x.(imported); ok {
				x = imports[i.n]
			}
			return call(x, a...)
		}, args)
	}
}

func (p *plan) component(resources ...*types.Resource) *Component {
	p.modules[ContextSlots] = contextModule
	return &Component{Plan: &types.Component{Steps: p.steps, Resources: resources}, Modules: p.modules}
}

type hostFunc func(s *Store, cx *abi.Context, flat []uint64) (uint64, error)

func (f hostFunc) Call(s *Store, cx *abi.Context, _, _ int, flat []uint64) (uint64, error) {
	return f(s, cx, flat)
}

// flatCallee calls with raw arguments and keeps the raw results.
type flatCallee struct{ args, results []uint64 }

func (c *flatCallee) Lower(*abi.Context) ([]uint64, error) { return c.args, nil }
func (c *flatCallee) Lift(_ *abi.Context, _ int, r []uint64) error {
	c.results = slices.Clone(r)
	return nil
}

func (c *flatCallee) Resolve(bool) error { return nil }

func call(t *testing.T, s *Store, in *Instance, name string, args ...uint64) ([]uint64, error) {
	t.Helper()
	c := &flatCallee{args: args}
	err := s.Invoke(context.Background(), in.Exports().Items[name].(*Func), c, nil)
	return c.results, err
}

func wantTrap(t *testing.T, err error, text string) {
	t.Helper()
	var trap *Trap
	if !errors.As(err, &trap) || !strings.Contains(err.Error(), text) {
		t.Fatalf("got %v, want a trap about %q", err, text)
	}
}

func newStore() *Store { return NewStore(&scripted{memory: make([]byte, 1024)}, Limits{}) }

// dropped is a host resource that records what is dropped.
type dropped struct{ reps []uint32 }

func (d *dropped) Drop(s *Store, rep uint32) error {
	d.reps = append(d.reps, rep)
	return nil
}

// resourcePlan is a component that defines a resource with a destructor and
// exports functions for what its guest may do with it.
func resourcePlan(dtor *[]uint64) *Component {
	r := &types.Resource{Name: "r"}
	p := newPlan()
	drop := p.core(&types.StepCoreAlias{Kind: core.Func, Instance: 0, Name: "dtor"})
	destructor := &module{exports: func(*scripted, []core.Extern) map[string]core.Extern {
		return map[string]core.Extern{"dtor": &scriptedExtern{kind: core.Func, code: func(_ func(core.Extern, ...uint64) uint64, a []uint64) (uint64, error) {
			*dtor = append(*dtor, a[0])
			return 0, nil
		}}}
	}}
	st := &types.StepModule{}
	p.modules[st] = destructor
	alias := p.steps
	p.steps = []types.Step{st, &types.StepCoreInstantiate{Module: 0}}
	p.add(alias...)
	p.add(&types.StepType{Resource: r, Dtor: drop})
	builtin := func(op binary.CanonOp, params, results int) {
		p.core(&types.StepBuiltin{Op: op, Resource: r, Options: noOptions, Core: core.FuncType{Params: i32s(params), Results: i32s(results)}})
	}
	builtin(binary.CanonResourceNew, 1, 1)
	builtin(binary.CanonResourceRep, 1, 1)
	builtin(binary.CanonResourceDrop, 1, 0)
	lib := &types.StepModule{}
	p.modules[lib] = &module{
		imports: []core.Import{{Module: "f", Name: "new"}, {Module: "f", Name: "rep"}, {Module: "f", Name: "drop"}},
		exports: func(_ *scripted, im []core.Extern) map[string]core.Extern {
			one := func(i int) core.Extern {
				return &scriptedExtern{kind: core.Func, code: func(call func(core.Extern, ...uint64) uint64, a []uint64) (uint64, error) {
					return call(im[i], a...), nil
				}}
			}
			return map[string]core.Extern{"new": one(0), "rep": one(1), "drop": one(2)}
		},
	}
	p.add(lib,
		&types.StepCoreExports{Exports: []types.CoreItem{{Name: "new", Index: drop + 1}, {Name: "rep", Index: drop + 2}, {Name: "drop", Index: drop + 3}}},
		&types.StepCoreInstantiate{Module: 1, Args: []types.CoreArg{{Name: "f", Instance: 1}}})
	f := &types.Func{Params: []types.Field{{Name: "x", Type: u32}}, Result: u32}
	for i, name := range []string{"new", "rep", "drop"} {
		c := p.core(&types.StepCoreAlias{Kind: core.Func, Instance: 2, Name: name})
		p.add(&types.StepLift{Type: f, CoreFunc: c, Options: noOptions})
		p.add(&types.StepExport{Name: name, Item: types.Item{Sort: types.SortFunc, Index: 2 * i}})
	}
	return p.component(r)
}

func TestGuestResource(t *testing.T) {
	var dtor []uint64
	s := newStore()
	defer s.Close()
	in, err := s.Instantiate(context.Background(), resourcePlan(&dtor), nil)
	if err != nil {
		t.Fatal(err)
	}
	must := func(name string, arg, want uint64) {
		t.Helper()
		got, err := call(t, s, in, name, arg)
		if err != nil || got[0] != want {
			t.Fatalf("%s(%d) = %v, %v; want %d", name, arg, got, err, want)
		}
	}
	must("new", 70, 1) // index 0 is never used
	must("new", 71, 2)
	must("rep", 2, 71)
	must("drop", 1, 0)
	must("new", 72, 1) // freed indices are reused last in, first out
	must("rep", 1, 72)
	if !slices.Equal(dtor, []uint64{70}) {
		t.Fatalf("destructor saw %v, want [70]", dtor)
	}
	_, err = call(t, s, in, "drop", 9)
	wantTrap(t, err, "unknown handle index 9")
	_, err = call(t, s, in, "new", 1)
	wantTrap(t, err, "cannot enter component instance")
}

func TestHostCallBorrowsAndReentrance(t *testing.T) {
	s := newStore()
	defer s.Close()
	d := &dropped{}
	typ := &ResourceType{Name: "stream", Host: d}
	r := &types.Resource{Name: "stream"}
	p := newPlan()
	p.add(&types.StepImport{Extern: types.Extern{Name: "stream", Type: types.ExternType{Sort: types.SortType}}, Binds: []types.ResourceBind{{Resource: r}}})
	f := &types.Func{Params: []types.Field{{Name: "self", Type: types.NewBorrow(r)}}, Result: u32}
	p.add(&types.StepImport{Extern: types.Extern{Name: "f", Type: types.ExternType{Sort: types.SortFunc}}})
	p.core(&types.StepLower{Type: f, Func: 0, Options: noOptions, Core: core.FuncType{Params: i32s(1), Results: i32s(1)}})
	p.core(&types.StepBuiltin{Op: binary.CanonResourceDrop, Resource: r, Options: noOptions, Core: core.FuncType{Params: i32s(1)}})
	p.module(map[string]guest{"run": func(call func(core.Extern, ...uint64) uint64, a []uint64) (uint64, error) {
		v := call(imported{0}, a[0])
		call(imported{1}, a[0])
		return v, nil
	}}, "run")
	p.add(&types.StepLift{Type: f, CoreFunc: 2, Options: noOptions}, &types.StepExport{Name: "run", Item: types.Item{Sort: types.SortFunc, Index: 1}})

	var in *Instance
	var seen abi.Ref
	var nested error
	imports := map[string]any{"stream": typ, "f": &Func{Resources: []*ResourceType{typ}, Host: hostFunc(func(s *Store, cx *abi.Context, flat []uint64) (v uint64, err error) {
		if seen, err = cx.Handles.LiftBorrow(r, uint32(flat[0])); err != nil {
			return 0, err
		}
		// While the handle is lent it cannot be given away, and the guest that
		// called cannot be entered again.
		if _, err := cx.Handles.LiftOwn(r, uint32(flat[0])); err == nil {
			return 0, errors.New("a lent handle was given away")
		}
		if !in.mayEnter {
			nested = trapf("instance is entered")
		}
		return 5, nil
	})}}
	in, err := s.Instantiate(context.Background(), p.component(r), imports)
	if err != nil {
		t.Fatal(err)
	}
	rep := s.Put(typ, "value")
	h, err := newScope(in, &options{}, nil).LowerOwn(r, abi.Ref{Type: typ, Rep: rep})
	if err != nil {
		t.Fatal(err)
	}
	got, err := call(t, s, in, "run", uint64(h))
	if err != nil || got[0] != 5 || seen.Rep != rep || nested == nil {
		t.Fatalf("run = %v, %v; saw %v, nested %v", got, err, seen, nested)
	}
	if !slices.Equal(d.reps, []uint32{rep}) {
		t.Fatalf("dropped %v, want [%d]", d.reps, rep)
	}
}

func TestReallocMayNotCallOut(t *testing.T) {
	s := newStore()
	defer s.Close()
	p := newPlan()
	f := &types.Func{Params: []types.Field{{Name: "s", Type: types.Primitive(types.String)}}}
	p.add(&types.StepImport{Extern: types.Extern{Name: "f", Type: types.ExternType{Sort: types.SortFunc}}})
	p.core(&types.StepLower{Type: &types.Func{}, Func: 0, Options: noOptions})
	p.module(map[string]guest{
		"run": func(func(core.Extern, ...uint64) uint64, []uint64) (uint64, error) { return 0, nil },
		"realloc": func(call func(core.Extern, ...uint64) uint64, _ []uint64) (uint64, error) {
			return call(imported{0}), nil
		},
	}, "run", "realloc")
	o := noOptions
	o.Memory, o.Realloc = 0, 2
	p.add(&types.StepLift{Type: f, CoreFunc: 1, Options: o}, &types.StepExport{Name: "run", Item: types.Item{Sort: types.SortFunc, Index: 1}})
	called := false
	in, err := s.Instantiate(context.Background(), p.component(), map[string]any{"f": &Func{Host: hostFunc(func(*Store, *abi.Context, []uint64) (uint64, error) {
		called = true
		return 0, nil
	})}})
	if err != nil {
		t.Fatal(err)
	}
	err = s.Invoke(context.Background(), in.Exports().Items["run"].(*Func), lowerString("hello"), nil)
	wantTrap(t, err, "cannot leave component instance")
	if called {
		t.Fatal("the host function ran")
	}
}

type lowerString string

func (l lowerString) Lower(cx *abi.Context) ([]uint64, error) {
	return abi.LowerValues(cx, types.MaxFlat, types.NewTuple(types.Primitive(types.String)), []abi.Value{string(l)}, nil, nil)
}
func (l lowerString) Resolve(bool) error                     { return nil }
func (l lowerString) Lift(*abi.Context, int, []uint64) error { return nil }

func TestCloseDropsLastFirst(t *testing.T) {
	s := newStore()
	var order []string
	typ := &ResourceType{Name: "x"}
	typ.Host = dropFunc(func(s *Store, rep uint32) error {
		v, err := s.Take(typ, rep)
		order = append(order, v.(string))
		return err
	})
	for _, v := range []string{"a", "b", "c"} {
		s.Put(typ, v)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, ""); got != "cba" {
		t.Fatalf("dropped in order %q, want cba", got)
	}
}

type dropFunc func(*Store, uint32) error

func (f dropFunc) Drop(s *Store, rep uint32) error { return f(s, rep) }

// TestChannelOfAnotherComponent: a host function speaks in the resource
// variables of the component that imported it, also to one nested in that.
func TestChannelOfAnotherComponent(t *testing.T) {
	mine, other := &ResourceType{Name: "mine"}, &ResourceType{Name: "other"}
	in := &Instance{resources: []*ResourceType{other, mine}, handles: table[any]{used: new(int), limit: 10, what: "handle"}}
	channelOf := func(slot int) *types.Type {
		own := &types.Type{Kind: types.Own, Resource: &types.Resource{Slot: slot}}
		return &types.Type{Kind: types.Stream, Elem: own}
	}
	host := &scope{inst: in, types: []*ResourceType{mine}}
	given := channelOf(0)
	i, err := host.LowerChannel(given, &stream{t: given.Elem})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.endOf(channelOf(0), in.resources, false, i); err == nil {
		t.Error("a stream of one resource was taken for one of another")
	}
	for range 2 {
		if _, err := in.endOf(channelOf(1), in.resources, false, i); err != nil {
			t.Error(err)
		}
	}
	if _, err := host.LiftChannel(given, i); err != nil {
		t.Errorf("given back: %v", err)
	}
}
