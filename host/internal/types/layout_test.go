package types

import (
	"reflect"
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
)

func TestLayout(t *testing.T) {
	u8, u16, u32, u64, f32, str := Primitive(U8), Primitive(U16), Primitive(U32), Primitive(U64), Primitive(F32), Primitive(String)
	labels := func(n int) []string { return make([]string, n) }
	tests := []struct {
		name        string
		t           *Type
		size, align uint32
		flat        []FlatType
	}{
		{"bool", Primitive(Bool), 1, 1, []FlatType{FlatI32}},
		{"string", str, 8, 4, []FlatType{FlatI32, FlatI32}},
		{"tuple<u8,u64,u16>", NewTuple(u8, u64, u16), 24, 8, []FlatType{FlatI32, FlatI64, FlatI32}},
		{"option<u64>", NewOption(u64), 16, 8, []FlatType{FlatI32, FlatI64}},
		{"result", NewResult(nil, nil), 1, 1, []FlatType{FlatI32}},
		{"result<f32,u32>", NewResult(f32, u32), 8, 4, []FlatType{FlatI32, FlatI32}},
		{"result<f32,u64>", NewResult(f32, u64), 16, 8, []FlatType{FlatI32, FlatI64}},
		{"result<string,f32>", NewResult(str, f32), 12, 4, []FlatType{FlatI32, FlatI32, FlatI32}},
		{"enum 256", NewEnum(labels(256)), 1, 1, []FlatType{FlatI32}},
		{"enum 257", NewEnum(labels(257)), 2, 2, []FlatType{FlatI32}},
		{"flags 9", NewFlags(labels(9)), 2, 2, []FlatType{FlatI32}},
		{"flags 32", NewFlags(labels(32)), 4, 4, []FlatType{FlatI32}},
		{"list<u16,3>", NewFixedList(u16, 3), 6, 2, []FlatType{FlatI32, FlatI32, FlatI32}},
		{"list<u8,17>", NewFixedList(u8, 17), 17, 1, nil},
		{"map", NewMap(str, u8), 8, 4, []FlatType{FlatI32, FlatI32}},
		{"stream", NewStream(str), 4, 4, []FlatType{FlatI32}},
	}
	for _, tt := range tests {
		if tt.t.Size != tt.size || tt.t.Align != tt.align {
			t.Errorf("%s: size %d align %d, want %d and %d", tt.name, tt.t.Size, tt.t.Align, tt.size, tt.align)
		}
		if !reflect.DeepEqual(tt.t.Flat, tt.flat) {
			t.Errorf("%s: flat %v, want %v", tt.name, tt.t.Flat, tt.flat)
		}
	}
	r := NewTuple(u8, u64, u16)
	if r.Fields[1].Offset != 8 || r.Fields[2].Offset != 16 {
		t.Errorf("offsets %+v", r.Fields)
	}
	if s := NewStream(str); s.HasPointers || !s.HasHandles {
		t.Errorf("stream<string>: a stream is a handle without pointers, got %+v", s)
	}
	if p := NewOption(u64).PayloadOffset(); p != 8 {
		t.Errorf("payload offset %d, want 8", p)
	}
}

func TestFlattenFunc(t *testing.T) {
	u32 := Primitive(U32)
	params := func(n int) (ps []Field) {
		for range n {
			ps = append(ps, Field{Name: "p", Type: u32})
		}
		return ps
	}
	i32s := func(n int) []core.ValType {
		ts := make([]core.ValType, n)
		for i := range ts {
			ts[i] = core.I32
		}
		return ts
	}
	tests := []struct {
		params, results int
		lower, async    bool
		wantP, wantR    int
	}{
		{16, 1, false, false, 16, 1},
		{17, 2, false, false, 1, 1},
		{17, 2, true, false, 2, 0},
		{3, 0, true, false, 3, 0},
		{4, 1, true, true, 5, 1},
		{5, 0, true, true, 1, 1},
		{16, 5, false, true, 16, 1},
	}
	for _, tt := range tests {
		f := &Func{Params: params(tt.params)}
		switch tt.results {
		case 0:
		case 1:
			f.Result = u32
		default:
			f.Result = NewTuple(u32, u32)
		}
		got := FlattenFunc(f, tt.lower, tt.async)
		want := core.FuncType{Params: i32s(tt.wantP), Results: i32s(tt.wantR)}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}
