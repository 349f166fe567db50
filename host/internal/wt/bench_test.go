package wt

import (
	"fmt"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
)

// BenchmarkHostCall is a suspension for a host call and the resume after it.
func BenchmarkHostCall(b *testing.B) {
	s, in := guest(b)
	f := call(b, s, in, "loop", uint64(b.N)+1)
	defer f.Close()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if f.Resume() == core.EventHostCall {
			f.Return(f.Args()[0] + 1)
		}
	}
}

// BenchmarkHostCallWithMemory looks at the guest's memory in each host call.
func BenchmarkHostCallWithMemory(b *testing.B) {
	s, in := guest(b)
	mem := in.Export("mem")
	f := call(b, s, in, "loop", uint64(b.N)+1)
	defer f.Close()
	b.ResetTimer()
	for range b.N {
		if f.Resume() == core.EventHostCall {
			f.Return(uint64(mem.Bytes()[9]))
		}
	}
}

// BenchmarkHostCallWithRealloc makes a nested call, as for a list result.
func BenchmarkHostCallWithRealloc(b *testing.B) {
	s, in := guest(b)
	realloc := in.Export("realloc")
	f := call(b, s, in, "loop", uint64(b.N)+1)
	defer f.Close()
	b.ResetTimer()
	for range b.N {
		if f.Resume() != core.EventHostCall {
			continue
		}
		r, err := s.Call(realloc, []uint64{0, 0, 1, 8})
		if err != nil || r.Resume() != core.EventDone {
			b.Fatal(err, r.Err())
		}
		p := r.Results()[0]
		r.Close()
		f.Return(p)
	}
}

func BenchmarkCall(b *testing.B) {
	s, in := guest(b)
	add := in.Export("add")
	b.ReportAllocs()
	for b.Loop() {
		f, err := s.Call(add, []uint64{41})
		if err != nil || f.Resume() != core.EventDone || f.Results()[0] != 42 {
			b.Fatal(err)
		}
		f.Close()
	}
}

// BenchmarkSpawnAndKill makes a store with an instance, suspends its guest in
// a host call, and closes the store.
func BenchmarkSpawnAndKill(b *testing.B) {
	e := newEngine(b, Config{})
	m := compile(b, e, guestText)
	for b.Loop() {
		c, err := e.NewStore(core.StoreLimits{})
		if err != nil {
			b.Fatal(err)
		}
		s := c.(*Store)
		in := instantiate(b, s, m)
		f := call(b, s, in, "loop", 3)
		expect(b, f, core.EventHostCall)
		s.Close()
	}
}

// BenchmarkComponentCoreSide starts what a typical command component consists
// of: a module with 60 imports that come from a shim with a table, the shim,
// and a fixup that puts 60 host functions into the table.
func BenchmarkComponentCoreSide(b *testing.B) {
	const n = 60
	e := newEngine(b, Config{})
	var shim, main, fix strings.Builder
	fmt.Fprintf(&shim, `(module (table (export "t") %d funcref) (type $f (func (param i32) (result i32)))`, n)
	main.WriteString("(module ")
	fmt.Fprintf(&fix, `(module (import "s" "t" (table $t %d funcref))`, n)
	for i := range n {
		fmt.Fprintf(&shim, `(func (export "%d") (param i32) (result i32) (call_indirect (type $f) (local.get 0) (i32.const %d)))`, i, i)
		fmt.Fprintf(&main, `(import "wasi:io/streams@0.2.6" "%d" (func (param i32) (result i32)))`, i)
		fmt.Fprintf(&fix, `(import "f" "%d" (func (param i32) (result i32)))`, i)
	}
	fix.WriteString("(elem (table $t) (i32.const 0) func")
	for i := range n {
		fmt.Fprintf(&fix, " %d", i)
	}
	fix.WriteString("))")
	shim.WriteString(")")
	main.WriteString(`(memory (export "memory") 17) (func (export "run")))`)
	ms, mm, mf := compile(b, e, shim.String()), compile(b, e, main.String()), compile(b, e, fix.String())
	inst := func(s *Store, m *Module, imports []core.Extern) core.Instance {
		f, err := s.Instantiate(m, imports)
		if err != nil {
			b.Fatal(err)
		}
		if f.Resume() != core.EventDone {
			b.Fatal(f.Err())
		}
		defer f.Close()
		return f.Instance()
	}
	for b.Loop() {
		c, err := e.NewStore(core.StoreLimits{})
		if err != nil {
			b.Fatal(err)
		}
		s := c.(*Store)
		is := inst(s, ms, nil)
		shims, hosts := make([]core.Extern, n), make([]core.Extern, 1, n+1)
		for i := range n {
			shims[i] = is.Export(fmt.Sprint(i))
			h, err := s.HostFunc(typeEcho, uint32(i))
			if err != nil {
				b.Fatal(err)
			}
			hosts = append(hosts, h)
		}
		hosts[0] = is.Export("t")
		inst(s, mm, shims)
		inst(s, mf, hosts)
		s.Close()
	}
}
