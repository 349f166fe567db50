package wt

import (
	"errors"
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
)

// hostileText calls a host function wherever a guest can be entered, and has
// the other ways to misbehave there.
const hostileText = `(module
 (import "h" "echo" (func $echo (param i32) (result i32)))
 (memory (export "mem") 1)
 (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $echo (i32.const 63)))
 (func (export "post") (param i32) (drop (call $echo (local.get 0))))
 (func (export "dtor") (param i32) (drop (call $echo (local.get 0))))
 (func (export "callback") (param i32 i32 i32) (result i32) (call $echo (local.get 0)))
 (func (export "trap") (param i32) unreachable)
 (func $recurse (export "recurse") (param i32) (call $recurse (local.get 0)))
 (func (export "grow") (param i32) (loop $l (drop (memory.grow (i32.const 1))) (br $l)))
 (func (export "spin") (param i32) (loop $l (br $l)))
 (func (export "run") (result i32) (call $echo (i32.const 1)))
 (func $start (drop (call $echo (i32.const 5))))
 (start $start))`

// A start function may make host calls: they suspend the instantiation.
func TestStartMakesHostCalls(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, hostileText)
	s := newStore(t, e, core.StoreLimits{})
	f := begin(t, s, m)
	defer f.Close()
	expect(t, f, core.EventHostCall)
	if f.Args()[0] != 5 || f.Instance() != nil {
		t.Fatal(f.Args())
	}
	f.Return(0)
	expect(t, f, core.EventDone)
	if f.Instance() == nil {
		t.Fatal("no instance")
	}
}

func TestStartThatTrapsSpinsOrIsKilled(t *testing.T) {
	e := newEngine(t, Config{})
	s := newStore(t, e, core.StoreLimits{})
	trap := begin(t, s, compile(t, e, `(module (func $s unreachable) (start $s))`))
	expect(t, trap, core.EventTrap)
	if trapCode(trap.Err()) != core.TrapUnreachable {
		t.Error(trap.Err())
	}
	spin := begin(t, s, compile(t, e, `(module (func $s (loop $l (br $l))) (start $s))`))
	expect(t, spin, core.EventPreempted)
	call := begin(t, s, compile(t, e, hostileText))
	expect(t, call, core.EventHostCall)
	deep := begin(t, s, compile(t, e, `(module (func $s (call $s)) (start $s))`))
	expect(t, deep, core.EventTrap)
	if trapCode(deep.Err()) != core.TrapStackOverflow {
		t.Error(deep.Err())
	}
	spin.Close()
	call.Close()
	if in := instantiate(t, s, compile(t, e, guestText)); in.Export("add") == nil {
		t.Error("the store did not survive")
	}
}

// Each entry of a guest, made while another call of it waits for the host,
// comes back as an event and can be killed; the waiting call then goes on.
func TestHostileEntries(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, hostileText)
	s := newStore(t, e, core.StoreLimits{MemoryBytes: 1 << 20})
	start := begin(t, s, m)
	defer start.Close()
	expect(t, start, core.EventHostCall)
	start.Return(0)
	expect(t, start, core.EventDone)
	in := start.Instance().(*Instance)

	run := call(t, s, in, "run")
	defer run.Close()
	expect(t, run, core.EventHostCall)
	for _, c := range []struct {
		name string
		args []uint64
		want core.Event
	}{
		{"cabi_realloc", []uint64{0, 0, 1, 8}, core.EventHostCall},
		{"post", []uint64{1}, core.EventHostCall},
		{"dtor", []uint64{1}, core.EventHostCall},
		{"callback", []uint64{1, 2, 3}, core.EventHostCall},
		{"trap", []uint64{1}, core.EventTrap},
		{"recurse", []uint64{1}, core.EventTrap},
		{"grow", []uint64{1}, core.EventPreempted},
		{"spin", []uint64{1}, core.EventPreempted},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := call(t, s, in, c.name, c.args...)
			expect(t, f, c.want)
			f.Close()
			g := call(t, s, in, c.name, c.args...)
			expect(t, g, c.want)
			if c.want == core.EventHostCall {
				g.Trap("cannot leave component instance")
				expect(t, g, core.EventTrap)
				if trapCode(g.Err()) != core.TrapHost {
					t.Error(g.Err())
				}
			}
			g.Close()
		})
	}
	run.Return(42)
	expect(t, run, core.EventDone)
	if run.Results()[0] != 42 {
		t.Fatal(run.Results())
	}
}

func TestExceptions(t *testing.T) {
	const text = `(module
	 (import "h" "echo" (func $echo (param i32) (result i32)))
	 (tag $t (export "tag") (param i32))
	 (func $throw (param i32) (throw $t (local.get 0)))
	 (func (export "uncaught") (param i32) (result i32) (throw $t (local.get 0)))
	 (func (export "ref") (param exnref) (result i32) i32.const 1)
	 (func (export "hold") (param i32) (result i32) (local $e exnref)
	   (block $h (result i32 exnref)
	     (try_table (result i32 exnref) (catch_ref $t $h) (call $throw (local.get 0)) unreachable))
	   (local.set $e)
	   (call $echo)
	   drop
	   (block $g (result i32) (try_table (result i32) (catch $t $g) (throw_ref (local.get $e)))))
	 (func (export "churn") (param i32) (result i32)
	   (loop $l
	     (block $h (result i32)
	       (try_table (result i32) (catch $t $h) (call $throw (i32.const 77)) unreachable))
	     drop
	     (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
	   i32.const 0))`
	e := newEngine(t, Config{})
	m := compile(t, e, text)
	s := newStore(t, e, core.StoreLimits{MemoryBytes: 1 << 20})
	in := instantiate(t, s, m)
	if x := in.Export("tag"); x == nil || x.Kind() != core.Tag {
		t.Error("no tag")
	}
	u := call(t, s, in, "uncaught", 1)
	defer u.Close()
	expect(t, u, core.EventTrap)
	if trapCode(u.Err()) != core.TrapUncaughtException {
		t.Error(u.Err())
	}
	// A type that the C API has no name for.
	if ft, ok := in.Export("ref").FuncType(); !ok || len(ft.Params) != 1 || ft.Params[0] != 0x69 {
		t.Error(ft)
	}
	if _, err := s.Call(in.Export("ref"), []uint64{0}); err == nil {
		t.Error("a reference crossed the border")
	}
	// One fiber keeps an exception over a suspension while another one fills
	// the heap of exceptions.
	hold := call(t, s, in, "hold", 1234)
	defer hold.Close()
	expect(t, hold, core.EventHostCall)
	churn := call(t, s, in, "churn", 1_000_000)
	defer churn.Close()
	if ev := serve(churn); ev != core.EventTrap || trapCode(churn.Err()) != core.TrapOutOfMemory {
		t.Error(ev, churn.Err())
	}
	hold.Return(0)
	if ev := serve(hold); ev != core.EventDone || hold.Results()[0] != 1234 {
		t.Error(ev, hold.Err())
	}

	off := newEngine(t, Config{NoExceptions: true})
	if _, err := off.Compile([]byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x0d\x03\x01\x00\x00")); err == nil {
		t.Error("a tag passed with exceptions off")
	}
}

// Whatever is used wrongly is an error and never reaches the library.
func TestWrongUseIsAnError(t *testing.T) {
	s, in := guest(t)
	other, otherIn := guest(t)
	add := in.Export("add")
	_, noFunc := s.Call(in.Export("mem"), nil)
	_, noExtern := s.Call(nil, nil)
	_, foreign := s.Call(otherIn.Export("add"), []uint64{1})
	_, few := s.Call(add, nil)
	_, many := s.Call(add, []uint64{1, 2})
	_, v128 := s.HostFunc(core.FuncType{Params: []core.ValType{core.V128}}, 1)
	_, ref := s.HostFunc(core.FuncType{Results: []core.ValType{core.FuncRef}}, 1)
	_, wide := s.HostFunc(core.FuncType{Params: make([]core.ValType, 25)}, 1)
	m := compile(t, s.engine, guestText)
	echo, err := s.HostFunc(typeEcho, idEcho)
	if err != nil {
		t.Fatal(err)
	}
	_, noImport := s.Instantiate(m, nil)
	_, nilImport := s.Instantiate(m, []core.Extern{nil})
	_, wrongKind := s.Instantiate(m, []core.Extern{in.Export("mem")})
	_, foreignImport := s.Instantiate(m, []core.Extern{otherIn.Export("add")})
	_, foreignModule := other.Instantiate(m, []core.Extern{echo})
	_, noModule := s.Instantiate(nil, nil)
	twin := compile(t, s.engine, `(module (import "a" "b" (func (param i32) (result i32))) (import "a" "b" (func (param i32) (result i32))))`)
	_, twins := s.Instantiate(twin, []core.Extern{echo, add})
	closed := compile(t, s.engine, `(module (memory 3))`)
	closed.Close()
	_, closedModule := s.Instantiate(closed, nil)
	for name, err := range map[string]error{
		"call of a memory": noFunc, "call of nothing": noExtern, "foreign function": foreign, "few": few, "many": many,
		"v128": v128, "funcref": ref, "wide": wide, "no import": noImport, "nil import": nilImport, "kind": wrongKind,
		"foreign import": foreignImport, "foreign module": foreignModule, "no module": noModule, "twins": twins,
		"closed module": closedModule,
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if in.Export("nothing") != nil || in.Export("mem") != in.Export("mem") {
		t.Error("exports")
	}
	f := begin(t, s, compile(t, s.engine, `(module (import "h" "echo" (func (param i64) (result i32))))`))
	defer f.Close()
	if ev := f.Resume(); ev != core.EventTrap || f.Err() == nil || trapCode(f.Err()) != 255 {
		t.Error("an import of a wrong type", ev, f.Err())
	}
	one, err := s.Instantiate(twin, []core.Extern{echo, echo})
	if err != nil || one.Resume() != core.EventDone {
		t.Error("the same import twice", err)
	}
}

func TestUseAfterClose(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, guestText)
	c, err := e.NewStore(core.StoreLimits{})
	if err != nil {
		t.Fatal(err)
	}
	s := c.(*Store)
	in := instantiate(t, s, m)
	mem, add := in.Export("mem"), in.Export("add")
	if len(mem.Bytes()) == 0 {
		t.Fatal("no memory")
	}
	if e.Close() == nil {
		t.Error("the engine closed below an open store")
	}
	waiting, fresh := call(t, s, in, "loop", 3), call(t, s, in, "add", 3)
	expect(t, waiting, core.EventHostCall)
	s.Close()
	s.Close()
	_, callErr := s.Call(add, []uint64{1})
	_, funcErr := s.HostFunc(typeEcho, 1)
	_, instErr := s.Instantiate(m, []core.Extern{add})
	for name, err := range map[string]error{"call": callErr, "host function": funcErr, "instantiate": instErr} {
		if !errors.Is(err, core.ErrClosed) {
			t.Error(name, err)
		}
	}
	for _, f := range []*Fiber{waiting, fresh} {
		f.Return(1)
		f.Trap("late")
		if f.Args() != nil || f.Results() != nil || f.ID() != 0 {
			t.Error("a closed fiber has values")
		}
		if ev := f.Resume(); ev != core.EventTrap || !errors.Is(f.Err(), core.ErrClosed) {
			t.Error(ev, f.Err())
		}
		f.Close()
	}
	if mem.Bytes() != nil || in.Export("mem") != nil || in.Export("add") != nil {
		t.Error("a closed store has externs")
	}
	if n := s.maps; liveMaps.Load() < 0 || n < 0 {
		t.Error("mappings", n)
	}
}

// Fibers, modules and stores may go in any order.
func TestCloseInAllOrders(t *testing.T) {
	e := newEngine(t, Config{})
	before := liveMaps.Load()
	for order := range 24 {
		m := compile(t, e, hostileText)
		c, err := e.NewStore(core.StoreLimits{})
		if err != nil {
			t.Fatal(err)
		}
		s := c.(*Store)
		inst, spin, idle := begin(t, s, m), begin(t, s, m), begin(t, s, m)
		expect(t, inst, core.EventHostCall)
		expect(t, spin, core.EventHostCall)
		spin.Return(1)
		expect(t, spin, core.EventDone)
		run := call(t, s, spin.Instance().(*Instance), "run")
		expect(t, run, core.EventHostCall)
		closers := []func(){s.Close, m.Close, inst.Close, func() { idle.Close(); run.Close(); spin.Close() }}
		for i, n := order, 4; n > 0; n-- {
			k := i % n
			i /= n
			closers[k]()
			closers = append(closers[:k], closers[k+1:]...)
		}
	}
	if n := liveMaps.Load(); n != before {
		t.Errorf("%d mappings still booked", n-before)
	}
	if len(e.modules) != 0 || e.users != 0 {
		t.Errorf("%d modules, %d users left", len(e.modules), e.users)
	}
}
