package types

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
