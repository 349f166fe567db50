package wt

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

func TestEndlessLoopIsPreempted(t *testing.T) {
	s, in := guest(t)
	f := call(t, s, in, "spin", 0)
	defer f.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	n := 0
	for ; ctx.Err() == nil; n++ {
		start := time.Now()
		if ev := f.Resume(); ev != core.EventPreempted {
			t.Fatal(ev, f.Err())
		}
		if d := time.Since(start); d > time.Second {
			t.Fatal("a slice took", d)
		}
	}
	if n == 0 {
		t.Fatal("never preempted")
	}
	f.Close()
	g := call(t, s, in, "loop", 3)
	defer g.Close()
	if ev := serve(g); ev != core.EventDone {
		t.Fatal(ev)
	}
}

func TestManySpinnersShareTheProcessors(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, guestText)
	const n = 200
	before := tasks(t)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var wg sync.WaitGroup
	for range n {
		s := newStore(t, e, core.StoreLimits{})
		f := call(t, s, instantiate(t, s, m), "spin", 0)
		wg.Go(func() {
			for ctx.Err() == nil {
				f.Resume()
			}
		})
	}
	time.Sleep(100 * time.Millisecond)
	if now := tasks(t); now > before+8+2*runtime.GOMAXPROCS(0) {
		t.Errorf("%d threads, %d before", now, before)
	}
	wg.Wait()
	if r := e.clock.running.Load(); r != 0 {
		t.Fatal(r, "still counted as running")
	}
}

func TestClockSleepsWhenNothingRuns(t *testing.T) {
	s, in := guest(t)
	f := call(t, s, in, "loop", 1)
	defer f.Close()
	expect(t, f, core.EventHostCall)
	for deadline := time.Now().Add(5 * time.Second); !s.engine.clock.asleep.Load(); {
		if time.Now().After(deadline) {
			t.Fatal("ticks on beside a suspended guest")
		}
		time.Sleep(tick)
	}
	f.Return(1)
	expect(t, f, core.EventDone)
	if g := call(t, s, in, "spin", 0); g.Resume() != core.EventPreempted {
		t.Fatal("the clock did not wake")
	}
}

func tasks(t testing.TB) int {
	t.Helper()
	d, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Skip("no /proc: threads cannot be counted")
	}
	return len(d)
}

func TestSuspendedGuestsHoldNoThreads(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, guestText)
	const n = 2000
	fibers := make([]*Fiber, n)
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := w; i < n; i += 8 {
				s := newStore(t, e, core.StoreLimits{})
				fibers[i] = call(t, s, instantiate(t, s, m), "loop", 2)
				expect(t, fibers[i], core.EventHostCall)
			}
		})
	}
	wg.Wait()
	if now := tasks(t); now > 16 {
		t.Errorf("%d threads", now)
	}
	for w := range 4 {
		wg.Go(func() { // other threads than those that suspended them
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for i := w; i < n; i += 4 {
				fibers[i].Return(9)
				if ev := serve(fibers[i]); ev != core.EventDone || fibers[i].Results()[0] != 10 {
					t.Error(ev, fibers[i].Results())
				}
			}
		})
	}
	wg.Wait()
}

func TestMemoryLimit(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, guestText)
	s := newStore(t, e, core.StoreLimits{MemoryBytes: 10 << 16})
	in := instantiate(t, s, m)
	for pages, want := range map[uint64]uint64{10: 0xffff_ffff, 9: 1} {
		f := call(t, s, in, "grow", pages)
		if ev := serve(f); ev != core.EventDone || f.Results()[0] != want {
			t.Error(pages, ev, f.Results())
		}
		f.Close()
		if n := len(in.Export("mem").Bytes()); n > 10<<16 {
			t.Fatal(n)
		}
	}
}

// A module that asks for too much is an error of its instantiation.
func TestLimitsOfInstantiation(t *testing.T) {
	e := newEngine(t, Config{})
	l := core.StoreLimits{MemoryBytes: 4 << 16, TableElements: 100, Instances: 2, Memories: 2, Tables: 2}
	for name, text := range map[string]string{
		"memory":   `(module (memory 5))`,
		"memories": `(module (memory 1) (memory 1) (memory 1))`,
		"table":    `(module (table 101 funcref))`,
		"tables":   `(module (table 1 funcref) (table 1 funcref) (table 1 funcref))`,
		"huge":     `(module (table 0xffffffff funcref))`,
	} {
		t.Run(name, func(t *testing.T) {
			m := compile(t, e, text)
			f := begin(t, newStore(t, e, l), m)
			defer f.Close()
			expect(t, f, core.EventTrap)
			if f.Err() == nil || f.Instance() != nil {
				t.Fatal(f.Err())
			}
			t.Log(f.Err())
		})
	}
	t.Run("instances", func(t *testing.T) {
		s, m := newStore(t, e, l), compile(t, e, `(module)`)
		instantiate(t, s, m)
		instantiate(t, s, m)
		f := begin(t, s, m)
		defer f.Close()
		expect(t, f, core.EventTrap)
	})
}

func TestTableGrowthLimit(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, `(module (table 1 funcref)
	 (func (export "grow") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))`)
	s := newStore(t, e, core.StoreLimits{TableElements: 100})
	in := instantiate(t, s, m)
	for n, want := range map[uint64]uint64{100: 0xffff_ffff, 1 << 31: 0xffff_ffff} {
		f := call(t, s, in, "grow", n)
		expect(t, f, core.EventDone)
		if f.Results()[0] != want {
			t.Error(n, f.Results())
		}
		f.Close()
	}
}

// Features that are off make a module invalid.
func TestFeaturesThatAreOff(t *testing.T) {
	e := newEngine(t, Config{})
	for name, wasm := range map[string]string{
		"memory64":       "\x00asm\x01\x00\x00\x00\x05\x03\x01\x04\x01",
		"table64 2^60":   "\x00asm\x01\x00\x00\x00\x04\x0c\x01\x70\x04\x80\x80\x80\x80\x80\x80\x80\x80\x10",
		"shared memory":  "\x00asm\x01\x00\x00\x00\x05\x04\x01\x03\x01\x01",
		"gc struct":      "\x00asm\x01\x00\x00\x00\x01\x03\x01\x5f\x00",
		"typed funcref":  "\x00asm\x01\x00\x00\x00\x01\x07\x02\x60\x00\x00\x60\x01\x63\x00\x00",
		"custom page":    "\x00asm\x01\x00\x00\x00\x05\x04\x01\x08\x01\x00",
		"component":      "\x00asm\x0d\x00\x01\x00",
		"empty":          "",
		"truncated":      "\x00asm\x01\x00\x00\x00\x05",
		"stack switches": "\x00asm\x01\x00\x00\x00\x01\x05\x02\x60\x00\x00\x5d\x00",
	} {
		if m, err := e.Compile([]byte(wasm)); err == nil {
			t.Errorf("%s compiled", name)
			m.Close()
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q", name, err)
		}
	}
	if m, err := e.Compile([]byte("\x00asm\x01\x00\x00\x00")); err != nil {
		t.Error(err)
	} else {
		m.Close()
	}
}

func TestNoRoom(t *testing.T) {
	s, in := guest(t)
	held := call(t, s, in, "loop", 1) // on the stack that is kept for the next fiber
	expect(t, held, core.EventHostCall)
	defer held.Close()
	// The estimate is beyond the limit, the truth is not.
	full := maxMaps()
	liveMaps.Add(full)
	defer liveMaps.Add(-full)
	defer func() { census.at, census.maps = time.Time{}, 0 }()
	f, err := s.Call(in.Export("add"), []uint64{1})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// The truth is.
	census.maps = full
	if _, err := s.engine.NewStore(core.StoreLimits{}); !errors.Is(err, core.ErrNoRoom) {
		t.Error(err)
	}
	live := liveMaps.Load()
	if _, err := s.Call(in.Export("add"), []uint64{1}); !errors.Is(err, core.ErrNoRoom) {
		t.Error(err)
	}
	if liveMaps.Load() != live {
		t.Error("a refused call stays booked")
	}
}

// The estimate of memory mappings must not be below the truth.
func TestMapsAreCounted(t *testing.T) {
	t.Run("map", func(t *testing.T) { testMaps(t, Config{}) })
	t.Run("copy", func(t *testing.T) { testMaps(t, Config{CopyData: true}) })
}

func testMaps(t *testing.T, config Config) {
	e := newEngine(t, config)
	count := func() int64 {
		b, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Skip("no /proc: mappings cannot be counted")
		}
		return int64(strings.Count(string(b), "\n"))
	}
	const n, end = 500, `(func (export "loop") (param i32) (result i32) (call $echo (i32.const 1))))`
	const head = `(module (import "h" "echo" (func $echo (param i32) (result i32)))`
	for name, text := range map[string]string{
		"plain": head + `(memory 1)` + end,
		"data":  head + `(memory 32) (data (i32.const 1048576) "data")` + end,
		"large": head + `(memory 32) (table 100000 funcref) (data (i32.const 1048576) "data")` + strings.Repeat("(func)", 5000) + end,
	} {
		t.Run(name, func(t *testing.T) {
			m := compile(t, e, text)
			maps, live := count(), liveMaps.Load()
			for range n {
				s := newStore(t, e, core.StoreLimits{})
				in := instantiate(t, s, m)
				f := call(t, s, in, "loop", 1)
				expect(t, f, core.EventHostCall)
				// A call inside the host call leaves a second stack behind.
				g := call(t, s, in, "loop", 1)
				expect(t, g, core.EventHostCall)
				g.Close()
			}
			used, booked := count()-maps, liveMaps.Load()-live
			t.Logf("%d guests use %d mappings, %d booked", n, used, booked)
			if used > booked+100 || booked > 2*used {
				t.Errorf("%d guests use %d mappings, %d booked", n, used, booked)
			}
		})
	}
}

// All memories of a store share its limit: those of one module or several,
// exported or not, also while a start function runs.
func TestMemoryLimitIsShared(t *testing.T) {
	e := newEngine(t, Config{})
	hidden := compile(t, e, `(module (memory $a 1) (memory $b 1)
	  (func (export "a") (param i32) (result i32) (memory.grow $a (local.get 0)))
	  (func (export "b") (param i32) (result i32) (memory.grow $b (local.get 0))))`)
	grow := func(s *Store, in *Instance, name string, pages uint64) (core.Event, *Fiber) {
		f := call(t, s, in, name, pages)
		return serve(f), f
	}
	limit := core.StoreLimits{MemoryBytes: 10 << 16}

	s := newStore(t, e, limit)
	one, two := instantiate(t, s, hidden), instantiate(t, s, hidden)
	if ev, f := grow(s, one, "a", 3); ev != core.EventDone || f.Results()[0] != 1 {
		t.Error("growth within the limit", ev, f.Err())
	}
	if ev, f := grow(s, two, "b", 4); ev != core.EventTrap || trapCode(f.Err()) != core.TrapOutOfMemory {
		t.Error("growth beyond the limit", ev, f.Err())
	}
	if ev, _ := grow(s, one, "a", 0); ev != core.EventTrap {
		t.Error("the store went on")
	}

	s = newStore(t, e, limit)
	if f := begin(t, s, compile(t, e, `(module (memory 6) (memory 5))`)); f.Resume() != core.EventTrap {
		t.Error("11 pages at once")
	}
	s = newStore(t, e, limit)
	instantiate(t, s, compile(t, e, `(module (memory 7))`))
	if f := begin(t, s, compile(t, e, `(module (memory 4))`)); f.Resume() != core.EventTrap {
		t.Error("4 pages after 7")
	}

	// The start function tells how far it came: 2 memories of at most 5 pages.
	s = newStore(t, e, limit)
	f := begin(t, s, compile(t, e, `(module (import "h" "echo" (func $echo (param i32) (result i32)))
	  (memory $a 1) (memory $b 1)
	  (func $s (loop $l (br_if $l (i32.ne (i32.const -1) (memory.grow $a (i32.const 1)))))
	           (loop $l (br_if $l (i32.ne (i32.const -1) (memory.grow $b (i32.const 1)))))
	           (drop (call $echo (i32.add (memory.size $a) (memory.size $b)))))
	  (start $s))`))
	expect(t, f, core.EventHostCall)
	if n := f.Args()[0]; n != 10 {
		t.Error(n, "pages")
	}
}

func TestReservedExportName(t *testing.T) {
	e := newEngine(t, Config{})
	for n, ok := range map[string]bool{memoryName(0): false, memoryName(1): true} {
		wasm, err := wat.Module(`(module (memory (export "` + "\\01" + n[1:] + `") 1))`)
		if err != nil {
			t.Fatal(err)
		}
		m, err := e.Compile(wasm)
		if (err == nil) != ok {
			t.Errorf("%q: %v", n, err)
		}
		if err == nil {
			m.Close()
		}
	}
	// No other name of the package's is visible.
	s := newStore(t, e, core.StoreLimits{})
	if in := instantiate(t, s, compile(t, e, `(module (memory 1))`)); in.Export(memoryName(0)) != nil {
		t.Error("a hidden memory is visible")
	}
}

// Two goroutines must not use a store at once; if they do, nothing breaks.
func TestCloseWhileAnotherGoroutineRuns(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, guestText)
	s := newStore(t, e, core.StoreLimits{})
	f := call(t, s, instantiate(t, s, m), "spin", 0)
	ended := make(chan error)
	go func() {
		for f.Resume() == core.EventPreempted {
		}
		ended <- f.Err()
	}()
	time.Sleep(3 * tick)
	s.Close()
	select {
	case err := <-ended:
		if !errors.Is(err, core.ErrClosed) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the guest runs on")
	}
}
