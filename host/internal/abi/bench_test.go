package abi

import (
	"reflect"
	"testing"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/types"
)

type entry struct {
	Kind uint8
	Size uint64
	Name string
}

// entries puts 1,000 × {enum, u64, string} into a guest's memory.
func entries(b *testing.B) (*guest, *types.Type, []uint64) {
	t := types.NewList(types.NewRecord(fields("kind", types.NewEnum(numbered(8)), "size", prim(types.U64), "name", prim(types.String))))
	vs := make([]entry, 1000)
	for i := range vs {
		vs[i] = entry{uint8(i % 7), uint64(i), "filename.txt"}
	}
	g, flat := newGuest(1<<20), make([]uint64, 2)
	p := benchPlan[[]entry](b, t)
	if err := p.Lower(g.context(binary.UTF8), unsafe.Pointer(&vs), flat); err != nil {
		b.Fatal(err)
	}
	return g, t, flat
}

func benchPlan[T any](b *testing.B, t *types.Type) *Plan {
	b.Helper()
	p, err := Compile(t, reflect.TypeFor[T](), nil)
	if err != nil {
		b.Fatal(err)
	}
	return p
}

func BenchmarkLiftRecords(b *testing.B) {
	g, t, flat := entries(b)
	p := benchPlan[[]entry](b, t)
	b.ReportAllocs()
	for b.Loop() {
		var vs []entry
		if err := p.Lift(g.context(binary.UTF8), flat, unsafe.Pointer(&vs)); err != nil || len(vs) != 1000 {
			b.Fatal(err)
		}
	}
}

func BenchmarkLiftRecordsDynamic(b *testing.B) {
	g, t, flat := entries(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Lift(g.context(binary.UTF8), t, flat); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLowerRecords(b *testing.B) {
	g, t, flat := entries(b)
	p := benchPlan[[]entry](b, t)
	var vs []entry
	if err := p.Lift(g.context(binary.UTF8), flat, unsafe.Pointer(&vs)); err != nil {
		b.Fatal(err)
	}
	next := uint32(0)
	g.script = func(_, _, align, size uint32) uint32 {
		next = (next + align - 1) &^ (align - 1)
		next += size
		return next - size
	}
	b.ReportAllocs()
	for b.Loop() {
		next, g.calls = 0, g.calls[:0]
		if err := p.Lower(g.context(binary.UTF8), unsafe.Pointer(&vs), flat); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBytes64K(b *testing.B) {
	t := types.NewList(prim(types.U8))
	p := benchPlan[[]byte](b, t)
	g := newGuest(1 << 20)
	flat := []uint64{1024, 65536}
	b.Run("lift", func(b *testing.B) {
		b.SetBytes(65536)
		b.ReportAllocs()
		for b.Loop() {
			var v []byte
			if err := p.Lift(g.context(binary.UTF8), flat, unsafe.Pointer(&v)); err != nil {
				b.Fatal(err)
			}
		}
	})
	v := make([]byte, 65536)
	g.script = func(_, _, _, _ uint32) uint32 { return 1024 }
	b.Run("lower", func(b *testing.B) {
		b.SetBytes(65536)
		b.ReportAllocs()
		for b.Loop() {
			g.calls = g.calls[:0]
			if err := p.Lower(g.context(binary.UTF8), unsafe.Pointer(&v), flat); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("between guests", func(b *testing.B) {
		b.SetBytes(65536)
		b.ReportAllocs()
		for b.Loop() {
			g.calls = g.calls[:0]
			v, err := Lift(g.context(binary.UTF8), t, flat)
			if err != nil {
				b.Fatal(err)
			}
			if err := Lower(g.context(binary.UTF8), t, v, flat); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkOutputStreamWrite is a whole host call of [method]output-stream.write
// with 1 KiB, without the host function itself.
func BenchmarkOutputStreamWrite(b *testing.B) {
	r := &types.Resource{Name: "output-stream"}
	fs := &files{typ: r, slab: []*file{{"a"}}}
	p, err := CompileFunc(writeFunc(r), reflect.TypeFor[writeArgs](), reflect.TypeFor[writeResult](), fs.resolve)
	if err != nil {
		b.Fatal(err)
	}
	g := newGuest(8192)
	g.table[3] = Ref{Type: r, Rep: 0}
	cx := g.context(binary.UTF8)
	flat := []uint64{3, 1024, 1024, 200}
	var args writeArgs
	var res writeResult
	b.ReportAllocs()
	for b.Loop() {
		cx.Budget = 1 << 20
		args = writeArgs{}
		if err := p.LiftArgs(cx, MaxFlatParams, flat, unsafe.Pointer(&args)); err != nil || len(args.Contents) != 1024 {
			b.Fatal(err)
		}
		if _, _, err := p.LowerResult(cx, MaxFlatResults, flat, unsafe.Pointer(&res)); err != nil {
			b.Fatal(err)
		}
	}
}
