package types

import (
	"fmt"
	"maps"

	"github.com/wasitls/wasitls/host/internal/binary"
)

// externList collects the imports or the exports of a scope, under the rules
// for their names.
type externList struct {
	what    string // "import" or "export"
	externs []Extern
	names   map[string]string // unique form to name
	// resources are the names of the resources in the list, methods those
	// that a label stands for.
	resources map[string]bool
	labels    map[*label]string
	// visible are the labels and nominal types that types of externs of this
	// list may refer to.
	visible map[any]bool
}

func newExternList(what string) externList {
	return externList{
		what: what, names: map[string]string{}, resources: map[string]bool{},
		labels: map[*label]string{}, visible: map[any]bool{},
	}
}

// measure is the effective size of an instance or component type, and its depth.
type measure struct{ size, depth int }

func (v *validator) measure(lists ...[]Extern) (m measure) {
	m.depth = 1
	for _, es := range lists {
		v.spend(len(es))
		for _, e := range es {
			n := e.Type.measure()
			m.size = min(m.size+1+n.size, maxWeight)
			m.depth = max(m.depth, n.depth+1)
		}
	}
	v.within(m)
	return m
}

func (v *validator) within(m measure) {
	if m.size > MaxWeight {
		v.fail("effective type size exceeds the limit of %d", MaxWeight)
	}
	if m.depth > MaxDepth {
		v.fail("type nesting exceeds the limit of %d", MaxDepth)
	}
}

func (e ExternType) measure() (m measure) {
	switch {
	case e.Value != nil:
		return measure{e.Value.Weight, e.Value.Depth}
	case e.Func != nil:
		return e.Func.measure()
	case e.Instance != nil:
		return e.Instance.measure
	case e.Component != nil:
		return e.Component.measure
	case e.Module != nil:
		return measure{len(e.Module.Imports) + len(e.Module.Exports), 1}
	}
	return measure{1, 1}
}

func (f *Func) measure() measure {
	m := measure{1, 1}
	add := func(t *Type) {
		m.size = min(m.size+t.Weight, maxWeight)
		m.depth = max(m.depth, t.Depth+1)
	}
	for _, p := range f.Params {
		add(p.Type)
	}
	if f.Result != nil {
		add(f.Result)
	}
	return m
}

func (v *validator) instanceType(exports []Extern) *InstanceType {
	return newInstanceType(exports, v.measure(exports))
}

func newInstanceType(exports []Extern, m measure) *InstanceType {
	t := &InstanceType{Exports: exports, measure: m}
	if len(exports) > 8 {
		t.index = make(map[string]int, len(exports))
		for i, e := range exports {
			t.index[e.Name] = i
		}
	}
	return t
}

// export finds the export of that name.
func (t *InstanceType) export(name string) (ExternType, bool) {
	if t.index != nil {
		i, ok := t.index[name]
		if !ok {
			return ExternType{}, false
		}
		return t.Exports[i].Type, true
	}
	for _, e := range t.Exports {
		if e.Name == name {
			return e.Type, true
		}
	}
	return ExternType{}, false
}

// externType resolves the type of an import or export. A `sub resource` makes
// a variable of this scope.
func (s *scope) externType(t binary.ExternType, name string) ExternType {
	switch t.Sort {
	case binary.SortCore:
		ct := at(s, s.coreTypes, t.Index, "type")
		if ct.module == nil {
			s.v.fail("core type index %d is not a module type", t.Index)
		}
		return ExternType{Sort: SortModule, Module: ct.module}
	case binary.SortFunc:
		return ExternType{Sort: SortFunc, Func: s.funcTypeAt(t.Index)}
	case binary.SortComponent:
		ct := s.typeAt(t.Index).Component
		if ct == nil {
			s.v.fail("type index %d is not a component type", t.Index)
		}
		return ExternType{Sort: SortComponent, Component: ct}
	case binary.SortInstance:
		it := s.typeAt(t.Index).Instance
		if it == nil {
			s.v.fail("type index %d is not an instance type", t.Index)
		}
		return ExternType{Sort: SortInstance, Instance: it}
	}
	if t.Fresh {
		return ExternType{Sort: SortType, Fresh: true, Resource: s.fresh(name), label: new(label)}
	}
	return s.typeAt(t.Index).renamed(name)
}

// renamed is the type under a new name: rules of visibility tell it from the
// type it is equal to.
func (e ExternType) renamed(name string) ExternType {
	e.Fresh = false
	if e.Resource != nil {
		e.label = new(label)
	}
	if e.Value != nil && e.Value.nominal() {
		t := *e.Value
		t.Name = name
		e.Value = &t
	}
	return e
}

// nominal tells whether values of the type need a named type outside.
func (t *Type) nominal() bool {
	switch t.Kind {
	case Record, Variant, Enum, Flags:
		return true
	}
	return false
}

// ascribe opens the type of an import, or of an export declaration: the
// variables that an instance introduces become variables of this scope.
func (s *scope) ascribe(t ExternType) (ExternType, []ResourceBind) {
	switch {
	case t.Sort == SortType && t.Fresh:
		return t, []ResourceBind{{Resource: t.Resource}}
	case t.Sort == SortInstance:
		sub := s.v.newSubst()
		binds := s.open(sub, t.Instance.Exports)
		t.Instance = sub.instance(t.Instance)
		return t, binds
	}
	return t, nil
}

func (s *scope) importDef(n *binary.Import) {
	t, binds := s.ascribe(s.externType(n.Type, n.Name.Name))
	for _, b := range binds {
		s.imported[b.Resource] = true
	}
	s.add(t, nil)
	s.addExtern(&s.imports, n.Name, t)
	if s.out != nil {
		s.step(&StepImport{Extern: s.imports.externs[len(s.imports.externs)-1], Binds: binds})
	}
}

func (s *scope) exportDecl(n *binary.ExportDecl) {
	t, _ := s.ascribe(s.externType(n.Type, n.Name.Name))
	s.add(t, nil)
	s.addExtern(&s.exports, n.Name, t)
}

func (s *scope) export(n *binary.Export) {
	item, t := s.item(n.Item)
	item.Name = n.Name.Name
	step := &StepExport{Name: item.Name, Item: item}
	if n.Type != nil {
		ascribed := s.externType(*n.Type, n.Name.Name)
		if err := s.v.ascribable(t, ascribed); err != nil {
			s.v.fail("ascribed type of export `%s` is not compatible with item's type: %s", n.Name.Name, err)
		}
		t, step.Binds = s.ascribe(ascribed)
	} else if t.Sort == SortType {
		t = t.renamed(n.Name.Name)
	}
	if s.local[t.Resource] {
		t.Resource.Name = n.Name.Name
	}
	var def *Component
	if t.Sort == SortComponent {
		def = s.components[n.Item.Index].def
	}
	s.add(t, def)
	s.addExtern(&s.exports, n.Name, t)
	s.step(step)
}

// ascribable checks that an item of type a can be exported as a b.
func (v *validator) ascribable(a, b ExternType) error {
	if b.Sort == SortType && b.Fresh {
		if a.Sort == SortType && a.Resource == nil {
			return fmt.Errorf("expected resource, found %s", a.typeKind())
		}
		if a.Sort == SortType {
			return nil
		}
	}
	return v.subtype(a, b)
}

// addExtern checks the visibility of a type and adds it under its name.
func (s *scope) addExtern(l *externList, name binary.ExternName, t ExternType) {
	if t.Sort == SortType && t.Resource != nil {
		l.resources[name.Name] = true
		l.labels[t.label] = name.Name
	}
	if !s.visible(l, t) {
		s.v.fail("%s not valid to be used as %s: `%s` refers to a type that has no name there", t.Sort, l.what, name.Name)
	}
	s.add1(l, name, t)
}

// add1 checks a name and adds the extern to the list.
func (s *scope) add1(l *externList, name binary.ExternName, t ExternType) {
	s.v.spend(1)
	e := Extern{Name: name.Name, Type: t}
	n, err := parseExternName(name.Name)
	if err != nil {
		s.v.fail("%s name `%s` is not a valid extern name: %s", l.what, name.Name, err)
	}
	s.v.check(e.attributes(name, n))
	if err := l.checkAnnotation(n, t); err != nil {
		s.v.fail("%s name `%s` is not valid: %s", l.what, name.Name, err)
	}
	key := unique(name.Name)
	if prev, ok := l.names[key]; ok {
		s.v.fail("%s name `%s` conflicts with previous name `%s`", l.what, name.Name, prev)
	}
	l.names[key] = name.Name
	l.externs = append(l.externs, e)
}

// attributes checks and sets the attributes of an extern.
func (e *Extern) attributes(name binary.ExternName, n externName) error {
	if name.Repeated != "" {
		return fmt.Errorf("duplicate '%s' option in name", name.Repeated)
	}
	var a Attributes
	if name.Implements != nil {
		a.Implements = *name.Implements
		if err := e.checkImplements(a.Implements, n); err != nil {
			return err
		}
	}
	if name.VersionSuffix != nil {
		a.VersionSuffix = *name.VersionSuffix
		if n.kind != nameInterface || !isCanonicalVersion(n.version) {
			return fmt.Errorf("`versionsuffix` needs a name with a canonical version, not `%s`", e.Name)
		}
		if err := checkSemver(n.version + a.VersionSuffix); err != nil {
			return err
		}
	}
	if name.ExternalID != nil {
		a.ExternalID = *name.ExternalID
	}
	if a != (Attributes{}) {
		e.Attributes = &a
	}
	return nil
}

func (e *Extern) checkImplements(iface string, n externName) error {
	if n.kind != nameLabel {
		return fmt.Errorf("name `%s` is not valid with `implements`", e.Name)
	}
	if e.Type.Sort != SortInstance {
		return fmt.Errorf("only instances can have an `implements`")
	}
	in, err := parseExternName(iface)
	if err != nil {
		return fmt.Errorf("`%s` is not a valid name: %w", iface, err)
	}
	if in.kind != nameInterface {
		return fmt.Errorf("name `%s` must be an interface", iface)
	}
	return nil
}

// checkAnnotation checks that a constructor, method or static function has a
// fitting type and belongs to a resource of the list.
func (l *externList) checkAnnotation(n externName, t ExternType) error {
	if n.resource == "" {
		return nil
	}
	if t.Sort != SortFunc {
		return fmt.Errorf("item is not a func")
	}
	switch n.kind {
	case nameConstructor:
		return l.checkConstructor(n, t.Func)
	case nameMethod:
		return l.checkMethod(n, t.Func)
	}
	if !l.resources[n.resource] {
		return fmt.Errorf("static resource name is not known in this context")
	}
	return nil
}

func (l *externList) checkConstructor(n externName, f *Func) error {
	if f.Async {
		return fmt.Errorf("constructor function cannot be async")
	}
	if f.Result == nil {
		return fmt.Errorf("function should return one value")
	}
	own := f.Result
	if own.Kind == Result {
		own = own.Ok
	}
	if own == nil || own.Kind != Own {
		return fmt.Errorf("function should return `(own $T)` or `(result (own $T))`")
	}
	return l.checkResource(n, own)
}

func (l *externList) checkMethod(n externName, f *Func) error {
	switch {
	case len(f.Params) == 0:
		return fmt.Errorf("function should have at least one argument")
	case f.Params[0].Name != "self":
		return fmt.Errorf("function should have a first argument called `self`")
	case f.Params[0].Type.Kind != Borrow:
		return fmt.Errorf("function should take a first argument of `(borrow $T)`")
	}
	return l.checkResource(n, f.Params[0].Type)
}

// checkResource checks that the handle is of the resource that n belongs to.
func (l *externList) checkResource(n externName, handle *Type) error {
	name, ok := l.labels[handle.label]
	if !ok {
		return fmt.Errorf("resource used in function does not have a name in this context")
	}
	if name != n.resource {
		return fmt.Errorf("function does not match expected resource name `%s`", name)
	}
	return nil
}

// visible checks that the type of an extern refers only to named types, and
// makes those visible that it names itself. Within instance types nothing is
// checked: their use is.
func (s *scope) visible(l *externList, t ExternType) bool {
	if s.kind == inInstanceType {
		return true
	}
	s.v.spend(1)
	switch t.Sort {
	case SortType:
		if !s.namesVisible(l, t) {
			return false
		}
		s.show(l, t)
	case SortInstance:
		for _, e := range t.Instance.Exports {
			if !s.visible(l, e.Type) {
				return false
			}
		}
	case SortFunc:
		return s.funcVisible(l, t.Func)
	}
	return true
}

// show makes a named type visible. What is imported may be exported as well.
func (s *scope) show(l *externList, t ExternType) {
	var key any
	switch {
	case t.Resource != nil:
		key = t.label
	case t.Value != nil && t.Value.nominal():
		key = t.Value
	default:
		return
	}
	l.visible[key] = true
	s.exports.visible[key] = true
}

// namesVisible checks what a type definition that is itself named refers to.
func (s *scope) namesVisible(l *externList, t ExternType) bool {
	switch {
	case t.Value != nil:
		return s.membersVisible(l, t.Value)
	case t.Func != nil:
		return s.funcVisible(l, t.Func)
	case t.Instance != nil:
		s.v.spend(len(t.Instance.Exports))
		for _, e := range t.Instance.Exports {
			switch e.Type.Sort {
			case SortFunc, SortType, SortInstance:
				if !s.namesVisible(l, e.Type) {
					return false
				}
			}
		}
	}
	return true
}

func (s *scope) membersVisible(l *externList, t *Type) bool {
	if t.Kind == Own || t.Kind == Borrow {
		return l.visible[t.label]
	}
	ok := true
	t.children(func(c *Type) { ok = ok && s.typeVisible(l, c) })
	return ok
}

func (s *scope) typeVisible(l *externList, t *Type) bool {
	s.v.spend(1)
	if t.nominal() {
		return l.visible[t]
	}
	return s.membersVisible(l, t)
}

func (s *scope) funcVisible(l *externList, f *Func) bool {
	for _, p := range f.Params {
		if !s.typeVisible(l, p.Type) {
			return false
		}
	}
	return f.Result == nil || s.typeVisible(l, f.Result)
}

// close ends a component or component type and returns its type, in which the
// variables that exports introduce are marked.
func (s *scope) close() *ComponentType {
	defined := func(r *Resource) bool { return s.own[r] && !s.imported[r] }
	for _, i := range s.imports.externs {
		if s.v.mentions(i.Type, defined) {
			s.v.fail("local resource type found in imports")
		}
	}
	t := &ComponentType{Imports: s.imports.externs, Exports: s.exports.externs}
	if s.kind == inComponent {
		introduced := maps.Clone(s.imported)
		t.Exports = s.v.mark(t.Exports, introduced)
		for _, e := range t.Exports {
			if s.v.mentions(e.Type, func(r *Resource) bool { return defined(r) && !introduced[r] }) {
				s.v.fail("local resource type found in export but not exported itself")
			}
		}
	}
	t.measure = s.v.measure(t.Imports, t.Exports)
	return t
}

// mark sets Fresh on the first export of each resource that is not introduced
// yet, and clears it on all others.
func (v *validator) mark(es []Extern, introduced map[*Resource]bool) []Extern {
	v.spend(len(es))
	out := make([]Extern, len(es))
	for i, e := range es {
		t := &e.Type
		switch {
		case t.Sort == SortType && t.Resource != nil:
			t.Fresh = !introduced[t.Resource]
			introduced[t.Resource] = true
		case t.Sort == SortInstance:
			c := *t.Instance
			c.Exports = v.mark(t.Instance.Exports, introduced)
			t.Instance = &c
		}
		out[i] = e
	}
	return out
}
