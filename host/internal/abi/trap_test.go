package abi

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/types"
)

// both lifts flat values as T in both forms and returns the two errors.
func both[T any](t *testing.T, cx *Context, wt *types.Type, flat []uint64) (v T, dynamic, typed error) {
	t.Helper()
	p, err := Compile(wt, reflect.TypeFor[T](), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, dynamic = Lift(cx, wt, flat)
	typed = p.Lift(cx, flat, unsafe.Pointer(&v))
	return v, dynamic, typed
}

func wantTrap(t *testing.T, what string, err error, text string) {
	t.Helper()
	var trap *Error
	if !errors.As(err, &trap) || !strings.Contains(trap.Text, text) {
		t.Errorf("%s: got %v, want %s", what, err, text)
	}
}

func TestLiftStringTraps(t *testing.T) {
	const utf8, utf16, latin = binary.UTF8, binary.UTF16, binary.Latin1UTF16
	tests := []struct {
		name string
		enc  binary.Encoding
		ptr  uint64
		len  uint64
		data string // at 0
		want string // "" for none
	}{
		{"outside", utf8, 0xdeadbeef, 0, "", "string pointer/length out of bounds of memory"},
		{"one past the end", utf8, 63, 2, "", "string content out-of-bounds"},
		{"at the end", utf8, 62, 2, "", ""},
		{"at the end, empty", utf8, 64, 0, "", ""},
		{"wraps", utf8, 0xffffffff, 2, "", "out-of-bounds"},
		{"upper halves are ignored", utf8, 1<<32 | 60, 5<<32 | 2, "", ""},
		{"too long", utf8, 0, 1 << 28, "", "longer than 2^28-1"},
		{"too long by code units", utf16, 0, 1 << 27, "", "longer than 2^28-1"},
		{"just not too long", utf16, 0, 1<<27 - 1, "", "out of bounds"},
		{"no utf-8", utf8, 0, 3, "a\xffb", "invalid utf-8"},
		{"surrogate in utf-8", utf8, 0, 3, "\xed\xa0\x80", "invalid utf-8"},
		{"overlong utf-8", utf8, 0, 2, "\xc0\x80", "invalid utf-8"},
		{"half a character", utf8, 0, 3, "ab\xc3", "incomplete utf-8 byte sequence"},
		{"3 of 4 bytes after U+FFFD", utf8, 0, 6, "\uFFFD\xf0\x9f\x8d", "incomplete utf-8 byte sequence"},
		{"misaligned utf-16", utf16, 1, 0, "", "unaligned pointer"},
		{"misaligned latin1", latin, 1, 0, "", "unaligned pointer"},
		{"misaligned tagged", latin, 1, 1 << 31, "", "unaligned pointer"},
		{"lone high surrogate", utf16, 0, 1, "\x00\xd8", "unpaired surrogate"},
		{"high surrogate, then a letter", utf16, 0, 2, "\x00\xd8a\x00", "unpaired surrogate"},
		{"lone low surrogate", utf16, 0, 2, "\x00\xdc\x00\xdc", "unpaired surrogate"},
		{"pair", utf16, 0, 2, "\x3c\xd8\x70\xdf", ""},
		{"tagged lone surrogate", latin, 0, 1<<31 | 1, "\x00\xd8", "unpaired surrogate"},
		{"any latin1", latin, 0, 4, "\xff\xfe\x80\x00", ""},
	}
	for _, tt := range tests {
		g := newGuest(64)
		copy(g.mem, tt.data)
		_, dynamic, typed := both[string](t, g.context(tt.enc), prim(types.String), []uint64{tt.ptr, tt.len})
		for _, err := range []error{dynamic, typed} {
			if tt.want != "" {
				wantTrap(t, tt.name, err, tt.want)
			} else if err != nil {
				t.Errorf("%s: %v", tt.name, err)
			}
		}
	}
}

func TestLiftListTraps(t *testing.T) {
	u32s, g := types.NewList(prim(types.U32)), newGuest(64)
	for _, tt := range []struct {
		ptr, len uint64
		want     string
	}{
		{2, 0, "unaligned pointer"},
		{64, 1, "list content out-of-bounds"},
		{68, 0, "list pointer/length out of bounds of memory"},
		{0, 1 << 26, "longer than 2^28-1"},
		{0, math.MaxUint32, "longer than 2^28-1"},
	} {
		_, dynamic, typed := both[[]uint32](t, g.context(binary.UTF8), u32s, []uint64{tt.ptr, tt.len})
		wantTrap(t, "dynamic", dynamic, tt.want)
		wantTrap(t, "typed", typed, tt.want)
	}
}

func TestLiftScalars(t *testing.T) {
	cx := newGuest(8).context(binary.UTF8)
	for _, c := range []uint64{0xd800, 0xdfff, 0x110000, math.MaxUint32} {
		_, dynamic, typed := both[Char](t, cx, prim(types.Char), []uint64{c})
		wantTrap(t, "dynamic char", dynamic, "invalid `char` bit pattern")
		wantTrap(t, "typed char", typed, "invalid `char` bit pattern")
	}
	for _, c := range []uint64{0, 0xd7ff, 0xe000, 0x10ffff} {
		if v, dynamic, typed := both[Char](t, cx, prim(types.Char), []uint64{c}); uint64(v) != c || dynamic != nil || typed != nil {
			t.Errorf("char %#x: %v, %v, %v", c, v, dynamic, typed)
		}
	}
	if v, _, _ := both[bool](t, cx, prim(types.Bool), []uint64{0xffffffff00000002}); !v {
		t.Error("bool 2 is false")
	}
	if v, _, _ := both[bool](t, cx, prim(types.Bool), []uint64{0xffffffff00000000}); v {
		t.Error("bool: the upper half of an i32 counts")
	}
	if v, _, _ := both[int8](t, cx, prim(types.S8), []uint64{0x180}); v != -128 {
		t.Errorf("s8 0x180 = %d", v)
	}
	if v, _, _ := both[float32](t, cx, prim(types.F32), []uint64{0xffc12345}); math.Float32bits(v) != canonicalNaN32 {
		t.Errorf("f32 NaN %#x", math.Float32bits(v))
	}
	if v, _, _ := both[float64](t, cx, prim(types.F64), []uint64{0xfff8000000000001}); math.Float64bits(v) != canonicalNaN64 {
		t.Errorf("f64 NaN %#x", math.Float64bits(v))
	}
	enum := types.NewEnum([]string{"a", "b"})
	_, dynamic, typed := both[uint8](t, cx, enum, []uint64{2})
	wantTrap(t, "enum", dynamic, "invalid variant discriminant")
	wantTrap(t, "enum", typed, "invalid variant discriminant")
	_, dynamic, typed = both[Option[bool]](t, cx, types.NewOption(prim(types.Bool)), []uint64{2, 0})
	wantTrap(t, "option", dynamic, "invalid variant discriminant")
	wantTrap(t, "option", typed, "invalid variant discriminant")
	if v, _, _ := both[uint8](t, cx, types.NewFlags([]string{"a", "b"}), []uint64{0xfe}); v != 2 {
		t.Errorf("flags 0xfe = %#x", v)
	}
}

// TestLiftFloatList checks that a list, which moves as one block, has no NaN but one.
func TestLiftFloatList(t *testing.T) {
	g := newGuest(64)
	storeInt(g.mem, 8, uint32(0x7fa00001))
	storeInt(g.mem, 12, math.Float32bits(2))
	v, dynamic, typed := both[[]float32](t, g.context(binary.UTF8), types.NewList(prim(types.F32)), []uint64{8, 2})
	if dynamic != nil || typed != nil || math.Float32bits(v[0]) != canonicalNaN32 || v[1] != 2 {
		t.Errorf("got %v, %v, %v", v, dynamic, typed)
	}
}

func TestBudget(t *testing.T) {
	g := newGuest(1024)
	strs := types.NewList(prim(types.String))
	for i := range uint32(4) {
		storeInt(g.mem, 64+8*i, uint32(512))
		storeInt(g.mem, 68+8*i, uint32(100))
	}
	p, err := Compile(strs, reflect.TypeFor[[]string](), nil)
	if err != nil {
		t.Fatal(err)
	}
	lift := map[string]func(*Context) error{
		"dynamic": func(cx *Context) error { _, err := Lift(cx, strs, []uint64{64, 4}); return err },
		"typed":   func(cx *Context) error { return p.Lift(cx, []uint64{64, 4}, unsafe.Pointer(new([]string))) },
	}
	// The list costs what Go holds for its elements, the strings their bytes.
	for form, need := range map[string]int64{"dynamic": 4*48 + 400, "typed": 4*16 + 400} {
		for _, budget := range []int64{-1, 0, 31, 64, 400, need - 1, need} {
			cx := g.context(binary.UTF8)
			cx.Budget = budget
			err := lift[form](cx)
			if budget < need {
				wantTrap(t, form, err, "more bytes than it may")
			} else if err != nil || cx.Budget != 0 {
				t.Errorf("%s: budget %d: %v, %d left", form, budget, err, cx.Budget)
			}
		}
	}
	bools := types.NewTuple(types.NewFixedList(prim(types.Bool), 1000))
	cx := g.context(binary.UTF8)
	cx.Budget = 1000
	_, err = LiftValues(cx, MaxFlatParams, bools, []uint64{0})
	wantTrap(t, "a list of fixed length", err, "more bytes than it may")
}

func TestSpillTraps(t *testing.T) {
	pair := types.NewTuple(prim(types.U32), prim(types.U32))
	big := make([]*types.Type, 17)
	for i := range big {
		big[i] = prim(types.U32)
	}
	f := &types.Func{Params: fields("a", types.NewTuple(big...)), Result: pair}
	type pairValue struct {
		_    Tuple
		A, B uint32
	}
	goBig := reflect.StructOf(append([]reflect.StructField{{Name: "T", Type: reflect.TypeFor[Tuple]()}}, letters(17)...))
	goArgs := reflect.StructOf([]reflect.StructField{{Name: "A", Type: goBig}})
	p, err := CompileFunc(f, goArgs, reflect.TypeFor[pairValue](), nil)
	if err != nil {
		t.Fatal(err)
	}
	g, args := newGuest(256), reflect.New(goArgs).UnsafePointer()
	cx := g.context(binary.UTF8)
	for _, tt := range []struct {
		ptr  uint64
		want string
	}{{1, "unaligned pointer"}, {252, "out of bounds"}, {math.MaxUint32 - 3, "out of bounds"}} {
		ptr := uint32(tt.ptr)
		_, err := LiftValues(cx, 1, ResultTuple(f), []uint64{tt.ptr})
		wantTrap(t, "dynamic lift", err, tt.want)
		_, err = LowerValues(cx, 1, ResultTuple(f), []Value{TupleValue{uint32(1), uint32(2)}}, &ptr, nil)
		wantTrap(t, "dynamic lower", err, tt.want)
		var v pairValue
		wantTrap(t, "result", p.LiftResult(cx, MaxFlatResults, []uint64{tt.ptr}, unsafe.Pointer(&v)), tt.want)
		_, _, err = p.LowerResult(cx, MaxFlatResults, []uint64{0, tt.ptr}, unsafe.Pointer(&v))
		wantTrap(t, "lower result", err, tt.want)
		wantTrap(t, "args", p.LiftArgs(cx, MaxFlatParams, []uint64{tt.ptr}, args), tt.want)
	}
	for _, tt := range []struct {
		ptr  uint32
		want string
	}{{1, "unaligned pointer"}, {1, "realloc return: result not aligned"}, {192, "realloc return: beyond end of memory"}} {
		g.script = func(_, _, _, _ uint32) uint32 { return tt.ptr }
		_, err = p.LowerArgs(cx, args, nil)
		wantTrap(t, "lower args", err, tt.want)
	}
}

func letters(n int) (fs []reflect.StructField) {
	for i := range n {
		fs = append(fs, reflect.StructField{Name: string(rune('A' + i)), Type: reflect.TypeFor[uint32]()})
	}
	return fs
}

func TestReallocTraps(t *testing.T) {
	u32s := types.NewList(prim(types.U32))
	bytes := types.NewList(prim(types.U8))
	tests := []struct {
		name string
		t    *types.Type
		v    Value
		enc  binary.Encoding
		ptrs []uint32
		want string
	}{
		{"empty list", bytes, []byte{}, binary.UTF8, []uint32{math.MaxUint32}, "realloc return: beyond end of memory"},
		{"between guests", bytes, []byte{}, binary.UTF8, []uint32{math.MaxUint32}, "list content out-of-bounds"},
		{"alignment first", u32s, []uint32{1}, binary.UTF8, []uint32{math.MaxUint32}, "realloc return: result not aligned"},
		{"values", u32s, []Value{uint32(1)}, binary.UTF8, []uint32{2}, "unaligned pointer"},
		{"string", prim(types.String), "abc", binary.UTF8, []uint32{254}, "beyond end"},
		{"utf-16", prim(types.String), "abc", binary.UTF16, []uint32{1}, "not aligned"},
		{"utf-16 shrunk", prim(types.String), "é", binary.UTF16, []uint32{0, 1}, "not aligned"},
		{"latin1", prim(types.String), "a", binary.Latin1UTF16, []uint32{3}, "not aligned"},
		{"latin1 inflated", prim(types.String), "a☃", binary.Latin1UTF16, []uint32{0, 250}, "beyond end"},
		{"latin1 inflated and shrunk", prim(types.String), "a☃", binary.Latin1UTF16, []uint32{0, 0, 254}, "beyond end"},
		{"deflated may be odd", prim(types.String), Text{Encoding: binary.Latin1UTF16, Wide: true, Data: []byte("a\x00")}, binary.Latin1UTF16, []uint32{0, 1}, ""},
	}
	for _, tt := range tests {
		g := newGuest(256)
		g.script = func(_, _, _, _ uint32) uint32 { return tt.ptrs[len(g.calls)] }
		err := Lower(g.context(tt.enc), tt.t, tt.v, make([]uint64, 2))
		if tt.want != "" {
			wantTrap(t, tt.name, err, tt.want)
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if len(g.calls) != len(tt.ptrs) {
			t.Errorf("%s: %d calls of realloc, want %d", tt.name, len(g.calls), len(tt.ptrs))
		}
	}
	g := newGuest(256)
	g.limit = 0
	if err := Lower(g.context(binary.UTF8), bytes, []byte{1}, make([]uint64, 2)); !errors.Is(err, errOutOfMemory) {
		t.Errorf("the guest's own error is lost: %v", err)
	}
}

// TestLowerHostMistakes lowers Go values that are no values of the type.
func TestLowerHostMistakes(t *testing.T) {
	cx := newGuest(64).context(binary.UTF8)
	u8 := prim(types.U8)
	rec := types.NewRecord(fields("a", u8))
	variant := types.NewVariant([]types.Case{{Name: "x", Type: u8}, {Name: "y"}})
	enum := types.NewEnum([]string{"a", "b"})
	for _, tt := range []struct {
		t *types.Type
		v Value
	}{
		{u8, 1}, {u8, nil}, {prim(types.Char), Char(0xd800)}, {prim(types.String), 1},
		{types.NewList(u8), "abc"}, {types.NewList(u8), []Value{uint16(1)}}, {types.NewFixedList(u8, 2), []byte{1}},
		{rec, RecordValue{{"b", uint8(1)}}}, {rec, RecordValue{}}, {rec, TupleValue{uint8(1)}},
		{types.NewTuple(u8), TupleValue{}}, {variant, VariantValue{Case: 2}}, {variant, VariantValue{Name: "z"}},
		{variant, EnumValue{}}, {enum, EnumValue{Name: "c"}}, {enum, EnumValue{Case: 9}},
		{types.NewOption(u8), uint8(1)}, {types.NewFlags([]string{"a"}), uint32(1)}, {types.NewOwn(&types.Resource{}), uint32(1)},
	} {
		var mistake *HostError
		if err := Lower(cx, tt.t, tt.v, make([]uint64, 16)); !errors.As(err, &mistake) {
			t.Errorf("lower %#v as %s: %v", tt.v, typeName(tt.t), err)
		}
		if err := Store(cx, tt.t, tt.v, 0); !errors.As(err, &mistake) {
			t.Errorf("store %#v as %s: %v", tt.v, typeName(tt.t), err)
		}
	}
	p, err := Compile(enum, reflect.TypeFor[uint8](), nil)
	if err != nil {
		t.Fatal(err)
	}
	two := uint8(2)
	if err := p.Lower(cx, unsafe.Pointer(&two), make([]uint64, 1)); err == nil {
		t.Error("an enum without such a case was lowered")
	}
	var flat [2]uint64
	if err := Lower(cx, prim(types.String), "a\xffb", flat[:]); err != nil {
		t.Fatal(err)
	}
	if v, err := Lift(cx, prim(types.String), flat[:]); v != "a\uFFFDb" {
		t.Errorf("invalid UTF-8 became %q, %v", v, err)
	}
}

// TestLowerFillsSlots checks that slots which a case does not use become zero.
func TestLowerFillsSlots(t *testing.T) {
	wt := types.NewOption(types.NewResult(prim(types.U64), prim(types.S32)))
	p, err := Compile(wt, reflect.TypeFor[Option[Result[uint64, int32]]](), nil)
	if err != nil {
		t.Fatal(err)
	}
	minus := Option[Result[uint64, int32]]{Some: true, Value: Result[uint64, int32]{IsErr: true, Err: -1}}
	none := Option[Result[uint64, int32]]{Value: minus.Value}
	for _, tt := range []struct {
		typed   Option[Result[uint64, int32]]
		dynamic Value
		want    []uint64
	}{
		{none, Option[Value]{}, []uint64{0, 0, 0}},
		{minus, Option[Value]{Some: true, Value: Result[Value, Value]{IsErr: true, Err: int32(-1)}}, []uint64{1, 1, 0xffffffff}},
	} {
		cx := newGuest(0).context(binary.UTF8)
		typed, dynamic := []uint64{7, 7, 7}, []uint64{7, 7, 7}
		if err := errors.Join(p.Lower(cx, unsafe.Pointer(&tt.typed), typed), Lower(cx, wt, tt.dynamic, dynamic)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(typed, tt.want) || !reflect.DeepEqual(dynamic, tt.want) {
			t.Errorf("got %x and %x, want %x", typed, dynamic, tt.want)
		}
	}
}
