package binary

import (
	"bytes"
)

// header bytes of a component; a core module differs in version and layer.
var (
	magic           = []byte("\x00asm")
	componentHeader = []byte{0x0d, 0x00, 0x01, 0x00}
	moduleHeader    = []byte{0x01, 0x00, 0x00, 0x00}
)

// Sections of a component.
const (
	sectionCustom        = 0
	sectionCoreModule    = 1
	sectionCoreInstances = 2
	sectionCoreTypes     = 3
	sectionComponent     = 4
	sectionInstances     = 5
	sectionAliases       = 6
	sectionTypes         = 7
	sectionCanons        = 8
	sectionStart         = 9
	sectionImports       = 10
	sectionExports       = 11
	sectionValues        = 12
)

// Decode decodes a component. Core modules in the result alias b. The error is
// an *Error.
func Decode(b []byte) (*Component, error) {
	r := &reader{b: b, end: len(b), counts: new(counts)}
	c := r.root()
	if r.err != nil {
		return nil, r.err
	}
	return c, nil
}

// root decodes the outermost component, with better messages for what people
// give instead of one.
func (r *reader) root() *Component {
	switch {
	case len(r.b) == 0:
		r.fail(0, "the file is empty")
	case !bytes.HasPrefix(r.b, magic[:min(len(r.b), 4)]) && looksLikeText(r.b):
		r.fail(0, "this is the text format, not a component")
	case len(r.b) >= 8 && bytes.HasPrefix(r.b, magic) && bytes.Equal(r.b[4:8], moduleHeader):
		r.fail(4, "this is a core module, not a component")
	}
	return r.component()
}

// looksLikeText tells whether b begins like WebAssembly text.
func looksLikeText(b []byte) bool {
	b = bytes.TrimLeft(b, " \t\r\n")
	return bytes.HasPrefix(b, []byte("(")) || bytes.HasPrefix(b, []byte(";;"))
}

// component decodes a preamble and sections up to the end.
func (r *reader) component() *Component {
	c := &Component{}
	r.tally(&r.counts.components, "components", MaxComponents)
	if at := r.pos; !bytes.Equal(r.bytes(4), magic) {
		r.fail(at, "magic header not detected: this is no WebAssembly binary")
	}
	at := r.pos
	switch v := r.bytes(4); {
	case r.err != nil:
	case bytes.Equal(v, moduleHeader):
		r.fail(at, "expected a version header for a component")
	case !bytes.Equal(v, componentHeader):
		r.fail(at, "unknown binary version and layer %x", v)
	}
	for r.left() > 0 {
		r.section(c)
	}
	return c
}

func (r *reader) section(c *Component) {
	at := r.pos
	id := r.byte()
	if id > sectionValues {
		r.fail(at, "malformed section id: %d", id)
	}
	r.within("the section", func() {
		switch id {
		case sectionCustom:
			r.name()
			r.skip(r.left())
		case sectionCoreModule:
			r.tally(&r.counts.modules, "core modules", MaxModules)
			start := r.pos
			c.add(start, r.coreModule())
		case sectionCoreInstances:
			r.defs(c, "core instances", r.coreInstance)
		case sectionCoreTypes:
			r.defs(c, "core types", r.coreType)
		case sectionComponent:
			start := r.pos
			r.nest(func() { c.add(start, r.component()) })
		case sectionInstances:
			r.defs(c, "instances", r.instance)
		case sectionAliases:
			r.defs(c, "aliases", func() Node { return r.alias() })
		case sectionTypes:
			r.defs(c, "types", r.typeDef)
		case sectionCanons:
			r.defs(c, "canonical functions", r.canon)
		case sectionStart:
			r.fail(at, "start functions are not supported")
		case sectionImports:
			r.defs(c, "imports", r.importDef)
		case sectionExports:
			r.defs(c, "exports", r.export)
		case sectionValues:
			r.fail(at, "value definitions are not supported")
		}
	})
}

func (c *Component) add(offset int, n Node) { c.Defs = append(c.Defs, Def{offset, n}) }

// defs decodes the definitions of a section.
func (r *reader) defs(c *Component, what string, def func() Node) {
	for n := r.count(what, MaxItems); n > 0 && r.err == nil; n-- {
		at := r.pos
		r.tally(&r.counts.defs, "definitions", MaxDefs)
		c.add(at, def())
	}
}

func (r *reader) coreInstance() Node {
	r.tally(&r.counts.instances, "instances", MaxInstances)
	switch c := r.byte(); c {
	case 0x00:
		return &CoreInstance{Module: r.u32(), Args: vec(r, "arguments", MaxItems, r.coreArg)}
	case 0x01:
		return &CoreInstance{Inline: true, Exports: vec(r, "exports", MaxItems, r.coreInlineExport)}
	default:
		r.unknown(c, "core instance")
		return nil
	}
}

func (r *reader) coreArg() CoreArg {
	name := r.name()
	if c := r.byte(); CoreSort(c) != CoreSortInstance {
		r.unknown(c, "instantiation arg kind")
	}
	return CoreArg{name, r.u32()}
}

func (r *reader) coreInlineExport() CoreInlineExport {
	return CoreInlineExport{r.name(), r.coreKind("core external kind"), r.u32()}
}

func (r *reader) instance() Node {
	r.tally(&r.counts.instances, "instances", MaxInstances)
	switch c := r.byte(); c {
	case 0x00:
		return &Instance{Component: r.u32(), Args: vec(r, "arguments", MaxItems, func() Arg {
			return Arg{r.name(), r.externIndex()}
		})}
	case 0x01:
		return &Instance{Inline: true, Exports: vec(r, "exports", MaxItems, func() InlineExport {
			return InlineExport{r.externName(), r.externIndex()}
		})}
	default:
		r.unknown(c, "instance")
		return nil
	}
}
