package rt

import (
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/core"
)

// A guest is stopped by its context wherever it is: while it computes, calls
// the host, yields, or calls its own helpers; and does not begin after that.
func TestStoreStops(t *testing.T) {
	for name, run := range map[string]func(a *actor) *Func{
		"computes": func(a *actor) *Func {
			return a.lift(plain, func(g *running, _ ...uint64) uint64 {
				g.stop()
				for {
					g.preempt()
				}
			})
		},
		"calls the host": func(a *actor) *Func {
			return a.lift(plain, func(g *running, _ ...uint64) uint64 {
				g.stop()
				for {
					g.do(setPoll, g.set(), 8)
				}
			})
		},
		"yields": func(a *actor) *Func {
			return a.stackful(func(g *running, _ ...uint64) uint64 {
				g.stop()
				for {
					g.do(threadYield)
				}
			})
		},
		"yields by callback": func(a *actor) *Func {
			yield := func(g *running, _ ...uint64) uint64 { g.stop(); return callbackYield }
			return a.callback(yield, yield)
		},
		"switches threads": func(a *actor) *Func {
			a.spawns(func(g *running, first ...uint64) uint64 {
				for {
					g.do(suspendThenResume, first[0])
				}
			})
			return a.stackful(func(g *running, _ ...uint64) uint64 {
				other := g.do(threadNew, 0, g.do(threadIndex))
				g.stop()
				for {
					g.do(suspendThenResume, other)
				}
			})
		},
		"calls its own helper": func(a *actor) *Func {
			f := a.lift(plain, func(g *running, _ ...uint64) uint64 { g.stop(); return 0 })
			f.opts.postReturn = a.script(func(g *running, _ ...uint64) uint64 { g.say("post-return"); return 0 })
			return f
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				stop := errors.New("enough")
				ctx, cancel := context.WithCancelCause(context.Background())
				w.stop = func() { cancel(stop) }
				err := w.Invoke(ctx, run(w.actor()), &flatCallee{args: []uint64{0}}, wait)
				if !errors.Is(err, stop) || !errors.Is(w.Err(), stop) {
					t.Errorf("%v, store %v", err, w.Err())
				}
				w.said()
			})
		})
	}
	inWorld(t, func(t *testing.T, w *world) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		err := w.Invoke(ctx, w.actor().lift(plain, nil), &flatCallee{args: []uint64{0}}, wait)
		if wantTrap(t, err, "guest not started"); !errors.Is(err, context.Canceled) || w.Err() != nil {
			t.Errorf("%v, store %v", err, w.Err())
		}
	})
}

// After its end a store runs nothing, and says why.
func TestStoreIsDead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		f := a.lift(plain, func(g *running, n ...uint64) uint64 { panic("first") })
		w.trap("first", f, 0)
		w.trap("cannot enter component instance: first", f, 0)
		var trap *Trap
		if err := w.Err(); !errors.As(err, &trap) || trap.Unwrap() == nil {
			t.Errorf("%v", err)
		}
		if _, err := w.callCore(f.core); err != w.Err() {
			t.Error(err)
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	inWorld(t, func(t *testing.T, w *world) {
		f := w.actor().lift(plain, nil)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if _, err := w.invoke(f, 0); !errors.Is(err, errClosed) {
			t.Error(err)
		}
	})
	inWorld(t, func(t *testing.T, w *world) {
		wantTrap(t, w.Invoke(t.Context(), w.hostNow(nil), &flatCallee{}, wait), "function is the host's own")
	})
	inWorld(t, func(t *testing.T, w *world) {
		if got := (&Trap{msg: "alone"}).Error(); got != "alone" {
			t.Error(got)
		}
		if err := asTrap(io.EOF); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
}

// A fiber cannot begin where the engine has no room for it; that is the end,
// wherever it happens.
func TestStoreNoRoom(t *testing.T) {
	for name, run := range map[string]func(a *actor) *Func{
		"call": func(a *actor) *Func { a.w.full(); return a.lift(plain, nil) },
		"helper": func(a *actor) *Func {
			f := a.lift(plain, func(g *running, n ...uint64) uint64 { g.w.full(); return 0 })
			f.opts.postReturn = a.script(nil)
			return f
		},
		"callback": func(a *actor) *Func {
			return a.callback(func(g *running, n ...uint64) uint64 { g.w.full(); return callbackYield }, nil)
		},
		"call of a guest": func(a *actor) *Func {
			f := a.w.actor().lift(plain, nil)
			return a.lift(plain, func(g *running, n ...uint64) uint64 { g.lowered(f, false); g.w.full(); return g.await(f, 0) })
		},
		"thread": func(a *actor) *Func {
			a.spawns(nil)
			return a.stackful(func(g *running, n ...uint64) uint64 {
				other := g.do(threadNew, 0, 1)
				g.made(suspendThenResume)
				g.w.full()
				return g.do(suspendThenResume, other)
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				if _, err := w.invoke(run(w.actor()), 0); !errors.Is(err, core.ErrNoRoom) || w.Err() == nil {
					t.Errorf("%v, store %v", err, w.Err())
				}
			})
		})
	}
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		w.full()
		if _, err := w.hostFunc(core.FuncType{}, nil); !errors.Is(err, core.ErrNoRoom) {
			t.Error(err)
		}
		if _, err := a.helper(IndirectCaller, nil); !errors.Is(err, core.ErrNoRoom) {
			t.Error(err)
		}
	})
}

// full leaves no room in the engine.
func (w *world) full() { w.core.(*scripted).broken = core.ErrNoRoom }

// Calls from guest to guest, and of helpers, are nested to a limit.
func TestStoreDepth(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		var next *Func
		for range maxDepth + 1 {
			f := next
			next = w.actor().lift(plain, func(g *running, n ...uint64) uint64 {
				if f == nil {
					return 0
				}
				return g.await(f, n...)
			})
		}
		w.trap("nested deeper than the limit of 200", next, 0)
	})
}

// What runs outside of any task cannot wait.
func TestStoreHelpersMayNotBlock(t *testing.T) {
	helpers := map[string]func(a *actor) *Func{
		"destructor that makes a thread": func(a *actor) *Func {
			a.spawns(nil)
			typ := &ResourceType{Name: "r", impl: a.w.actor().Instance}
			typ.dtor = a.script(func(g *running, n ...uint64) uint64 { return g.do(threadNew, 0, 1) })
			return a.lift(plain, func(g *running, n ...uint64) uint64 {
				if err := g.store.destroy(typ, 1, g.Instance); err == nil {
					panic("it did")
				}
				return 0
			})
		},
		"post-return": func(a *actor) *Func {
			f := a.lift(plain, func(g *running, n ...uint64) uint64 { return 0 })
			f.opts.postReturn = a.script(func(g *running, n ...uint64) uint64 {
				g.mayLeave = true // as no guest can have it
				return g.do(threadYield)
			})
			return f
		},
		"destructor": func(a *actor) *Func {
			typ := &ResourceType{Name: "r", impl: a.w.actor().Instance}
			typ.dtor = a.script(func(g *running, n ...uint64) uint64 { return g.do(threadYield) })
			return a.lift(plain, func(g *running, n ...uint64) uint64 {
				if err := g.store.destroy(typ, 1, g.Instance); err == nil {
					panic("it did")
				}
				return 0
			})
		},
	}
	for name, run := range helpers {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) { w.trap("cannot block a synchronous task", run(w.actor()), 0) })
		})
	}
}

// Two calls share a store: each runs what is there to do for both, and wakes
// the other.
func TestStoreTwoCalls(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		f := sleeps(w)
		run := a.stackful(func(g *running, ms ...uint64) uint64 { g.ret(g.await(f, ms[0])); return 0 })
		var turn sync.Mutex
		idle := func(wake <-chan struct{}) error {
			turn.Unlock()
			defer turn.Lock()
			return wait(wake)
		}
		var calls sync.WaitGroup
		for _, ms := range []uint64{30, 10, 20} {
			calls.Go(func() {
				turn.Lock()
				defer turn.Unlock()
				c := &flatCallee{args: []uint64{ms}}
				if err := w.Invoke(context.Background(), run, c, idle); err != nil || c.results[0] != ms {
					t.Errorf("%d: %v, %v", ms, c.results, err)
				}
				w.say("%d", ms)
			})
		}
		calls.Wait()
		w.said("10", "20", "30")
	})
}

// What others post is done between two guests; an error is the end.
func TestStorePost(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.Post(func() error { w.say("first"); w.Post(func() error { w.say("third"); return nil }); return nil })
		w.Post(func() error { w.say("second"); return nil })
		w.drained()
		w.said("first", "second", "third")
		w.Post(func() error { return io.ErrClosedPipe })
		if err := w.Drain(t.Context(), wait); !errors.Is(err, io.ErrClosedPipe) || !errors.Is(w.Err(), io.ErrClosedPipe) {
			t.Errorf("%v, store %v", err, w.Err())
		}
	})
	inWorld(t, func(t *testing.T, w *world) {
		f := sleeps(w)
		w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.begin(f, 1000, 16); g.ret(0); return 0 }), 0)
		gone := errors.New("gone")
		if err := w.Drain(t.Context(), func(<-chan struct{}) error { return gone }); !errors.Is(err, gone) {
			t.Error(err)
		}
	})
	// Posted between the look at the inbox and the wait for it.
	inWorld(t, func(t *testing.T, w *world) {
		w.Post(func() error { return nil })
		if w.inbox.await() != nil {
			t.Error("would wait beside something to do")
		}
		w.drained()
		synctest.Wait()
	})
}

// The context of the call in progress is the host function's.
func TestStoreContext(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		type key struct{}
		var got any
		f := w.hostNow(func(*abi.Context, []uint64) (uint64, error) { got = w.Context().Value(key{}); return 0, nil })
		run := w.actor().lift(plain, func(g *running, n ...uint64) uint64 { return g.await(f, 0) })
		err := w.Invoke(context.WithValue(t.Context(), key{}, 5), run, &flatCallee{args: []uint64{0}}, wait)
		if err != nil || got != 5 || w.Context() != context.Background() {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// A host function that is not async is done when an async call of it returns,
// and one that calls back finds its scope in use.
func TestStoreHostCalls(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.actor(), w.actor()
		inner := b.lift(plain, func(g *running, n ...uint64) uint64 { return n[0] * 2 })
		var deep *Func
		f := w.hostNow(func(_ *abi.Context, flat []uint64) (uint64, error) { return w.invoke(inner, flat[0]) })
		deep = a.stackful(func(g *running, n ...uint64) uint64 {
			st, sub := g.begin(f, 3, 16)
			g.say("%v %d", st, sub)
			g.ret(g.await(f, 4))
			return 0
		})
		if got := w.must(deep, 0); got != 8 {
			t.Error(got)
		}
		w.said("returned 0")
	})
	inWorld(t, func(t *testing.T, w *world) {
		b := w.actor()
		fails := b.lift(plain, func(g *running, n ...uint64) uint64 { panic("inside") })
		f := w.hostNow(func(*abi.Context, []uint64) (uint64, error) { w.invoke(fails, 0); return 0, nil })
		w.trap("inside", w.actor().lift(plain, func(g *running, n ...uint64) uint64 { return g.await(f, 0) }), 0)
	})
}

// A call that the host makes while a guest calls it leaves that guest's other
// threads alone: the guest is entered.
func TestStoreNestedCall(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.actor(), w.actor()
		nap := sleeps(w)
		w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
			g.ret(0)
			g.do(threadYield)
			g.say("other thread")
			return 0
		}), 0)
		inner := b.stackful(func(g *running, ms ...uint64) uint64 { g.ret(g.await(nap, ms[0])); return 0 })
		f := w.hostNow(func(_ *abi.Context, flat []uint64) (uint64, error) { return w.invoke(inner, flat[0]) })
		if got := w.must(a.lift(plain, func(g *running, _ ...uint64) uint64 { v := g.await(f, 5); g.say("%d", v); return v }), 0); got != 5 {
			t.Error(got)
		}
		w.drained()
		w.said("5", "other thread")
	})
}
