package rt

import (
	"context"
	"fmt"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// Instantiate instantiates a component on its imports, by name. An import is
// an item as Exports holds them.
func (s *Store) Instantiate(ctx context.Context, c *Component, imports map[string]any) (in *Instance, err error) {
	err = s.begin(ctx, func() error {
		in, err = s.instantiate(&Closure{plan: c.Plan, modules: c.Modules}, imports)
		return err
	})
	if err != nil {
		return nil, err
	}
	return in, nil
}

func (s *Store) instantiate(c *Closure, imports map[string]any) (*Instance, error) {
	in, err := s.newInstance(c, imports)
	if err != nil {
		return nil, err
	}
	for _, st := range c.plan.Steps {
		if err := s.spend(cost(st)); err != nil {
			return nil, err
		}
		if err := in.step(st); err != nil {
			return nil, err
		}
	}
	return in, nil
}

// spend takes n steps from what the store may take.
func (s *Store) spend(n int) error {
	if s.steps += n; s.steps > maxSteps {
		return fmt.Errorf("too many steps of instantiation: limit of %d", maxSteps)
	}
	return s.stopped()
}

// cost is how many steps a step counts for: one, and one for each item of a list.
func cost(st types.Step) int {
	switch st := st.(type) {
	case *types.StepCoreInstantiate:
		return 1 + len(st.Args)
	case *types.StepCoreExports:
		return 1 + len(st.Exports)
	case *types.StepInstantiate:
		return 1 + len(st.Args) + len(st.Binds)
	case *types.StepExports:
		return 1 + len(st.Exports)
	case *types.StepImport:
		return 1 + len(st.Binds)
	case *types.StepExport:
		return 1 + len(st.Binds)
	}
	return 1
}

func (in *Instance) step(st types.Step) error {
	switch st := st.(type) {
	case *types.StepModule:
		in.coreModules = append(in.coreModules, &Module{in.modules[st]})
	case *types.StepCoreInstantiate:
		return in.coreInstantiate(st)
	case *types.StepCoreExports:
		b := make(coreBundle, len(st.Exports))
		for _, e := range st.Exports {
			b[e.Name] = in.coreItems[e.Kind][e.Index]
		}
		in.coreInstances = append(in.coreInstances, b)
	case *types.StepCoreAlias:
		x := in.coreInstances[st.Instance].Export(st.Name)
		if x == nil || x.Kind() != st.Kind {
			return fmt.Errorf("core instance %d has no such export %q", st.Instance, st.Name)
		}
		in.coreItems[st.Kind] = append(in.coreItems[st.Kind], x)
	case *types.StepComponent:
		in.components = append(in.components, &Closure{st.Component, in.modules, in})
	case *types.StepInstantiate:
		return in.instantiateNested(st)
	case *types.StepExports:
		e := &Exports{Items: make(map[string]any, len(st.Exports))}
		for _, it := range st.Exports {
			e.Items[it.Name] = in.item(it.Sort, it.Index)
		}
		in.instances = append(in.instances, e)
	case *types.StepAlias:
		in.push(st.Sort, in.instances[st.Instance].Items[st.Name])
	case *types.StepOuter:
		up := in
		for range st.Count {
			up = up.parent
		}
		in.push(st.Sort, up.item(st.Sort, st.Index))
	case *types.StepType:
		in.defineType(st)
	case *types.StepImport:
		item, ok := in.imports[st.Extern.Name]
		if !ok {
			return fmt.Errorf("missing import %q", st.Extern.Name)
		}
		in.push(st.Extern.Type.Sort, item)
		return in.bind(item, st.Binds)
	case *types.StepExport:
		item := in.item(st.Item.Sort, st.Item.Index)
		in.exports.Items[st.Name] = item
		in.push(st.Item.Sort, item)
		return in.bind(item, st.Binds)
	case *types.StepLift:
		in.funcs = append(in.funcs, &Func{Type: st.Type, inst: in, core: in.coreItems[core.Func][st.CoreFunc], opts: in.options(&st.Options)})
	case *types.StepLower:
		return in.pushCoreFunc(in.lower(in.funcs[st.Func], st))
	case *types.StepBuiltin:
		return in.pushCoreFunc(in.builtin(st))
	default:
		return fmt.Errorf("rt: unknown step %T", st)
	}
	return nil
}

func (in *Instance) pushCoreFunc(x core.Extern, err error) error {
	if err == nil {
		in.coreItems[core.Func] = append(in.coreItems[core.Func], x)
	}
	return err
}

func (in *Instance) coreInstantiate(st *types.StepCoreInstantiate) error {
	args := make(map[string]coreExports, len(st.Args))
	for _, a := range st.Args {
		args[a.Name] = in.coreInstances[a.Instance]
	}
	m := in.coreModules[st.Module].core
	wants := m.Imports()
	imports := make([]core.Extern, len(wants))
	for i, w := range wants {
		from := args[w.Module]
		if from == nil {
			return fmt.Errorf("core module lacks its import %q", w.Module)
		}
		if imports[i] = from.Export(w.Name); imports[i] == nil {
			return fmt.Errorf("core module lacks its import %q %q", w.Module, w.Name)
		}
	}
	f, err := in.store.core.Instantiate(m, imports)
	if err != nil {
		return err
	}
	defer f.Close()
	defer in.store.onFreshThread()() // start functions run outside of any task
	if err := in.store.run(f); err != nil {
		return err
	}
	in.coreInstances = append(in.coreInstances, f.Instance())
	return nil
}

func (in *Instance) instantiateNested(st *types.StepInstantiate) error {
	args := make(map[string]any, len(st.Args))
	for _, a := range st.Args {
		args[a.Name] = in.item(a.Sort, a.Index)
	}
	nested, err := in.store.instantiate(in.components[st.Component], args)
	if err != nil {
		return err
	}
	in.instances = append(in.instances, &nested.exports)
	return in.bind(&nested.exports, st.Binds)
}

func (in *Instance) defineType(st *types.StepType) {
	if st.Resource == nil {
		in.types = append(in.types, nil)
		return
	}
	t := &ResourceType{Name: st.Resource.Name, impl: in}
	if st.Dtor >= 0 {
		t.dtor = in.coreItems[core.Func][st.Dtor]
	}
	in.types = append(in.types, t)
	in.resources[st.Resource.Slot] = t
}

// bind gives resource variables the types found in item.
func (in *Instance) bind(item any, binds []types.ResourceBind) error {
	for _, b := range binds {
		at := item
		for _, name := range b.Path {
			e, ok := at.(*Exports)
			if !ok {
				return fmt.Errorf("rt: no instance on the path to resource %q", b.Resource.Name)
			}
			at = e.Items[name]
		}
		t, ok := at.(*ResourceType)
		if !ok {
			return fmt.Errorf("rt: no resource type for %q", b.Resource.Name)
		}
		in.resources[b.Resource.Slot] = t
	}
	return nil
}

// item returns an entry of an index space as a value.
func (in *Instance) item(s types.Sort, i int) any {
	switch s {
	case types.SortModule:
		return in.coreModules[i]
	case types.SortFunc:
		return in.funcs[i]
	case types.SortComponent:
		return in.components[i]
	case types.SortInstance:
		return in.instances[i]
	case types.SortType:
		if t := in.types[i]; t != nil {
			return t
		}
	}
	return nil
}

// push appends a value to the index space of its sort.
func (in *Instance) push(s types.Sort, item any) {
	switch s {
	case types.SortModule:
		in.coreModules = append(in.coreModules, item.(*Module))
	case types.SortFunc:
		in.funcs = append(in.funcs, item.(*Func))
	case types.SortComponent:
		in.components = append(in.components, item.(*Closure))
	case types.SortInstance:
		in.instances = append(in.instances, item.(*Exports))
	case types.SortType:
		t, _ := item.(*ResourceType)
		in.types = append(in.types, t)
	}
}

func (in *Instance) options(o *types.Options) options {
	pick := func(k core.Kind, i int) core.Extern {
		if i < 0 {
			return nil
		}
		return in.coreItems[k][i]
	}
	return options{
		encoding:   o.Encoding,
		memory:     pick(core.Memory, o.Memory),
		realloc:    pick(core.Func, o.Realloc),
		postReturn: pick(core.Func, o.PostReturn),
		callback:   pick(core.Func, o.Callback),
		async:      o.Async,
	}
}
