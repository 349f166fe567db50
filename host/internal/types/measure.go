package types

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
