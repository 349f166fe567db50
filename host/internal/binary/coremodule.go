package binary

import (
	"bytes"

	"github.com/wasitls/wasitls/host/internal/core"
)

// OtherVal stands for a core value type that package core has no name for,
// such as a typed reference. A module may use it inside, but nothing that
// crosses a component's boundary may.
const OtherVal core.ValType = 0x64

// CoreModule is a core module with what its type depends on. Code, data and
// all else is left to the engine.
type CoreModule struct {
	Bytes   []byte           // aliases the file
	Types   []*core.FuncType // nil for types that are no functions
	Imports []CoreImport
	// Funcs and Tags are the types of the module's own functions and tags.
	Funcs, Tags []uint32
	// Tables, Memories and Globals are the module's own.
	Tables, Memories, Globals []CoreExtern
	Exports                   []CoreModuleExport
}

// CoreModuleExport is an export of a core module: an index into the space of
// Kind, imports first.
type CoreModuleExport struct {
	Name  string
	Kind  core.Kind
	Index uint32
}

// sectionRank orders the sections of a core module; custom ones may be anywhere.
var sectionRank = [...]int{
	1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 13: 6, 6: 7, 7: 8, 8: 9, 9: 10, 12: 11, 10: 12, 11: 13,
}

// coreModule reads a core module up to the end.
func (r *reader) coreModule() *CoreModule {
	m := &CoreModule{Bytes: r.b[r.pos:r.end:r.end]}
	if at := r.pos; !bytes.Equal(r.bytes(4), magic) {
		r.fail(at, "magic header not detected: bad magic number of a core module")
	}
	at := r.pos
	switch v := r.bytes(4); {
	case r.err != nil:
	case bytes.Equal(v, componentHeader):
		r.fail(at, "expected a version header for a module")
	case !bytes.Equal(v, moduleHeader):
		r.fail(at, "unknown binary version %x of a core module", v)
	}
	for last := 0; r.left() > 0; {
		at := r.pos
		id := r.byte()
		switch {
		case int(id) >= len(sectionRank):
			r.fail(at, "malformed section id: %d", id)
		case id == 0:
		case sectionRank[id] <= last:
			r.fail(at, "section out of order")
		default:
			last = sectionRank[id]
		}
		r.within("the section", func() { r.coreSection(m, id) })
	}
	return m
}

func (r *reader) coreSection(m *CoreModule, id byte) {
	switch id {
	case 0:
		r.name()
		r.skip(r.left())
	case 1:
		for n := r.count("types", MaxCoreItems); n > 0 && r.err == nil; n-- {
			r.recType(m)
		}
	case 2:
		m.Imports = vec(r, "imports", MaxItems, func() CoreImport {
			return CoreImport{r.name(), r.name(), r.coreExtern()}
		})
	case 3:
		m.Funcs = vec(r, "functions", MaxCoreItems, r.u32)
	case 4:
		m.Tables = vec(r, "tables", MaxCoreItems, r.tableDef)
	case 5:
		m.Memories = vec(r, "memories", MaxCoreItems, r.memoryType)
	case 6:
		m.Globals = vec(r, "globals", MaxCoreItems, func() CoreExtern {
			g := r.globalType()
			r.constExpr()
			return g
		})
	case 7:
		m.Exports = vec(r, "exports", MaxItems, func() CoreModuleExport {
			return CoreModuleExport{r.name(), r.coreKind("external kind"), r.u32()}
		})
	case 13:
		m.Tags = vec(r, "tags", MaxCoreItems, r.tagType)
	default:
		r.skip(r.left())
	}
}

// coreExtern reads the type of a core import or export.
func (r *reader) coreExtern() (e CoreExtern) {
	kind := r.coreKind("external kind")
	switch kind {
	case core.Func:
		e.Type = r.u32()
	case core.Table:
		e = r.tableType()
	case core.Memory:
		e = r.memoryType()
	case core.Global:
		e = r.globalType()
	case core.Tag:
		e.Type = r.tagType()
	}
	e.Kind = kind
	return e
}

func (r *reader) tagType() uint32 {
	r.zero("tag attribute")
	return r.u32()
}

// tableDef reads a table with or without an initial value.
func (r *reader) tableDef() CoreExtern {
	if r.peek() != 0x40 {
		return r.tableType()
	}
	r.byte()
	r.zero("table")
	t := r.tableType()
	r.constExpr()
	return t
}

func (r *reader) tableType() CoreExtern {
	return CoreExtern{Kind: core.Table, Val: r.coreValType(), Limits: r.limits()}
}

func (r *reader) memoryType() CoreExtern {
	return CoreExtern{Kind: core.Memory, Limits: r.limits()}
}

func (r *reader) globalType() CoreExtern {
	return CoreExtern{Kind: core.Global, Val: r.coreValType(), Mutable: r.bool()}
}

func (r *reader) limits() (l CoreLimits) {
	at := r.pos
	flags := r.byte()
	if flags > 0x07 {
		r.fail(at, "invalid limits flags %#x", flags)
	}
	l.HasMax, l.Shared, l.Index64 = flags&1 != 0, flags&2 != 0, flags&4 != 0
	bits := uint(32)
	if l.Index64 {
		bits = 64
	}
	l.Min = r.leb(bits)
	if l.HasMax {
		l.Max = r.leb(bits)
	}
	return l
}

// coreValType reads a core value type.
func (r *reader) coreValType() core.ValType {
	c := r.byte()
	switch v := core.ValType(c); v {
	case core.I32, core.I64, core.F32, core.F64, core.V128, core.FuncRef, core.ExtRef:
		return v
	}
	switch {
	case c == 0x63 || c == 0x64:
		h := r.sleb(33)
		if c == 0x63 && h >= -0x11 && h <= -0x10 { // (ref null func), (ref null extern)
			return core.ValType(h & 0x7f)
		}
		return OtherVal
	case c >= 0x68 && c <= 0x74:
		return OtherVal
	}
	r.unknown(c, "core value type")
	return 0
}

// recType reads a recursion group or a single type.
func (r *reader) recType(m *CoreModule) {
	if r.peek() != 0x4e {
		r.subType(m)
		return
	}
	r.byte()
	for n := r.count("types", MaxCoreItems); n > 0 && r.err == nil; n-- {
		r.subType(m)
	}
}

func (r *reader) subType(m *CoreModule) {
	c := r.byte()
	if c == 0x4f || c == 0x50 {
		vec(r, "supertypes", MaxMembers, r.u32)
		c = r.byte()
	}
	switch c {
	case 0x60:
		f := r.coreFuncType()
		m.Types = append(m.Types, &f)
		return
	case 0x5e:
		r.fieldType()
	case 0x5f:
		vec(r, "fields", MaxMembers, r.fieldType)
	default:
		r.unknown(c, "type")
	}
	m.Types = append(m.Types, nil)
}

func (r *reader) fieldType() bool {
	if c := r.peek(); c == 0x77 || c == 0x78 { // i16, i8
		r.byte()
	} else {
		r.coreValType()
	}
	return r.bool()
}

// constExpr skips a constant expression.
func (r *reader) constExpr() {
	for r.left() > 0 {
		switch c := r.byte(); c {
		case 0x0b: // end
			return
		case 0x41: // i32.const
			r.sleb(32)
		case 0x42: // i64.const
			r.sleb(64)
		case 0x43: // f32.const
			r.skip(4)
		case 0x44: // f64.const
			r.skip(8)
		case 0x23, 0xd2: // global.get, ref.func
			r.u32()
		case 0xd0: // ref.null
			r.sleb(33)
		case 0x6a, 0x6b, 0x6c, 0x7c, 0x7d, 0x7e: // add, sub, mul
		case 0xfd: // v128.const
			if op := r.u32(); op != 12 {
				r.fail(r.pos, "constant expression required: operator 0xfd %#x", op)
			}
			r.skip(16)
		case 0xfb:
			r.gcConst()
		default:
			r.fail(r.pos-1, "constant expression required: operator %#x", c)
		}
	}
	r.eof()
}

// gcConst skips the immediates of a constant operator of the garbage
// collection proposal.
func (r *reader) gcConst() {
	switch op := r.u32(); op {
	case 0, 1, 6, 7: // struct.new, struct.new_default, array.new, array.new_default
		r.u32()
	case 8: // array.new_fixed
		r.u32()
		r.u32()
	case 26, 27, 28: // any.convert_extern, extern.convert_any, ref.i31
	default:
		r.fail(r.pos, "constant expression required: operator 0xfb %#x", op)
	}
}
