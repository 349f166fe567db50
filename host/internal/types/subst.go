package types

// label marks one entry of a type index space that names a resource. Naming
// rules tell apart two names of one resource, so handle types remember which
// of them they were made with.
type label struct{ _ byte }

// subst replaces resource variables, and named types, in types. It keeps the
// sharing of what it is given: equal pointers stay equal.
type subst struct {
	v         *validator
	resources map[*Resource]*Resource
	// types and labels hold what was replaced so far, and replacements set
	// from outside for names of types.
	types  map[*Type]*Type
	labels map[*label]*label
	funcs  map[*Func]*Func
	insts  map[*InstanceType]*InstanceType
	comps  map[*ComponentType]*ComponentType
}

func (v *validator) newSubst() *subst {
	return &subst{
		v: v, resources: map[*Resource]*Resource{},
		types: map[*Type]*Type{}, labels: map[*label]*label{}, funcs: map[*Func]*Func{},
		insts: map[*InstanceType]*InstanceType{}, comps: map[*ComponentType]*ComponentType{},
	}
}

// empty tells whether the substitution changes nothing.
func (s *subst) empty() bool { return len(s.resources) == 0 && len(s.types) == 0 && len(s.labels) == 0 }

// memo looks p up and otherwise makes and remembers its replacement.
func memo[T any](s *subst, m map[*T]*T, p *T, replace func(*T) *T) *T {
	if p == nil || s.empty() {
		return p
	}
	if q, ok := m[p]; ok {
		return q
	}
	s.v.spend(1)
	q := replace(p)
	m[p] = q
	return q
}

func (s *subst) resource(r *Resource, l *label) (*Resource, *label) {
	q, ok := s.resources[r]
	if !ok {
		q = r
	}
	if m, ok := s.labels[l]; ok {
		return q, m
	}
	if q != r && l != nil {
		l2 := new(label)
		s.labels[l] = l2
		return q, l2
	}
	return q, l
}

func (s *subst) typ(t *Type) *Type { return memo(s, s.types, t, s.rebuild) }

// rebuild copies a type if anything in it is replaced. Its layout does not
// depend on resources, so it is kept.
func (s *subst) rebuild(t *Type) *Type {
	s.v.spend(len(t.Fields) + len(t.Cases))
	c := *t
	changed := false
	replace := func(p **Type) {
		if q := s.typ(*p); q != *p {
			*p, changed = q, true
		}
	}
	c.Resource, c.label = s.resource(t.Resource, t.label)
	changed = c.Resource != t.Resource || c.label != t.label
	c.Fields = append([]Field(nil), t.Fields...)
	for i := range c.Fields {
		replace(&c.Fields[i].Type)
	}
	c.Cases = append([]Case(nil), t.Cases...)
	for i := range c.Cases {
		replace(&c.Cases[i].Type)
	}
	for _, p := range []**Type{&c.Key, &c.Elem, &c.Ok, &c.Err, &c.Entry} {
		replace(p)
	}
	if !changed {
		return t
	}
	return &c
}

func (s *subst) fn(f *Func) *Func {
	return memo(s, s.funcs, f, func(f *Func) *Func {
		s.v.spend(len(f.Params))
		c := *f
		c.Params = append([]Field(nil), f.Params...)
		changed := false
		for i := range c.Params {
			c.Params[i].Type = s.typ(f.Params[i].Type)
			changed = changed || c.Params[i].Type != f.Params[i].Type
		}
		c.Result = s.typ(f.Result)
		if !changed && c.Result == f.Result {
			return f
		}
		return &c
	})
}

func (s *subst) instance(t *InstanceType) *InstanceType {
	return memo(s, s.insts, t, func(t *InstanceType) *InstanceType {
		exports, changed := s.externs(t.Exports)
		if !changed {
			return t
		}
		return newInstanceType(exports, t.measure)
	})
}

func (s *subst) component(t *ComponentType) *ComponentType {
	return memo(s, s.comps, t, func(t *ComponentType) *ComponentType {
		imports, a := s.externs(t.Imports)
		exports, b := s.externs(t.Exports)
		if !a && !b {
			return t
		}
		return &ComponentType{Imports: imports, Exports: exports, measure: t.measure}
	})
}

func (s *subst) externs(es []Extern) ([]Extern, bool) {
	s.v.spend(len(es))
	changed := false
	out := make([]Extern, len(es))
	for i, e := range es {
		out[i] = e
		out[i].Type = s.extern(e.Type)
		changed = changed || out[i].Type != e.Type
	}
	if !changed {
		return es, false
	}
	return out, true
}

func (s *subst) extern(e ExternType) ExternType {
	if s.empty() {
		return e
	}
	e.Func = s.fn(e.Func)
	e.Instance = s.instance(e.Instance)
	e.Component = s.component(e.Component)
	e.Value = s.typ(e.Value)
	if e.Resource != nil {
		e.Resource, e.label = s.resource(e.Resource, e.label)
	}
	return e
}

// binder is a resource variable that a list of externs introduces, and where.
type binder struct {
	resource *Resource
	path     []string
}

// binders lists the variables that es introduce, in order, those of exported
// or imported instances included.
func (v *validator) binders(es []Extern) (bs []binder) {
	var walk func(es []Extern, path []string)
	walk = func(es []Extern, path []string) {
		v.spend(len(es))
		for _, e := range es {
			switch {
			case e.Type.Sort == SortType && e.Type.Fresh:
				bs = append(bs, binder{e.Type.Resource, appendPath(path, e.Name)})
			case e.Type.Sort == SortInstance:
				walk(e.Type.Instance.Exports, appendPath(path, e.Name))
			}
		}
	}
	walk(es, nil)
	return bs
}

func appendPath(path []string, name string) []string {
	return append(path[:len(path):len(path)], name)
}

// free tells whether the type mentions a resource variable that it does not
// introduce itself.
func (v *validator) free(e ExternType) bool {
	return v.mentions(e, func(r *Resource) bool { return true })
}

// mentions tells whether a resource variable that e does not introduce itself
// satisfies f.
func (v *validator) mentions(e ExternType, f func(*Resource) bool) bool {
	return mentioner{v, f, map[any]bool{}}.extern(e, map[*Resource]bool{})
}

type mentioner struct {
	v    *validator
	f    func(*Resource) bool
	seen map[any]bool // what was found not to mention any
}

func (m mentioner) extern(e ExternType, bound map[*Resource]bool) bool {
	switch {
	case e.Resource != nil:
		return !bound[e.Resource] && m.f(e.Resource)
	case e.Value != nil:
		return m.typ(e.Value, bound)
	case e.Func != nil:
		for _, p := range e.Func.Params {
			if m.typ(p.Type, bound) {
				return true
			}
		}
		return m.typ(e.Func.Result, bound)
	case e.Instance != nil:
		return m.externs(e.Instance, bound, e.Instance.Exports)
	case e.Component != nil:
		return m.externs(e.Component, bound, e.Component.Imports, e.Component.Exports)
	}
	return false
}

func (m mentioner) externs(key any, bound map[*Resource]bool, lists ...[]Extern) bool {
	if m.seen[key] {
		return false
	}
	for _, es := range lists {
		for _, b := range m.v.binders(es) {
			bound[b.resource] = true
		}
	}
	for _, es := range lists {
		m.v.spend(len(es))
		for _, e := range es {
			if m.extern(e.Type, bound) {
				return true
			}
		}
	}
	m.seen[key] = true
	return false
}

func (m mentioner) typ(t *Type, bound map[*Resource]bool) bool {
	if t == nil || !t.hasResource || m.seen[t] {
		return false
	}
	m.v.spend(1)
	if t.Resource != nil {
		return !bound[t.Resource] && m.f(t.Resource)
	}
	found := false
	t.children(func(c *Type) { found = found || m.typ(c, bound) })
	if !found {
		m.seen[t] = true
	}
	return found
}
