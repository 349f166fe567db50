package types

import "maps"

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
