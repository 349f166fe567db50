package wt

// What these tests cannot see by themselves shows under the race detector and
// with the strictest checks of pointers that pass to C:
//
//	go test -race ./host/internal/wt
//	GOGC=1 GOEXPERIMENT=cgocheck2 go test ./host/internal/wt

import (
	"errors"
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

// The host functions of the tests' guests.
const (
	idEcho = 7 // (i32) -> i32
	idSink = 8 // ()
)

var (
	i32        = core.I32
	typeEcho   = core.FuncType{Params: []core.ValType{i32}, Results: []core.ValType{i32}}
	typeSink   = core.FuncType{}
	hostByName = map[string]struct {
		t  core.FuncType
		id uint32
	}{
		"echo": {typeEcho, idEcho},
		"sink": {typeSink, idSink},
	}
)

// guestText has a function for each way to behave.
const guestText = `(module
 (import "h" "echo" (func $echo (param i32) (result i32)))
 (memory (export "mem") 1)
 (table (export "tab") 2 funcref)
 (global (export "glob") (mut i32) (i32.const 5))
 (func (export "add") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
 (func (export "mix") (param i32 i64 f32 f64) (result f64 f32 i64 i32)
   (local.get 3) (local.get 2) (local.get 1) (local.get 0))
 (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
 (func (export "loop") (param i32) (result i32) (local i32)
   (loop $l
     (local.set 1 (call $echo (local.get 1)))
     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
   local.get 1)
 (func (export "spin") (param i32) (result i32) (loop $l (br $l)) unreachable)
 (func (export "boom") (param i32) (result i32) (drop (call $echo (i32.const 1))) unreachable)
 (func (export "oob") (param i32) (result i32) (i32.load (i32.const -8)))
 (func (export "div") (param i32) (result i32) (i32.div_u (i32.const 1) (local.get 0)))
 (func (export "null") (param i32) (result i32) (call_indirect (result i32) (i32.const 0)))
 (func (export "grow") (param i32) (result i32)
   (drop (call $echo (i32.const 1)))
   (memory.grow (local.get 0)))
 (func (export "deep") (param i32) (result i32) (drop (call $echo (i32.const 1))) (call $rec (i32.const 0)))
 (func $rec (param i32) (result i32) (i32.add (i32.const 1) (call $rec (local.get 0)))))`

func newEngine(tb testing.TB, c Config) *Engine {
	tb.Helper()
	e, err := New(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

func compile(tb testing.TB, e *Engine, text string) *Module {
	tb.Helper()
	b, err := wat.Module(text)
	if err != nil {
		tb.Fatal(err)
	}
	m, err := e.Compile(b)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(m.Close)
	return m.(*Module)
}

func newStore(tb testing.TB, e *Engine, l core.StoreLimits) *Store {
	tb.Helper()
	s, err := e.NewStore(l)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s.(*Store)
}

// hostImports provides what a module wants from "h".
func hostImports(tb testing.TB, s *Store, m *Module) []core.Extern {
	tb.Helper()
	var out []core.Extern
	for _, i := range m.Imports() {
		h, ok := hostByName[i.Name]
		if !ok {
			tb.Fatalf("unknown import %q", i.Name)
		}
		x, err := s.HostFunc(h.t, h.id)
		if err != nil {
			tb.Fatal(err)
		}
		out = append(out, x)
	}
	return out
}

func begin(tb testing.TB, s *Store, m *Module) *Fiber {
	tb.Helper()
	f, err := s.Instantiate(m, hostImports(tb, s, m))
	if err != nil {
		tb.Fatal(err)
	}
	return f.(*Fiber)
}

func instantiate(tb testing.TB, s *Store, m *Module) *Instance {
	tb.Helper()
	f := begin(tb, s, m)
	defer f.Close()
	if ev := f.Resume(); ev != core.EventDone {
		tb.Fatalf("event %d: %v", ev, f.Err())
	}
	return f.Instance().(*Instance)
}

// guest is the usual one: engine, store and instance of guestText.
func guest(tb testing.TB) (*Store, *Instance) {
	tb.Helper()
	e := newEngine(tb, Config{})
	m := compile(tb, e, guestText)
	s := newStore(tb, e, core.StoreLimits{})
	return s, instantiate(tb, s, m)
}

func call(tb testing.TB, s *Store, in *Instance, name string, args ...uint64) *Fiber {
	tb.Helper()
	x := in.Export(name)
	if x == nil {
		tb.Fatalf("no export %q", name)
	}
	f, err := s.Call(x, args)
	if err != nil {
		tb.Fatal(err)
	}
	return f.(*Fiber)
}

// expect resumes a fiber and wants an event.
func expect(tb testing.TB, f *Fiber, want core.Event) {
	tb.Helper()
	got := f.Resume()
	for got == core.EventPreempted && want != core.EventPreempted {
		got = f.Resume()
	}
	if got != want {
		tb.Fatalf("event %d, want %d (err %v)", got, want, f.Err())
	}
}

// serve answers echo calls with the argument plus one until another event.
func serve(f *Fiber) core.Event {
	for {
		switch ev := f.Resume(); {
		case ev == core.EventHostCall && f.ID() == idEcho:
			f.Return(f.Args()[0] + 1)
		case ev == core.EventPreempted:
		default:
			return ev
		}
	}
}

func trapCode(err error) core.TrapCode {
	var t *core.Trap
	if errors.As(err, &t) {
		return t.Code
	}
	return 255
}
