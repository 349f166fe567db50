package types

import (
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
)

func (s *scope) coreInstance(n *binary.CoreInstance) {
	s.count(1)
	if n.Inline {
		s.coreExports(n.Exports)
		return
	}
	t := s.moduleAt(n.Module)
	args := map[string]map[string]CoreType{}
	step := &StepCoreInstantiate{Module: int(n.Module)}
	for _, a := range n.Args {
		if _, ok := args[a.Name]; ok {
			s.v.fail("duplicate module instantiation argument named `%s`", a.Name)
		}
		args[a.Name] = at(s, s.coreInstances, a.Instance, "core instance")
		step.Args = append(step.Args, CoreArg{a.Name, int(a.Instance)})
	}
	s.v.spend(len(t.Imports) + len(t.Exports))
	for _, i := range t.Imports {
		arg, ok := args[i.Module]
		if !ok {
			s.v.fail("missing module instantiation argument named `%s`", i.Module)
		}
		item, ok := arg[i.Name]
		if !ok {
			s.v.fail("module instantiation argument `%s` does not export an item named `%s`", i.Module, i.Name)
		}
		if err := s.v.coreSubtype(item, i.Type); err != nil {
			s.v.fail("type mismatch for export `%s` of module instantiation argument `%s`: %s", i.Name, i.Module, err)
		}
	}
	exports := make(map[string]CoreType, len(t.Exports))
	for _, e := range t.Exports {
		exports[e.Name] = e.Type
	}
	s.coreInstances = append(s.coreInstances, exports)
	s.step(step)
}

func (s *scope) coreExports(es []binary.CoreInlineExport) {
	exports := make(map[string]CoreType, len(es))
	step := &StepCoreExports{}
	for _, e := range es {
		if _, ok := exports[e.Name]; ok {
			s.v.fail("export name `%s` already defined", e.Name)
		}
		exports[e.Name] = s.coreAt(e.Kind, e.Index)
		step.Exports = append(step.Exports, CoreItem{e.Name, e.Kind, int(e.Index)})
	}
	s.coreInstances = append(s.coreInstances, exports)
	s.step(step)
}

func (s *scope) instance(n *binary.Instance) {
	if n.Inline {
		s.bundle(n.Exports)
		return
	}
	entry := at(s, s.components, n.Component, "component")
	if entry.def != nil {
		s.count(entry.def.Instances)
	} else {
		s.count(1)
	}
	args, items := map[string]ExternType{}, map[string]Item{}
	for _, a := range n.Args {
		if _, ok := args[a.Name]; ok {
			s.v.fail("instantiation argument `%s` conflicts with previous argument `%s`", a.Name, a.Name)
		}
		items[a.Name], args[a.Name] = s.item(a.Item)
	}
	sub, err := s.v.satisfy(args, entry.typ.Imports, "import")
	s.v.check(err)
	step := &StepInstantiate{Component: int(n.Component)}
	for _, i := range entry.typ.Imports {
		it := items[i.Name]
		it.Name = i.Name
		step.Args = append(step.Args, it)
	}
	step.Binds = s.open(sub, entry.typ.Exports)
	exports, _ := sub.externs(entry.typ.Exports)
	s.instances = append(s.instances, s.v.instanceType(exports))
	s.step(step)
}

// open makes a variable of this scope for each that the externs introduce, and
// adds it to the substitution.
func (s *scope) open(sub *subst, es []Extern) (binds []ResourceBind) {
	for _, b := range s.v.binders(es) {
		r := s.fresh(b.resource.Name)
		sub.resources[b.resource] = r
		binds = append(binds, ResourceBind{r, b.path})
	}
	return binds
}

// bundle makes an instance of items that exist already.
func (s *scope) bundle(es []binary.InlineExport) {
	list := newExternList("export")
	step := &StepExports{}
	for _, e := range es {
		it, t := s.item(e.Item)
		it.Name = e.Name.Name
		s.add1(&list, e.Name, t)
		step.Exports = append(step.Exports, it)
	}
	s.instances = append(s.instances, s.v.instanceType(list.externs))
	s.step(step)
}

func (s *scope) alias(n *binary.Alias) {
	if s.kind != inComponent {
		inType := n.Target != binary.AliasCoreExport && n.Sort == binary.SortType ||
			n.Target == binary.AliasExport && n.Sort == binary.SortInstance ||
			n.Target == binary.AliasOuter && n.Sort == binary.SortCore && n.Core == binary.CoreSortType
		if !inType {
			s.v.fail("aliases in a component or instance type may only refer to types or instances")
		}
	}
	switch n.Target {
	case binary.AliasExport:
		s.aliasExport(n)
	case binary.AliasCoreExport:
		s.aliasCoreExport(n)
	case binary.AliasOuter:
		s.aliasOuter(n)
	}
}

func (s *scope) aliasExport(n *binary.Alias) {
	t, ok := s.instanceAt(n.Instance).export(n.Name)
	if !ok {
		s.v.fail("instance %d has no export named `%s`", n.Instance, n.Name)
	}
	if want := sortOf(n.Sort); t.Sort != want {
		s.v.fail("export `%s` for instance %d is not a %s", n.Name, n.Instance, want)
	}
	s.add(t, nil)
	if s.out != nil {
		s.step(&StepAlias{Sort: t.Sort, Instance: int(n.Instance), Name: n.Name})
	}
}

// sortOf converts the sort of an item; core items are modules.
func sortOf(b binary.Sort) Sort {
	switch b {
	case binary.SortFunc:
		return SortFunc
	case binary.SortType:
		return SortType
	case binary.SortComponent:
		return SortComponent
	case binary.SortInstance:
		return SortInstance
	}
	return SortModule
}

func (s *scope) aliasCoreExport(n *binary.Alias) {
	kind := core.Kind(n.Core)
	t, ok := at(s, s.coreInstances, n.Instance, "core instance")[n.Name]
	if !ok {
		s.v.fail("core instance %d has no export named `%s`", n.Instance, n.Name)
	}
	if t.Kind != kind {
		s.v.fail("export `%s` for core instance %d is not a %s", n.Name, n.Instance, kindName(kind))
	}
	s.core[kind] = append(s.core[kind], t)
	s.step(&StepCoreAlias{Kind: kind, Instance: int(n.Instance), Name: n.Name})
}

func (s *scope) aliasOuter(n *binary.Alias) {
	outer := s.outer(n.Count)
	step := &StepOuter{Count: int(n.Count), Index: int(n.Index)}
	switch {
	case n.Sort == binary.SortType:
		t := outer.typeAt(n.Index)
		if s.crossesComponent(n.Count) && s.v.free(t) {
			s.v.fail("cannot alias an outer type which transitively refers to resources not defined in the current component")
		}
		s.types = append(s.types, t)
		step.Sort = SortType
	case n.Sort == binary.SortComponent:
		s.components = append(s.components, at(outer, outer.components, n.Index, "component"))
		step.Sort = SortComponent
	case n.Core == binary.CoreSortType:
		s.coreTypes = append(s.coreTypes, at(outer, outer.coreTypes, n.Index, "type"))
		return
	default:
		s.modules = append(s.modules, outer.moduleAt(n.Index))
		step.Sort = SortModule
	}
	if s.out != nil {
		s.step(step)
	}
}

// outer returns the scope count levels up.
func (s *scope) outer(count uint32) *scope {
	o := s
	for i := uint32(0); i < count; i++ {
		if o = o.parent; o == nil {
			s.v.fail("invalid outer alias count of %d", count)
		}
	}
	return o
}

// crossesComponent tells whether count levels up lead out of a component: no
// types lie around components.
func (s *scope) crossesComponent(count uint32) bool {
	o := s
	for i := uint32(0); i < count; i++ {
		if o.kind == inComponent {
			return true
		}
		o = o.parent
	}
	return false
}
