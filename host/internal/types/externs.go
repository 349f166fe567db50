package types

import (
	"fmt"

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
