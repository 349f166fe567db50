package abi

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

func TestRoundTrip(t *testing.T) {
	for seed := range uint64(3000) {
		roundTrip(t, seed)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(uint64(1))
	f.Fuzz(roundTrip)
}

// roundTrip lowers a random value through a plan, lifts it dynamically, passes
// that on to another guest, and lifts it there through the plan.
func roundTrip(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	p := randomPair(r, 3)
	plan, err := Compile(p.t, p.g, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := reflect.New(p.g)
	fill(r, p.t, want.Elem())
	size := p.t.Size
	typed, dynamic := newGuest(int(size)), newGuest(int(size))
	enc := randomEncoding(r)
	typed.next, dynamic.next = size, size

	tcx, dcx := typed.context(enc), dynamic.context(enc)
	if err := plan.Store(tcx, want.UnsafePointer(), 0); err != nil {
		t.Fatal(err)
	}
	v, err := Load(tcx, p.t, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := Store(dcx, p.t, v, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(typed.mem, dynamic.mem) || !reflect.DeepEqual(typed.calls, dynamic.calls) {
		t.Errorf("%v: the two forms lower %+v differently", p.g, want.Elem())
	}

	// Between guests, with the text as it is.
	tcx.KeepText = true
	tuple := types.NewTuple(p.t)
	if v, err = Load(tcx, p.t, 0); err != nil {
		t.Fatal(err)
	}
	other := newGuest(8)
	ocx := other.context(randomEncoding(r))
	flat, err := LowerValues(ocx, MaxFlatParams, tuple, []Value{v}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := reflect.New(p.g)
	ocx.begin()
	if err := liftSpilled(ocx, p.t, plan.c, MaxFlatParams, flat, got.UnsafePointer()); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Interface(), want.Interface()) {
		t.Errorf("%v: got %+v, want %+v", p.g, got.Elem(), want.Elem())
	}
	if p.t.NumFlat <= types.MaxFlat {
		again := make([]uint64, p.t.NumFlat)
		third := newGuest(8)
		if err := plan.Lower(third.context(ocx.Encoding), want.UnsafePointer(), again); err != nil {
			t.Fatal(err)
		}
		// Addresses differ where text came in another encoding.
		if !p.t.HasPointers && !reflect.DeepEqual(flat, again) {
			t.Errorf("%v: flat %x and %x", p.g, flat, again)
		}
	}
}

// FuzzLift lifts a random type from arbitrary memory and flat values: an error
// or a value that both forms agree on, and no more memory than the budget.
func FuzzLift(f *testing.F) {
	f.Add(uint64(1), []byte("\x08\x00\x00\x00\x02\x00\x00\x00hi"), uint32(0))
	f.Add(uint64(7), make([]byte, 64), uint32(8))
	f.Fuzz(lift)
}

func TestLiftAnything(t *testing.T) {
	for seed := range uint64(20000) {
		r := rand.New(rand.NewPCG(seed, 2))
		mem := make([]byte, r.IntN(96))
		for i := range mem {
			mem[i] = []byte{0, 0, 0, 0, 1, 2, 4, 8, 16, 'a', 0xc3, 0xa9, 0xd8, 0xff, byte(r.Uint32())}[r.IntN(15)]
		}
		lift(t, seed, mem, uint32(r.IntN(12)*4))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func lift(t *testing.T, seed uint64, mem []byte, ptr uint32) {
	r := rand.New(rand.NewPCG(seed, 3))
	p := randomPair(r, 3)
	plan, err := (&compiler{alias: r.IntN(2) == 0}).compile(p.t, p.g)
	if err != nil {
		t.Fatal(err)
	}
	g := newGuest(0)
	g.mem = mem
	cx := g.context(randomEncoding(r))
	cx.Budget = 1 << 16
	agree := func(v Value, dynamic error, dst unsafe.Pointer, typed error) {
		t.Helper()
		// Budgets differ: values of the two forms differ in size.
		if dynamic == error(errBudget) || typed == error(errBudget) {
			return
		}
		if dynamic != typed {
			t.Fatalf("%v: dynamic %v, typed %v", p.g, dynamic, typed)
		}
		if dynamic != nil {
			return
		}
		a, b := newGuest(int(p.t.Size)), newGuest(int(p.t.Size))
		a.next, b.next = p.t.Size, p.t.Size
		acx, bcx := a.context(cx.Encoding), b.context(cx.Encoding)
		bcx.begin()
		if err := Store(acx, p.t, v, 0); err != nil {
			t.Fatal(err)
		}
		if err := plan.store(bcx, dst, 0); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a.mem, b.mem) {
			t.Fatalf("%v: the two forms lift different values", p.g)
		}
	}
	dst := reflect.New(p.g).UnsafePointer()
	v, dynamic := Load(cx, p.t, ptr)
	cx.Budget = 1 << 16
	cx.begin()
	typed := cx.checkSpill(p.t, ptr, 0)
	if typed == nil {
		typed = plan.load(cx, ptr, dst)
	}
	agree(v, dynamic, dst, typed)

	if p.t.NumFlat > types.MaxFlat {
		return
	}
	flat := make([]uint64, p.t.NumFlat)
	for i := range flat {
		flat[i] = []uint64{0, 1, 2, 4, 8, r.Uint64N(64), r.Uint64()}[r.IntN(7)]
	}
	dst = reflect.New(p.g).UnsafePointer()
	cx.Budget = 1 << 16
	v, dynamic = Lift(cx, p.t, flat)
	cx.Budget = 1 << 16
	cx.begin()
	agree(v, dynamic, dst, plan.lift(cx, flat, dst))
}
