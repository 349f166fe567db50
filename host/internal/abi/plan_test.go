package abi

import (
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/types"
)

// streamError is variant stream-error { last-operation-failed(own<error>), closed }.
type streamError struct {
	Case                Case
	LastOperationFailed *file
	Closed              struct{}
}

type writeArgs struct {
	Self     *file
	Contents []byte
}

type writeResult = Result[struct{}, streamError]

// writeFunc is [method]output-stream.write of wasi:io.
func writeFunc(r *types.Resource) *types.Func {
	streamErr := types.NewVariant([]types.Case{{Name: "last-operation-failed", Type: types.NewOwn(r)}, {Name: "closed"}})
	return &types.Func{
		Params: fields("self", types.NewBorrow(r), "contents", types.NewList(prim(types.U8))),
		Result: types.NewResult(nil, streamErr),
	}
}

func TestFuncPlanHostFunction(t *testing.T) {
	r := &types.Resource{Name: "output-stream"}
	fs := &files{typ: r, slab: []*file{{"a"}}}
	p, err := CompileFunc(writeFunc(r), reflect.TypeFor[writeArgs](), reflect.TypeFor[writeResult](), fs.resolve)
	if err != nil {
		t.Fatal(err)
	}
	g := newGuest(1024)
	g.table[3] = Ref{Type: r, Rep: 0}
	g.last = 3
	copy(g.mem[100:], "hello")
	cx := g.context(binary.UTF8)

	args := &writeArgs{}
	flat := []uint64{3, 100, 5, 200}
	if err := p.LiftArgs(cx, MaxFlatParams, flat, unsafe.Pointer(args)); err != nil {
		t.Fatal(err)
	}
	if args.Self != fs.slab[0] || string(args.Contents) != "hello" || cap(args.Contents) != 5 {
		t.Errorf("lifted %+v", args)
	}
	if &args.Contents[0] != &g.mem[100] {
		t.Error("a []byte parameter was copied")
	}

	res := writeResult{IsErr: true, Err: streamError{LastOperationFailed: &file{"e"}}}
	if _, n, err := p.LowerResult(cx, MaxFlatResults, flat, unsafe.Pointer(&res)); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if got := g.mem[200:212]; got[0] != 1 || got[4] != 0 || got[8] != 4 {
		t.Errorf("lowered % x", got)
	}
	if fs.slab[g.table[4].Rep].name != "e" {
		t.Error("the error's handle leads elsewhere")
	}
	res = writeResult{IsErr: true, Err: streamError{Case: 1}}
	if _, _, err := p.LowerResult(cx, MaxFlatResults, flat, unsafe.Pointer(&res)); err != nil || g.mem[204] != 1 {
		t.Error("closed", err, g.mem[200:212])
	}
}

type point struct{ X, Y uint32 }

type mixed struct {
	Name   string
	Points []point
	Opt    Option[uint64]
	Tags   []string
	Pair   struct {
		_ Tuple
		A int8
		B float64
	}
	Kind  uint8
	Bits  uint16
	Ch    Char
	Fixed [3]uint16
}

func mixedType() *types.Type {
	pt := types.NewRecord(fields("x", prim(types.U32), "y", prim(types.U32)))
	return types.NewRecord(fields(
		"name", prim(types.String), "points", types.NewList(pt), "opt", types.NewOption(prim(types.U64)),
		"tags", types.NewList(prim(types.String)), "pair", types.NewTuple(prim(types.S8), prim(types.F64)),
		"kind", types.NewEnum([]string{"a", "b"}), "bits", types.NewFlags([]string{"r", "w", "x"}),
		"ch", prim(types.Char), "fixed", types.NewFixedList(prim(types.U16), 3)))
}

func mixedValue() mixed {
	m := mixed{Name: "näme", Points: []point{{1, 2}, {3, 4}}, Opt: Option[uint64]{true, 1 << 40},
		Tags: []string{"x", "", "yz"}, Kind: 1, Bits: 5, Ch: '☃', Fixed: [3]uint16{7, 8, 9}}
	m.Pair.A, m.Pair.B = -3, 1.5
	return m
}

// TestFuncPlanExport passes a mixed to an export, flat and in memory, and back.
func TestFuncPlanExport(t *testing.T) {
	type args struct {
		M mixed
		N []uint8
	}
	for _, params := range []int{1, 2} {
		f := &types.Func{Params: fields("m", mixedType(), "n", types.NewList(prim(types.U8)))[:params], Result: mixedType()}
		argsType := reflect.TypeFor[args]()
		if params == 1 {
			argsType = reflect.TypeFor[struct{ M mixed }]()
		}
		p, err := CompileFunc(f, argsType, reflect.TypeFor[mixed](), nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, enc := range []binary.Encoding{binary.UTF8, binary.UTF16, binary.Latin1UTF16} {
			testExport(t, p, f, enc, &args{mixedValue(), []byte("abc")})
		}
	}
}

func testExport[A any](t *testing.T, p *FuncPlan, f *types.Func, enc binary.Encoding, args *A) {
	t.Helper()
	g := newGuest(64)
	cx := g.context(enc)
	flat, err := p.LowerArgs(cx, unsafe.Pointer(args), make([]uint64, 0, MaxFlatParams))
	if err != nil {
		t.Fatal(err)
	}
	vs, err := LiftValues(cx, MaxFlatParams, ParamTuple(f), flat)
	if err != nil {
		t.Fatal(err)
	}
	// The dynamic values go back as the result of another guest, at address 0.
	other, out := newGuest(4096), uint32(0)
	other.next = 1024
	if _, err := LowerValues(other.context(enc), MaxFlatResults, ResultTuple(f), vs[:1], &out, nil); err != nil {
		t.Fatal(err)
	}
	want := mixedValue()
	var got mixed
	if err := p.LiftResult(other.context(enc), MaxFlatResults, []uint64{0}, unsafe.Pointer(&got)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("encoding %d: got %+v, %v", enc, got, err)
	}
	again := (*A)(reflect.New(reflect.TypeFor[A]()).UnsafePointer())
	if err := p.LiftArgs(cx, MaxFlatParams, flat, unsafe.Pointer(again)); err != nil {
		t.Fatal(err)
	}
	if len(f.Params) == 2 && !reflect.DeepEqual(again, args) {
		t.Errorf("encoding %d: arguments came back as %+v", enc, again)
	}
}

// TestPadding checks that no byte between the fields of a Go struct reaches the guest.
func TestPadding(t *testing.T) {
	type padded struct {
		A uint8
		B uint32
	}
	p, err := Compile(types.NewRecord(fields("a", prim(types.U8), "b", prim(types.U32))), reflect.TypeFor[padded](), nil)
	if err != nil {
		t.Fatal(err)
	}
	g, v := newGuest(8), padded{1, 2}
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&v)), 4), "\x01zzz")
	if err := p.Store(g.context(binary.UTF8), unsafe.Pointer(&v), 0); err != nil || string(g.mem) != "\x01\x00\x00\x00\x02\x00\x00\x00" {
		t.Errorf("stored % x, %v", g.mem, err)
	}
}

type badLabels uint8

func (badLabels) Labels() []string { return []string{"a", "c"} }

func TestMismatch(t *testing.T) {
	u16 := prim(types.U16)
	rec := types.NewRecord(fields("remote-port", u16))
	enum := types.NewEnum([]string{"a", "b"})
	res := &types.Resource{Name: "thing"}
	tests := []struct {
		t    *types.Type
		g    reflect.Type
		want string
	}{
		{rec, reflect.TypeFor[struct{ RemotePort uint32 }](), "param 2 (p) field remote-port: WIT u16, Go uint32"},
		{rec, reflect.TypeFor[struct{ LocalPort uint16 }](), "param 2 (p): WIT field remote-port, Go field LocalPort"},
		{rec, reflect.TypeFor[struct {
			LocalPort uint16 `wit:"remote-port"`
		}](), ""},
		{rec, reflect.TypeFor[struct {
			RemotePort uint16 `wit:"port"`
		}](), "is tagged port"},
		{rec, reflect.TypeFor[struct{}](), "WIT has 1 fields, Go struct {} has 0"},
		{rec, reflect.TypeFor[struct {
			_ Tuple
			A uint16
		}](), "WIT record"},
		{types.NewTuple(u16), reflect.TypeFor[struct{ A uint16 }](), "WIT tuple"},
		{types.NewList(rec), reflect.TypeFor[[]struct{ RemotePort int16 }](), "element field remote-port: WIT u16, Go int16"},
		{prim(types.Char), reflect.TypeFor[int32](), "WIT char, Go int32"},
		{prim(types.S32), reflect.TypeFor[Char](), "WIT s32, Go abi.Char"},
		{types.NewOption(u16), reflect.TypeFor[*uint16](), "WIT option<u16>, Go *uint16"},
		{types.NewOption(u16), reflect.TypeFor[Option[string]](), "some: WIT u16, Go string"},
		{types.NewResult(nil, u16), reflect.TypeFor[Result[uint8, uint16]](), "ok: WIT has no payload, Go uint8"},
		{enum, reflect.TypeFor[badLabels](), "label 1: WIT b, Go abi.badLabels has c"},
		{enum, reflect.TypeFor[int8](), "WIT enum, Go int8"},
		{types.NewEnum(make([]string, 257)), reflect.TypeFor[uint8](), "WIT enum, Go uint8"},
		{types.NewFlags(make([]string, 9)), reflect.TypeFor[uint8](), "WIT flags, Go uint8"},
		{types.NewVariant([]types.Case{{Name: "x", Type: u16}}), reflect.TypeFor[struct {
			Case Case
			Y    uint16
		}](), "WIT case x, Go field Y"},
		{types.NewOwn(res), reflect.TypeFor[*file](), "resource thing is not implemented in Go"},
		{types.NewOwn(res), reflect.TypeFor[Ref](), ""},
		{types.NewFixedList(u16, 2), reflect.TypeFor[[3]uint16](), "WIT list<u16, 2>, Go [3]uint16"},
		{types.NewStream(u16), reflect.TypeFor[uint32](), "WIT stream<u16>, Go uint32"},
	}
	for _, tt := range tests {
		f := &types.Func{Params: fields("first", u16, "p", tt.t)}
		args := reflect.StructOf([]reflect.StructField{{Name: "A", Type: reflect.TypeFor[uint16]()}, {Name: "B", Type: tt.g}})
		_, err := CompileFunc(f, args, reflect.TypeFor[struct{}](), nil)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%v: %v", tt.g, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%v: got %v, want %s", tt.g, err, tt.want)
		}
	}
}
