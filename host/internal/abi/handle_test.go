package abi

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/types"
)

type opened struct {
	Dir   *file
	Files []*file
}

// TestHandles passes resources that Go implements into a guest and back.
func TestHandles(t *testing.T) {
	r := &types.Resource{Name: "file"}
	fs := &files{typ: r}
	wt := types.NewRecord(fields("dir", types.NewBorrow(r), "files", types.NewList(types.NewOwn(r))))
	p, err := Compile(wt, reflect.TypeFor[opened](), fs.resolve)
	if err != nil {
		t.Fatal(err)
	}
	want := opened{&file{"dir"}, []*file{{"a"}, {"b"}}}
	g := newGuest(256)
	cx := g.context(binary.UTF8)
	flat := make([]uint64, 3)
	if err := p.Lower(cx, unsafe.Pointer(&want), flat); err != nil {
		t.Fatal(err)
	}
	if len(g.table) != 3 || flat[0] != 1 || flat[2] != 2 {
		t.Fatalf("lowered to %v, table %v", flat, g.table)
	}
	v, err := Lift(cx, types.NewTuple(types.NewBorrow(r)), flat)
	if tv, ok := v.(TupleValue); err != nil || !ok || tv[0] != (Ref{Type: r, Rep: 0}) {
		t.Errorf("dynamic borrow: %v, %v", v, err)
	}
	var got opened
	if err := p.Lift(cx, flat, unsafe.Pointer(&got)); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(g.table) != 1 || fs.slab[1] != nil || fs.slab[0] == nil {
		t.Errorf("own handles left behind: %v, %v", g.table, fs.slab)
	}
	got = opened{}
	wantTrap(t, "own lifted twice", p.Lift(cx, flat, unsafe.Pointer(&got)), "unknown handle index 2")
	_, err = Lift(cx, wt, flat)
	wantTrap(t, "dynamic own lifted twice", err, "unknown handle index 2")

	refs := RecordValue{{"dir", Ref{Type: r, Rep: 0}}, {"files", []Value{Ref{Type: r, Rep: 0}}}}
	if err := Store(cx, wt, refs, 0); err != nil {
		t.Fatal(err)
	}
	if v, err := Load(cx, wt, 0); err != nil || !reflect.DeepEqual(v, Value(refs)) {
		t.Errorf("dynamic handles came back as %v, %v", v, err)
	}
	cx.Handles = nil
	wantTrap(t, "lift without a table", p.Lift(cx, flat, unsafe.Pointer(&got)), "no handle table")
	wantTrap(t, "lower without a table", p.Lower(cx, unsafe.Pointer(&want), flat), "no handle table")
}

// TestRefHandle holds a resource that no Go type stands for as a Ref.
func TestRefHandle(t *testing.T) {
	r := &types.Resource{Name: "guest's"}
	p, err := Compile(types.NewOwn(r), reflect.TypeFor[Ref](), nil)
	if err != nil {
		t.Fatal(err)
	}
	g := newGuest(8)
	cx := g.context(binary.UTF8)
	want, got := Ref{Type: r, Rep: 9}, Ref{}
	if err := p.Store(cx, unsafe.Pointer(&want), 4); err != nil {
		t.Fatal(err)
	}
	if err := p.Load(cx, 4, unsafe.Pointer(&got)); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestUnsupported checks that async values are refused, not misread.
func TestUnsupported(t *testing.T) {
	cx := newGuest(64).context(binary.UTF8)
	for _, wt := range []*types.Type{types.NewStream(nil), types.NewFuture(prim(types.U8)), prim(types.ErrorContext)} {
		_, lift := Lift(cx, wt, []uint64{1})
		_, load := Load(cx, wt, 0)
		for _, err := range []error{lift, load, Lower(cx, wt, Ref{}, make([]uint64, 1)), Store(cx, wt, Ref{}, 0)} {
			wantTrap(t, typeName(wt), err, "not supported")
		}
	}
}

// TestFlagsByLabel lowers flags by their labels.
func TestFlagsByLabel(t *testing.T) {
	wt := types.NewFlags([]string{"r", "w", "x"})
	cx := newGuest(8).context(binary.UTF8)
	flat := make([]uint64, 1)
	if err := Lower(cx, wt, []string{"x", "r"}, flat); err != nil || flat[0] != 5 {
		t.Errorf("got %v, %v", flat, err)
	}
	if err := Lower(cx, wt, []string{"q"}, flat); err == nil {
		t.Error("flags have no q")
	}
}

// TestFlatResult lowers results that need no memory.
func TestFlatResult(t *testing.T) {
	for _, tt := range []struct {
		result *types.Type
		n      int
	}{{prim(types.S16), 1}, {nil, 0}} {
		v := int16(-2)
		g := reflect.TypeFor[int16]()
		if tt.result == nil {
			g = reflect.TypeFor[struct{}]()
		}
		p, err := CompileFunc(&types.Func{Result: tt.result}, reflect.TypeFor[struct{}](), g, nil)
		if err != nil {
			t.Fatal(err)
		}
		cx := &Context{}
		got, n, err := p.LowerResult(cx, MaxFlatResults, nil, unsafe.Pointer(&v))
		if err != nil || n != tt.n || n == 1 && got != 0xfffffffe {
			t.Errorf("got %x, %d, %v", got, n, err)
		}
		var back int16
		if err := p.LiftResult(cx, MaxFlatResults, []uint64{got}, unsafe.Pointer(&back)); err != nil || n == 1 && back != v {
			t.Errorf("lifted %d, %v", back, err)
		}
		if err := p.LiftArgs(cx, MaxFlatParams, nil, unsafe.Pointer(&struct{}{})); err != nil {
			t.Error(err)
		}
	}
}

// TestWrongFlat checks that too few flat values are an error and no panic.
func TestWrongFlat(t *testing.T) {
	r := &types.Resource{Name: "output-stream"}
	p, err := CompileFunc(writeFunc(r), reflect.TypeFor[writeArgs](), reflect.TypeFor[writeResult](), (&files{typ: r}).resolve)
	if err != nil {
		t.Fatal(err)
	}
	cx := newGuest(64).context(binary.UTF8)
	var args writeArgs
	var res writeResult
	if p.LiftArgs(cx, MaxFlatParams, []uint64{1}, unsafe.Pointer(&args)) == nil || p.LiftResult(cx, 1, nil, unsafe.Pointer(&res)) == nil {
		t.Error("flat values are missing")
	}
	if _, _, err := p.LowerResult(cx, MaxFlatResults, nil, unsafe.Pointer(&res)); err == nil {
		t.Error("the result's address is missing")
	}
	if _, err := Lift(cx, prim(types.String), []uint64{1}); err == nil {
		t.Error("flat values are missing")
	}
	if _, err := LiftValues(cx, MaxFlatParams, ParamTuple(writeFunc(r)), nil); err == nil {
		t.Error("flat values are missing")
	}
}
