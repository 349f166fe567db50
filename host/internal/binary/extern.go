package binary

import "github.com/wasitls/wasitls/host/internal/core"

// coreKind reads a sort of core externs.
func (r *reader) coreKind(what string) core.Kind {
	c := r.byte()
	if core.Kind(c) > core.Tag {
		r.unknown(c, what)
	}
	return core.Kind(c)
}

// sort reads a sort; the second result is valid for SortCore.
func (r *reader) sort(what string) (Sort, CoreSort) {
	c := r.byte()
	switch s := Sort(c); s {
	case SortCore:
		c := r.byte()
		switch s := CoreSort(c); s {
		case CoreSort(core.Func), CoreSort(core.Table), CoreSort(core.Memory), CoreSort(core.Global),
			CoreSort(core.Tag), CoreSortType, CoreSortModule, CoreSortInstance:
			return SortCore, s
		}
		r.unknown(c, what)
	case SortFunc, SortType, SortComponent, SortInstance:
		return s, 0
	case SortValue:
		r.fail(r.pos-1, "values are not supported")
	default:
		r.unknown(c, what)
	}
	return 0, 0
}

// externIndex reads an item of a sort that can be imported and exported.
func (r *reader) externIndex() SortIndex {
	s, cs := r.sort("component external kind")
	if s == SortCore && cs != CoreSortModule {
		r.unknown(byte(cs), "component external kind")
	}
	return SortIndex{s, cs, r.u32()}
}

func (r *reader) alias() *Alias {
	at := r.pos
	s, cs := r.sort("component outer alias kind")
	a := &Alias{Sort: s, Core: cs}
	c := r.byte()
	switch a.Target = AliasTarget(c); a.Target {
	case AliasExport:
		if s == SortCore && cs != CoreSortModule {
			r.fail(at+1, "invalid leading byte (%#x) for component external kind", byte(cs))
		}
		a.Instance, a.Name = r.u32(), r.name()
	case AliasCoreExport:
		if s != SortCore || cs > CoreSort(core.Tag) {
			r.fail(at, "invalid leading byte (%#x) for core export alias kind", byte(s))
		}
		a.Instance, a.Name = r.u32(), r.name()
	case AliasOuter:
		switch {
		case s == SortType, s == SortComponent:
		case s == SortCore && (cs == CoreSortType || cs == CoreSortModule):
		case s == SortCore:
			r.fail(at+1, "invalid leading byte (%#x) for component outer alias kind", byte(cs))
		default:
			r.fail(at, "invalid leading byte (%#x) for component outer alias kind", byte(s))
		}
		a.Count, a.Index = r.u32(), r.u32()
	default:
		r.unknown(c, "alias")
	}
	return a
}

func (r *reader) importDef() Node { return &Import{r.externName(), r.externType()} }

func (r *reader) exportDecl() Node { return &ExportDecl{r.externName(), r.externType()} }

func (r *reader) export() Node {
	e := &Export{Name: r.externName(), Item: r.externIndex()}
	if r.optional("optional component export type") {
		t := r.externType()
		e.Type = &t
	}
	return e
}

// externName reads a name and its attributes.
func (r *reader) externName() ExternName {
	c := r.byte()
	if c > 0x02 {
		r.unknown(c, "component name")
	}
	n := ExternName{Name: r.name()}
	if c < 0x02 {
		return n
	}
	for k := r.count("name options", 100); k > 0 && r.err == nil; k-- {
		c := r.byte()
		switch c {
		case 0x00:
			r.attribute(&n, &n.Implements, "implements")
		case 0x01:
			r.attribute(&n, &n.VersionSuffix, "versionsuffix")
		case 0x02:
			r.attribute(&n, &n.ExternalID, "external-id")
		default:
			r.unknown(c, "name option")
		}
	}
	return n
}

func (r *reader) attribute(n *ExternName, to **string, what string) {
	s := r.name()
	if *to != nil {
		n.Repeated = what
	}
	*to = &s
}

func (r *reader) externType() ExternType {
	switch c := r.byte(); Sort(c) {
	case SortCore:
		if c := r.byte(); CoreSort(c) != CoreSortModule {
			r.unknown(c, "component external kind")
		}
		return ExternType{Sort: SortCore, Index: r.u32()}
	case SortType:
		switch c := r.byte(); c {
		case 0x00:
			return ExternType{Sort: SortType, Index: r.u32()}
		case 0x01:
			return ExternType{Sort: SortType, Fresh: true}
		default:
			r.unknown(c, "type bound")
		}
	case SortFunc, SortComponent, SortInstance:
		return ExternType{Sort: Sort(c), Index: r.u32()}
	case SortValue:
		r.fail(r.pos-1, "values are not supported")
	default:
		r.unknown(c, "component external kind")
	}
	return ExternType{}
}
