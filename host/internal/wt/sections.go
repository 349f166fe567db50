package wt

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/wasitls/wasitls/host/internal/core"
)

// sections is what this package knows of a module from its bytes. The engine
// could be asked, but its C API aborts the process on types that it has no
// name for, such as exnref; and a read costs nothing beside a compilation.
type sections struct {
	imports  []core.Import
	types    []core.FuncType
	funcs    []uint32 // type of each function, imported ones first
	exports  map[string]export
	memories int  // defined here
	data     bool // there are data segments

	importedMemories int
	// Where the export section is, with its header; empty and where it would
	// go if there is none.
	exportsFrom, exportsTo int
	nexports               uint32
	exportBody             []byte // behind the count
}

type export struct {
	kind core.Kind
	typ  core.FuncType // of functions
}

var errSections = errors.New("wt: malformed module")

// readSections reads a module, which need not be valid. What is wrong beside
// its outermost form is left to the engine.
func readSections(wasm []byte) (s *sections, err error) {
	defer func() {
		if e := recover(); e != nil {
			if e != errSections {
				panic(e)
			}
			err = errSections
		}
	}()
	s = &sections{exports: map[string]export{}}
	r := &reader{b: wasm}
	r.bytes(8)
	for len(r.b) > 0 {
		from := len(wasm) - len(r.b)
		id := r.byte()
		body := &reader{b: r.bytes(r.u32())}
		to := len(wasm) - len(r.b)
		switch id {
		case 7:
			s.exportsFrom, s.exportsTo = from, to
			b := &reader{b: body.b}
			s.nexports = b.u32()
			s.exportBody = b.b
		case 1, 2, 3, 4, 5, 6, 13: // the sections before it
			s.exportsFrom, s.exportsTo = to, to
		}
		s.section(id, body)
	}
	return s, nil
}

// maps is how many memory mappings an instance takes at most.
func (s *sections) maps(perData int64) (n int64) {
	n = int64(s.memories) * mapsPerPlain
	if s.data {
		n = int64(s.memories) * perData
	}
	if len(s.funcs) > largeFuncs {
		n += mapsPerLarge
	}
	return n
}

// expose returns the module with its memories exported under names of this
// package, so that their sizes can be had.
func (s *sections) expose(wasm []byte) ([]byte, error) {
	if s.memories == 0 {
		return wasm, nil
	}
	body := binary.AppendUvarint(nil, uint64(s.nexports)+uint64(s.memories))
	body = append(body, s.exportBody...)
	for n := range s.memories {
		name := memoryName(n)
		if _, taken := s.exports[name]; taken {
			return nil, fmt.Errorf("wt: the export name %q is reserved", name)
		}
		body = binary.AppendUvarint(body, uint64(len(name)))
		body = append(append(body, name...), byte(core.Memory))
		body = binary.AppendUvarint(body, uint64(s.importedMemories+n))
	}
	out := make([]byte, 0, len(wasm)+len(body)-len(s.exportBody)+16)
	out = append(append(out, wasm[:s.exportsFrom]...), 7)
	out = binary.AppendUvarint(out, uint64(len(body)))
	return append(append(out, body...), wasm[s.exportsTo:]...), nil
}

func (s *sections) section(id byte, r *reader) {
	switch id {
	case 1:
		r.each(func() { s.types = append(s.types, r.funcType()) })
	case 2:
		r.each(func() { s.imports = append(s.imports, s.importOf(r)) })
	case 3:
		r.each(func() { s.funcs = append(s.funcs, r.u32()) })
	case 5:
		r.each(func() { r.limits(); s.memories++ })
	case 7:
		r.each(func() { s.exportOf(r) })
	case 11:
		s.data = r.u32() > 0
	}
}

func (s *sections) importOf(r *reader) core.Import {
	i := core.Import{Module: r.name(), Name: r.name(), Kind: core.Kind(r.byte())}
	switch i.Kind {
	case core.Func:
		s.funcs = append(s.funcs, r.u32())
	case core.Table:
		r.valType()
		r.limits()
	case core.Memory:
		r.limits()
		s.importedMemories++
	case core.Global:
		r.valType()
		r.byte()
	case core.Tag:
		r.byte()
		r.u32()
	default:
		panic(errSections)
	}
	return i
}

func (s *sections) exportOf(r *reader) {
	name, e, index := r.name(), export{kind: core.Kind(r.byte())}, r.u32()
	if e.kind == core.Func {
		if int(index) >= len(s.funcs) || int(s.funcs[index]) >= len(s.types) {
			panic(errSections)
		}
		e.typ = s.types[s.funcs[index]]
	}
	s.exports[name] = e
}

// reader reads the binary format (WebAssembly core, chapter 5). It panics
// with errSections at the end of its bytes.
type reader struct{ b []byte }

func (r *reader) bytes(n uint32) []byte {
	if uint64(n) > uint64(len(r.b)) {
		panic(errSections)
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) byte() byte   { return r.bytes(1)[0] }
func (r *reader) name() string { return string(r.bytes(r.u32())) }
func (r *reader) u32() uint32  { return uint32(r.leb()) }

func (r *reader) leb() (v uint64) {
	for shift := 0; shift < 70; shift += 7 {
		b := r.byte()
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	panic(errSections)
}

func (r *reader) each(f func()) {
	for n := r.u32(); n > 0; n-- {
		f()
	}
}

func (r *reader) valType() core.ValType {
	t := core.ValType(r.byte())
	if t == 0x63 || t == 0x64 { // (ref null? ht)
		r.leb()
	}
	return t
}

func (r *reader) funcType() (t core.FuncType) {
	if r.byte() != 0x60 {
		panic(errSections)
	}
	r.each(func() { t.Params = append(t.Params, r.valType()) })
	r.each(func() { t.Results = append(t.Results, r.valType()) })
	return t
}

func (r *reader) limits() {
	flags := r.byte()
	r.leb()
	if flags&1 != 0 {
		r.leb()
	}
	if flags&8 != 0 {
		r.leb() // page size
	}
}

// crossable reports whether values of a function's type can cross the border
// as raw numbers, and few enough of them.
func crossable(t core.FuncType) error {
	if n := len(t.Params) + len(t.Results); n > maxValues {
		return fmt.Errorf("wt: a function with %d values; at most %d can cross", n, maxValues)
	}
	for _, list := range [][]core.ValType{t.Params, t.Results} {
		for _, v := range list {
			if v < core.F64 || v > core.I32 {
				return fmt.Errorf("wt: a value of type %#x cannot cross", byte(v))
			}
		}
	}
	return nil
}
