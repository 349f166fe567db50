package wt

import (
	"math"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
)

func TestCall(t *testing.T) {
	s, in := guest(t)
	f := call(t, s, in, "add", 41)
	defer f.Close()
	expect(t, f, core.EventDone)
	if r := f.Results(); len(r) != 1 || r[0] != 42 {
		t.Fatal(r)
	}
	if f.Err() != nil || f.Instance() != nil || f.Args() != nil || f.ID() != 0 {
		t.Fatal("a done call has nothing but results")
	}
}

func TestValuesAreRawBits(t *testing.T) {
	s, in := guest(t)
	f32, f64 := uint64(math.Float32bits(-1.5)), math.Float64bits(math.Inf(-1))
	f := call(t, s, in, "mix", 0xffff_ffff_8000_0001, 1<<63|5, f32|7<<32, f64)
	defer f.Close()
	expect(t, f, core.EventDone)
	r := f.Results()
	if len(r) != 4 || r[0] != f64 || r[1] != f32 || r[2] != 1<<63|5 || r[3] != 0x8000_0001 {
		t.Fatalf("%#x", r)
	}
}

func TestHostCall(t *testing.T) {
	s, in := guest(t)
	f := call(t, s, in, "loop", 3)
	defer f.Close()
	for i := range uint64(3) {
		expect(t, f, core.EventHostCall)
		if a := f.Args(); f.ID() != idEcho || len(a) != 1 || a[0] != 10*i {
			t.Fatal(f.ID(), a)
		}
		f.Return(10 * (i + 1))
	}
	expect(t, f, core.EventDone)
	if f.Results()[0] != 30 {
		t.Fatal(f.Results())
	}
}

func TestNestedCallWhileSuspended(t *testing.T) {
	s, in := guest(t)
	f := call(t, s, in, "loop", 2)
	defer f.Close()
	for expect(t, f, core.EventHostCall); ; {
		r := call(t, s, in, "realloc", 0, 0, 1, 8)
		expect(t, r, core.EventDone)
		p := r.Results()[0]
		r.Close()
		f.Return(p)
		if f.Resume() == core.EventDone {
			break
		}
	}
	if f.Results()[0] != 64 {
		t.Fatal(f.Results())
	}
}

func TestHostTrap(t *testing.T) {
	s, in := guest(t)
	f := call(t, s, in, "loop", 1)
	defer f.Close()
	expect(t, f, core.EventHostCall)
	f.Trap("handle 3: not a pollable")
	f.Return(1) // too late
	expect(t, f, core.EventTrap)
	if trapCode(f.Err()) != core.TrapHost || f.Err().Error() != "trap: handle 3: not a pollable" {
		t.Fatal(f.Err())
	}
	if ev := f.Resume(); ev != core.EventTrap || trapCode(f.Err()) != core.TrapHost {
		t.Fatal("a trapped fiber stays trapped with its first error", f.Err())
	}
}

func TestWrongNumberOfHostResults(t *testing.T) {
	s, in := guest(t)
	for _, answer := range []func(*Fiber){func(f *Fiber) {}, func(f *Fiber) { f.Return() }, func(f *Fiber) { f.Return(1, 2) }} {
		f := call(t, s, in, "loop", 1)
		expect(t, f, core.EventHostCall)
		answer(f)
		expect(t, f, core.EventTrap)
		if !strings.Contains(f.Err().Error(), "results") {
			t.Fatal(f.Err())
		}
		f.Close()
	}
}

func TestTraps(t *testing.T) {
	s, in := guest(t)
	for name, want := range map[string]struct {
		code    core.TrapCode
		message string
	}{
		"boom": {core.TrapUnreachable, "wasm `unreachable` instruction executed"},
		"oob":  {core.TrapMemoryOutOfBounds, "out of bounds memory access"},
		"div":  {core.TrapDivisionByZero, "integer divide by zero"},
		"null": {core.TrapIndirectCallToNull, "uninitialized element"},
		"deep": {core.TrapStackOverflow, "call stack exhausted"},
	} {
		t.Run(name, func(t *testing.T) {
			f := call(t, s, in, name, 0)
			defer f.Close()
			if ev := serve(f); ev != core.EventTrap {
				t.Fatal(ev)
			}
			trap := f.Err().(*core.Trap)
			if trap.Code != want.code || !strings.HasSuffix(trap.Message, want.message) || strings.Contains(trap.Message, "\n") {
				t.Fatalf("%d %q", trap.Code, trap.Message)
			}
			if len(trap.Backtrace) == 0 || strings.Contains(trap.Backtrace[0], "0x") {
				t.Fatalf("%q", trap.Backtrace)
			}
		})
	}
	f := call(t, s, in, "add", 1)
	defer f.Close()
	expect(t, f, core.EventDone) // the store outlives its guests' traps
}

func TestInterleavedFibers(t *testing.T) {
	s, in := guest(t)
	const n = 50
	var live []*Fiber
	for i := range uint64(n) {
		live = append(live, call(t, s, in, "loop", i+1))
	}
	for step := 0; len(live) > 0; step++ {
		i := step * 7 % len(live)
		f := live[i]
		switch f.Resume() {
		case core.EventHostCall:
			f.Return(f.Args()[0] + 1)
		case core.EventDone:
			f.Close()
			live = append(live[:i], live[i+1:]...)
		case core.EventTrap:
			t.Fatal(f.Err())
		}
	}
}

func TestTrapsAndGrowthBesideSuspendedFibers(t *testing.T) {
	s, in := guest(t)
	mem := in.Export("mem")
	loop, boom, grow, deep := call(t, s, in, "loop", 3), call(t, s, in, "boom", 0), call(t, s, in, "grow", 99), call(t, s, in, "deep", 0)
	for _, f := range []*Fiber{loop, boom, grow, deep} {
		defer f.Close()
		expect(t, f, core.EventHostCall)
	}
	if n := len(mem.Bytes()); n != 1<<16 {
		t.Fatal(n)
	}
	grow.Return(0)
	expect(t, grow, core.EventDone)
	if n := len(mem.Bytes()); n != 100<<16 {
		t.Fatal("a view outlived a resume", n)
	}
	mem.Bytes()[100<<16-1] = 1
	boom.Return(0)
	expect(t, boom, core.EventTrap)
	deep.Return(0)
	expect(t, deep, core.EventTrap)
	loop.Return(5)
	if ev := serve(loop); ev != core.EventDone || loop.Results()[0] != 7 {
		t.Fatal(ev, loop.Results())
	}
}

func TestKill(t *testing.T) {
	s, in := guest(t)
	f := call(t, s, in, "loop", 3)
	expect(t, f, core.EventHostCall)
	f.Close()
	f.Close()
	if ev := f.Resume(); ev != core.EventTrap || f.Err() == nil {
		t.Fatal("a closed fiber resumed")
	}
	g := call(t, s, in, "add", 1)
	defer g.Close()
	expect(t, g, core.EventDone)
}

// The library handles the signals of its guests' faults; Go's own must reach Go.
func TestGoFaultsStayGoPanics(t *testing.T) {
	s, in := guest(t)
	for range 3 {
		f := call(t, s, in, "oob", 0)
		expect(t, f, core.EventTrap)
		f.Close()
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			var p *Store
			p.gen++
		}()
	}
}

func TestBacktraceIsBounded(t *testing.T) {
	s, in := guest(t)
	f := call(t, s, in, "deep", 0)
	defer f.Close()
	serve(f)
	trap := f.Err().(*core.Trap)
	if n := len(trap.Backtrace); n == 0 || n > maxFrames {
		t.Error(n, "frames")
	}
	if !strings.HasSuffix(trap.Backtrace[0], "!rec") {
		t.Errorf("%q", trap.Backtrace[0])
	}
}

func TestReportsAreTakenApart(t *testing.T) {
	for report, want := range map[string]struct {
		message string
		frames  int
	}{
		"one cause": {"one cause", 0},
		"error while executing at wasm backtrace:\n    0:     0x2f - m!f\n    1:   0x1000 - <unknown>!<wasm function 3>\n\nCaused by:\n    wasm trap: out of bounds memory access": {"wasm trap: out of bounds memory access", 2},
		"outer\n\nCaused by:\n    0: middle - not a frame\n    1: inner":                                                                 {"outer: middle - not a frame: inner", 0},
		"error while executing at wasm backtrace:\n    0: m!f\n    1:   0x1000 - m!g\n\nCaused by:\n    wasm trap: call stack exhausted": {"wasm trap: call stack exhausted", 2},
		"a \x1b[31mred\x00 name": {"a \ufffd[31mred\ufffd name", 0},
		"":                       {"", 0},
	} {
		if m, f := splitTrace(report); m != want.message || len(f) != want.frames {
			t.Errorf("%q: %q %q", report, m, f)
		}
	}
}
