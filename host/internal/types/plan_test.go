package types

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
)

// TestPlans instantiates the plans of many components with symbols instead of
// values, and checks what a runtime relies on: that indices are in range, that
// every resource variable is bound before it is used, that binds lead to
// resources, and that a function which is lowered has, resource for resource,
// the type that the plan says.
func TestPlans(t *testing.T) {
	for name, b := range guests(t) {
		instantiateSymbols(t, name, mustValidate(t, b))
	}
}

// TestSpecPlans does the same with all valid components of the official tests.
func TestSpecPlans(t *testing.T) {
	dir := specDir(t)
	files, _ := filepath.Glob(filepath.Join(dir, "*", "*.wasm"))
	n := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeValidate(b); err == nil {
			instantiateSymbols(t, filepath.Base(f), mustValidate(t, b))
			n++
		}
	}
	if n < 200 {
		t.Errorf("only %d components of the suite are valid", n)
	}
}

// A symItem stands for an item at run time. An item of an imported component
// is opaque: what comes out of it is unknown.
type symItem struct {
	sort     Sort
	fn       *Func
	env      *symFrame // gives the resources of fn
	resource *symResource
	instance map[string]symItem
	comp     *Component
	parent   *symFrame
	opaque   bool
}

type symResource struct{ name string }

// A symFrame is a component instance in the making.
type symFrame struct {
	t      *testing.T
	name   string
	c      *Component
	parent *symFrame
	bound  []*symResource
	spaces map[Sort][]symItem
	core   [core.Tag + 1]int
	insts  int
}

func instantiateSymbols(t *testing.T, name string, c *Component) {
	f := &symFrame{t: t, name: name, c: c}
	f.run(nil)
}

func (f *symFrame) errorf(format string, args ...any) {
	f.t.Errorf("%s: %s", f.name, fmt.Sprintf(format, args...))
}

func (f *symFrame) at(s Sort, i int) symItem {
	if i < 0 || i >= len(f.spaces[s]) {
		f.t.Fatalf("%s: %s index %d out of range", f.name, s, i)
	}
	return f.spaces[s][i]
}

func (f *symFrame) coreAt(k core.Kind, i int) {
	if i < 0 || i >= f.core[k] {
		f.errorf("core %s index %d out of range", kindName(k), i)
	}
}

func (f *symFrame) add(it symItem) { f.spaces[it.sort] = append(f.spaces[it.sort], it) }

// resource returns what a variable is bound to.
func (f *symFrame) resource(r *Resource) *symResource {
	if r.Slot < 0 || r.Slot >= len(f.c.Resources) || f.c.Resources[r.Slot] != r {
		f.t.Fatalf("%s: resource %q in slot %d is not one of this component", f.name, r.Name, r.Slot)
	}
	if f.bound[r.Slot] == nil {
		f.t.Fatalf("%s: resource %q is used before it is bound", f.name, r.Name)
	}
	return f.bound[r.Slot]
}

func (f *symFrame) bind(r *Resource, to *symResource) {
	if f.c.Resources[r.Slot] != r || f.bound[r.Slot] != nil || to == nil {
		f.errorf("resource %q is bound twice or to nothing", r.Name)
	}
	f.bound[r.Slot] = to
}

// binds follows the binds of a step into the item it made.
func (f *symFrame) binds(bs []ResourceBind, it symItem) {
	for _, b := range bs {
		at, opaque := it, it.opaque
		for _, p := range b.Path {
			next, ok := at.instance[p]
			if !ok && !opaque {
				f.t.Fatalf("%s: path %v of resource %q leads nowhere", f.name, b.Path, b.Resource.Name)
			}
			at = next
		}
		if opaque {
			at.resource = &symResource{b.Resource.Name}
		}
		f.bind(b.Resource, at.resource)
	}
}

// run performs the steps and returns the exports.
func (f *symFrame) run(args map[string]symItem) map[string]symItem {
	f.bound = make([]*symResource, len(f.c.Resources))
	f.spaces = map[Sort][]symItem{}
	exports := map[string]symItem{}
	for _, st := range f.c.Steps {
		f.step(st, args, exports)
	}
	for _, e := range f.c.Exports {
		if it, ok := exports[e.Name]; !ok || it.sort != e.Type.Sort {
			f.errorf("export %q is missing or of another sort", e.Name)
		}
	}
	return exports
}

func (f *symFrame) step(st Step, args, exports map[string]symItem) {
	switch st := st.(type) {
	case *StepModule:
		f.add(symItem{sort: SortModule})
	case *StepCoreInstantiate:
		f.at(SortModule, st.Module)
		f.insts++
	case *StepCoreExports:
		for _, e := range st.Exports {
			f.coreAt(e.Kind, e.Index)
		}
		f.insts++
	case *StepCoreAlias:
		if st.Instance >= f.insts {
			f.errorf("core instance %d out of range", st.Instance)
		}
		f.core[st.Kind]++
	case *StepComponent:
		f.add(symItem{sort: SortComponent, comp: st.Component, parent: f})
	case *StepInstantiate:
		f.instantiate(st)
	case *StepExports:
		m := map[string]symItem{}
		for _, e := range st.Exports {
			m[e.Name] = f.at(e.Sort, e.Index)
		}
		f.add(symItem{sort: SortInstance, instance: m})
	case *StepAlias:
		in := f.at(SortInstance, st.Instance)
		it, ok := in.instance[st.Name]
		if in.opaque {
			it = symItem{sort: st.Sort, opaque: true}
		} else if !ok || it.sort != st.Sort {
			f.t.Fatalf("%s: alias of %q finds nothing of sort %s", f.name, st.Name, st.Sort)
		}
		f.add(it)
	case *StepOuter:
		o := f
		for range st.Count {
			o = o.parent
		}
		f.add(o.at(st.Sort, st.Index))
	case *StepType:
		it := symItem{sort: SortType}
		if st.Resource != nil {
			it.resource = &symResource{st.Resource.Name}
			f.bind(st.Resource, it.resource)
			if st.Dtor >= 0 {
				f.coreAt(core.Func, st.Dtor)
			}
		}
		f.add(it)
	case *StepImport:
		f.importStep(st, args)
	case *StepExport:
		it := f.at(st.Item.Sort, st.Item.Index)
		f.binds(st.Binds, it)
		f.add(it)
		exports[st.Name] = it
	default:
		f.canon(st)
	}
}

func (f *symFrame) canon(st Step) {
	options := func(o Options) {
		if o.Memory >= 0 {
			f.coreAt(core.Memory, o.Memory)
		}
		for _, i := range []int{o.Realloc, o.PostReturn, o.Callback} {
			if i >= 0 {
				f.coreAt(core.Func, i)
			}
		}
	}
	switch st := st.(type) {
	case *StepLift:
		f.coreAt(core.Func, st.CoreFunc)
		options(st.Options)
		f.add(symItem{sort: SortFunc, fn: st.Type, env: f})
	case *StepLower:
		fn := f.at(SortFunc, st.Func)
		if !fn.opaque {
			f.sameFunc(fn.fn, fn.env, st.Type)
		}
		options(st.Options)
		f.core[core.Func]++
	case *StepBuiltin:
		if st.Resource != nil {
			f.resource(st.Resource)
		}
		options(st.Options)
		f.core[core.Func]++
	default:
		f.errorf("unknown step %T", st)
	}
}

func (f *symFrame) instantiate(st *StepInstantiate) {
	c := f.at(SortComponent, st.Component)
	it := symItem{sort: SortInstance, opaque: c.opaque}
	if !c.opaque {
		args := map[string]symItem{}
		for _, a := range st.Args {
			args[a.Name] = f.at(a.Sort, a.Index)
		}
		inner := &symFrame{t: f.t, name: f.name, c: c.comp, parent: c.parent}
		it.instance = inner.run(args)
	}
	f.binds(st.Binds, it)
	f.add(it)
}

// importStep takes the argument; the root gets symbols of the right type.
func (f *symFrame) importStep(st *StepImport, args map[string]symItem) {
	if args == nil {
		for _, b := range st.Binds {
			f.bind(b.Resource, &symResource{b.Resource.Name})
		}
		f.add(f.invent(st.Extern.Type))
		return
	}
	it, ok := args[st.Extern.Name]
	if !ok || it.sort != st.Extern.Type.Sort {
		f.t.Fatalf("%s: no argument for import %q", f.name, st.Extern.Name)
	}
	f.binds(st.Binds, it)
	f.add(it)
}

func (f *symFrame) invent(t ExternType) symItem {
	it := symItem{sort: t.Sort, fn: t.Func, env: f}
	switch {
	case t.Sort == SortInstance:
		it.instance = map[string]symItem{}
		for _, e := range t.Instance.Exports {
			it.instance[e.Name] = f.invent(e.Type)
		}
	case t.Resource != nil:
		it.resource = f.resource(t.Resource)
	case t.Sort == SortComponent:
		it.opaque = true
	}
	return it
}

// sameFunc checks that a, whose resources env gives, is b here.
func (f *symFrame) sameFunc(a *Func, env *symFrame, b *Func) {
	if len(a.Params) != len(b.Params) || (a.Result == nil) != (b.Result == nil) || a.Async != b.Async {
		f.errorf("lowered %s as %s", a, b)
		return
	}
	for i := range a.Params {
		f.same(a.Params[i].Type, env, b.Params[i].Type)
	}
	f.same(a.Result, env, b.Result)
}

func (f *symFrame) same(a *Type, env *symFrame, b *Type) {
	if a == nil {
		return
	}
	if a.Kind != b.Kind || a.Size != b.Size {
		f.errorf("%s is lowered as %s", a, b)
		return
	}
	if a.Resource != nil && env.resource(a.Resource) != f.resource(b.Resource) {
		f.errorf("resource %s is lowered as another resource %s", a, b)
	}
	var bs []*Type
	b.children(func(c *Type) { bs = append(bs, c) })
	a.children(func(c *Type) { f.same(c, env, bs[0]); bs = bs[1:] })
}
