package types

import (
	"errors"
	"fmt"
)

// match finds, for the variables that the externs bs introduce, the resources
// that the items as give for them. What it cannot find is left out; subtype
// reports it.
func (v *validator) match(s *subst, as map[string]ExternType, bs []Extern) {
	for _, b := range bs {
		a, ok := as[b.Name]
		switch {
		case !ok:
		case b.Type.Sort == SortType && b.Type.Fresh && a.Resource != nil:
			s.resources[b.Type.Resource] = a.Resource
		case b.Type.Sort == SortInstance && a.Sort == SortInstance:
			v.match(s, v.byName(a.Instance.Exports), b.Type.Instance.Exports)
		}
	}
}

// rename makes s replace the types that the extern b names by those that the
// item a names.
func (v *validator) rename(s *subst, a, b ExternType) {
	switch {
	case b.Sort == SortType && b.label != nil && a.label != nil:
		s.labels[b.label] = a.label
	case b.Sort == SortType && b.Value != nil && a.Value != nil && b.Value.nominal():
		s.types[b.Value] = a.Value
	case b.Sort == SortInstance && a.Sort == SortInstance:
		as := v.byName(a.Instance.Exports)
		for _, e := range b.Instance.Exports {
			v.rename(s, as[e.Name], e.Type)
		}
	}
}

// nameCost is what it costs to hash or compare a name.
func nameCost(name string) int { return 1 + len(name)/32 }

func (v *validator) byName(es []Extern) map[string]ExternType {
	m := make(map[string]ExternType, len(es))
	for _, e := range es {
		v.spend(nameCost(e.Name))
		m[e.Name] = e.Type
	}
	return m
}

// satisfy checks that the items as can stand for the externs bs, and returns
// the substitution of what bs introduce by what as give. The kind, "import" or
// "export", is for messages.
func (v *validator) satisfy(as map[string]ExternType, bs []Extern, kind string) (*subst, error) {
	s := v.newSubst()
	v.match(s, as, bs)
	for _, b := range bs {
		a, ok := as[b.Name]
		if !ok {
			return nil, fmt.Errorf("missing %s named `%s`", kind, b.Name)
		}
		if err := v.subtype(a, s.extern(b.Type)); err != nil {
			return nil, fmt.Errorf("type mismatch for %s `%s`: %w", kind, b.Name, err)
		}
	}
	renamed := v.newSubst()
	renamed.resources = s.resources
	for _, b := range bs {
		v.rename(renamed, as[b.Name], b.Type)
	}
	return renamed, nil
}

// subtype checks that an item of type a can stand where b is expected.
func (v *validator) subtype(a, b ExternType) error {
	v.spend(1)
	if a.Sort != b.Sort {
		return fmt.Errorf("expected %s, found %s", b.Sort, a.Sort)
	}
	switch a.Sort {
	case SortModule:
		return v.moduleSubtype(a.Module, b.Module)
	case SortFunc:
		return v.equalFunc(a.Func, b.Func)
	case SortInstance:
		return v.instanceSubtype(a.Instance, b.Instance)
	case SortComponent:
		return v.componentSubtype(a.Component, b.Component)
	}
	return v.typeSubtype(a, b)
}

// typeSubtype compares two types that are items themselves.
func (v *validator) typeSubtype(a, b ExternType) error {
	switch {
	case a.Resource != nil && b.Resource != nil:
		return sameResource(a.Resource, b.Resource)
	case a.Value != nil && b.Value != nil:
		return v.equal(a.Value, b.Value)
	case a.Func != nil && b.Func != nil:
		return v.equalFunc(a.Func, b.Func)
	case a.Instance != nil && b.Instance != nil:
		return v.instanceSubtype(a.Instance, b.Instance)
	case a.Component != nil && b.Component != nil:
		return v.componentSubtype(a.Component, b.Component)
	}
	return fmt.Errorf("expected %s, found %s", b.typeKind(), a.typeKind())
}

func sameResource(a, b *Resource) error {
	if a != b {
		return fmt.Errorf("resource types are not the same: expected resource `%s`, found another resource `%s`", b.Name, a.Name)
	}
	return nil
}

func (v *validator) instanceSubtype(a, b *InstanceType) error {
	if a == b {
		return nil
	}
	as := v.byName(a.Exports)
	s := v.newSubst()
	v.match(s, as, b.Exports)
	for _, e := range b.Exports {
		t, ok := as[e.Name]
		if !ok {
			return fmt.Errorf("missing expected export `%s`", e.Name)
		}
		if err := v.subtype(t, s.extern(e.Type)); err != nil {
			return fmt.Errorf("type mismatch in instance export `%s`: %w", e.Name, err)
		}
	}
	return nil
}

// componentSubtype checks that whoever gives the imports of b can have a
// component of type a, and gets at least the exports of b.
func (v *validator) componentSubtype(a, b *ComponentType) error {
	if a == b {
		return nil
	}
	s, err := v.satisfy(v.byName(b.Imports), a.Imports, "import")
	if err != nil {
		return err
	}
	exports, _ := s.externs(a.Exports)
	_, err = v.satisfy(v.byName(exports), b.Exports, "export")
	return err
}

func (v *validator) equalFunc(a, b *Func) error {
	if a == b {
		return nil
	}
	if a.Async != b.Async {
		return fmt.Errorf("expected %s function, found %s function", asyncName(b.Async), asyncName(a.Async))
	}
	v.spend(1 + len(a.Params))
	if len(a.Params) != len(b.Params) {
		return fmt.Errorf("expected %d parameters, found %d", len(b.Params), len(a.Params))
	}
	for i, p := range a.Params {
		q := b.Params[i]
		if p.Name != q.Name {
			return fmt.Errorf("expected parameter named `%s`, found `%s`", q.Name, p.Name)
		}
		if err := v.equal(p.Type, q.Type); err != nil {
			return fmt.Errorf("type mismatch in function parameter `%s`: %w", p.Name, err)
		}
	}
	switch {
	case a.Result == nil && b.Result != nil:
		return errors.New("expected a result, found none")
	case a.Result != nil && b.Result == nil:
		return errors.New("expected no result, found one")
	case a.Result != nil:
		if err := v.equal(a.Result, b.Result); err != nil {
			return fmt.Errorf("type mismatch with result type: %w", err)
		}
	}
	return nil
}

func asyncName(async bool) string {
	if async {
		return "async"
	}
	return "sync"
}

// Equal tells whether two value types are equal, resources by identity. A nil
// type equals only nil. Types too large to compare are not equal.
func Equal(a, b *Type) bool { return EqualUnder(a, b, nil) }

// EqualUnder is Equal for types of two components: same tells whether two
// resource variables stand for one type. A nil same means identity.
func EqualUnder(a, b *Type, same func(a, b *Resource) bool) bool {
	if a == nil || b == nil {
		return a == b
	}
	v := &validator{budget: maxWork, same: same}
	return v.try(func() error { return v.equal(a, b) }) == nil
}

// equal compares value types structurally.
func (v *validator) equal(a, b *Type) error {
	if a == b {
		return nil
	}
	v.spend(1)
	if a.Kind != b.Kind {
		return fmt.Errorf("expected %s, found %s", b.Kind, a.Kind)
	}
	switch a.Kind {
	case Own, Borrow:
		switch {
		case v.same == nil:
			return sameResource(a.Resource, b.Resource)
		case !v.same(a.Resource, b.Resource):
			return fmt.Errorf("expected resource `%s`, found another resource `%s`", b.Resource.Name, a.Resource.Name)
		}
		return nil
	case Record, Tuple:
		return v.equalFields(a, b)
	case Variant:
		return v.equalCases(a, b)
	case Flags, Enum:
		return v.equalLabels(a, b)
	case Result:
		if err := v.equalOptional("ok variant", a.Ok, b.Ok); err != nil {
			return err
		}
		return v.equalOptional("err variant", a.Err, b.Err)
	case List:
		if a.Fixed != b.Fixed || a.Len != b.Len {
			return fmt.Errorf("expected %s, found %s: lists of different lengths", b, a)
		}
	case Map:
		if err := v.equal(a.Key, b.Key); err != nil {
			return fmt.Errorf("type mismatch in map key: %w", err)
		}
	}
	return v.equalOptional("element", a.Elem, b.Elem)
}

func (v *validator) equalFields(a, b *Type) error {
	what := "fields"
	if a.Kind == Tuple {
		what = "types"
	}
	if len(a.Fields) != len(b.Fields) {
		return fmt.Errorf("expected %d %s, found %d", len(b.Fields), what, len(a.Fields))
	}
	for i, f := range a.Fields {
		g := b.Fields[i]
		v.spend(nameCost(f.Name))
		if f.Name != g.Name {
			return fmt.Errorf("expected field name `%s`, found `%s`", g.Name, f.Name)
		}
		err := v.equal(f.Type, g.Type)
		switch {
		case err != nil && a.Kind == Tuple:
			return fmt.Errorf("type mismatch in tuple field %d: %w", i, err)
		case err != nil:
			return fmt.Errorf("type mismatch in record field `%s`: %w", f.Name, err)
		}
	}
	return nil
}

func (v *validator) equalCases(a, b *Type) error {
	if len(a.Cases) != len(b.Cases) {
		return fmt.Errorf("expected %d cases, found %d", len(b.Cases), len(a.Cases))
	}
	for i, c := range a.Cases {
		d := b.Cases[i]
		v.spend(nameCost(c.Name))
		switch {
		case c.Name != d.Name:
			return fmt.Errorf("expected case named `%s`, found `%s`", d.Name, c.Name)
		case c.Type == nil && d.Type != nil:
			return fmt.Errorf("expected case `%s` to have a type, found none", d.Name)
		case c.Type != nil && d.Type == nil:
			return fmt.Errorf("expected case `%s` to have no type", d.Name)
		case c.Type == nil:
			continue
		}
		if err := v.equal(c.Type, d.Type); err != nil {
			return fmt.Errorf("type mismatch in variant case `%s`: %w", d.Name, err)
		}
	}
	return nil
}

func (v *validator) equalLabels(a, b *Type) error {
	if len(a.Labels) != len(b.Labels) {
		return fmt.Errorf("mismatch in %s elements: expected %d, found %d", a.Kind, len(b.Labels), len(a.Labels))
	}
	for i, l := range a.Labels {
		v.spend(nameCost(l))
		if l != b.Labels[i] {
			return fmt.Errorf("mismatch in %s elements: expected `%s`, found `%s`", a.Kind, b.Labels[i], l)
		}
	}
	return nil
}

func (v *validator) equalOptional(what string, a, b *Type) error {
	switch {
	case a == nil && b == nil:
		return nil
	case a == nil:
		return fmt.Errorf("expected a type of the %s, but found none", what)
	case b == nil:
		return fmt.Errorf("expected a type of the %s to not be present", what)
	}
	if err := v.equal(a, b); err != nil {
		return fmt.Errorf("type mismatch in %s: %w", what, err)
	}
	return nil
}
