package rt

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/types"
)

// The ways to lift a function give the same result and leave nothing behind.
func TestTaskLifts(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		add := func(g *running, n ...uint64) uint64 { return n[0] + 1 }
		addReturn := func(g *running, n ...uint64) uint64 { g.ret(n[0] + 1); return callbackExit }
		for name, f := range map[string]*Func{
			"sync":                  a.lift(plain, add),
			"sync, of an async one": a.lift(async, add),
			"stackful":              a.stackful(addReturn),
			"callback":              a.callback(addReturn, nil),
		} {
			if got := w.must(f, 41); got != 42 {
				t.Errorf("%s: %d", name, got)
			}
		}
		if a.exclusive != nil || w.threads != 0 || w.handles != 0 || !a.mayEnter {
			t.Errorf("left: exclusive %v, %d threads, %d handles, may enter %v", a.exclusive, w.threads, w.handles, a.mayEnter)
		}
	})
}

// A callback is called with what its function waited for, until it exits.
func TestTaskCallbackCodes(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		var set, r, wr uint64
		f := a.callback(func(g *running, _ ...uint64) uint64 {
			r, wr = g.ends(streamNew)
			set = g.set(r)
			return callbackYield
		}, func(g *running, news ...uint64) uint64 {
			e := eventOf(news)
			g.say("%v", e)
			switch e.code {
			case eventNone:
				g.do(streamRead, r, 64, 8)
				g.do(streamWrite, wr, 32, 3)
				return callbackWait | set<<4
			default:
				g.ret(uint64(e.p2))
				return callbackExit
			}
		})
		w.must(f, 0)
		w.said("nothing", "stream-read 1 completed 3")
	})
}

// post-return gets the flat result when that is lifted.
func TestTaskPostReturn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		f := a.lift(plain, func(g *running, n ...uint64) uint64 { return 7 })
		f.opts.postReturn = a.script(func(g *running, n ...uint64) uint64 { g.say("post-return %d", n); return 0 })
		w.must(f, 0)
		w.said("post-return [7]")
	})
}

func TestTaskTraps(t *testing.T) {
	exit := func(do func(g *running)) func(a *actor) *Func {
		return func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 { do(g); return callbackExit }, nil)
		}
	}
	code := func(packed uint64) func(a *actor) *Func {
		return func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 { return packed }, nil)
		}
	}
	for _, c := range []struct {
		name string
		f    func(a *actor) *Func
		want string
	}{
		{"callback exits without a result", code(callbackExit), "failed to produce a result"},
		{"callback code", code(3), "unsupported callback code: 3"},
		{"callback waits on nothing", code(callbackWait | 9<<4), "unknown handle index 9"},
		{"callback waits on no set", func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 { r, _ := g.ends(streamNew); return callbackWait | r<<4 }, nil)
		}, "used with the wrong type"},
		{"stackful ends without a result", func(a *actor) *Func {
			return a.stackful(func(g *running, _ ...uint64) uint64 { return 0 })
		}, "failed to produce a result"},
		{"two results", exit(func(g *running) { g.ret(1); g.ret(2) }), "called more than once"},
		{"result and cancel", exit(func(g *running) { g.ret(1); g.do(taskCancel) }), "has not been cancelled"},
		{"cancel unasked", exit(func(g *running) { g.do(taskCancel) }), "has not been cancelled"},
		{"result of another type", exit(func(g *running) { g.do(taskReturn.of(u8), 1) }), "invalid `task.return` signature"},
		{"no result", exit(func(g *running) { g.do(taskReturn.of(nil)) }), "invalid `task.return` signature"},
		{"result in another encoding", exit(func(g *running) { g.do(taskReturn.utf16(), 1) }), "invalid `task.return` signature"},
		{"result of a sync lift", func(a *actor) *Func {
			return a.lift(async, func(g *running, _ ...uint64) uint64 { g.ret(1); return 1 })
		}, "for a task that is not async"},
		{"cancel of a sync lift", func(a *actor) *Func {
			return a.lift(async, func(g *running, _ ...uint64) uint64 { g.do(taskCancel); return 1 })
		}, "for a task that is not async"},
		{"guest traps", func(a *actor) *Func {
			return a.lift(plain, func(g *running, _ ...uint64) uint64 { panic("out of luck") })
		}, "out of luck"},
		{"callback traps", func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 { return callbackYield },
				func(g *running, _ ...uint64) uint64 { panic("out of luck") })
		}, "out of luck"},
		{"post-return calls out", func(a *actor) *Func {
			f := a.lift(plain, func(g *running, _ ...uint64) uint64 { return 1 })
			f.opts.postReturn = a.script(func(g *running, _ ...uint64) uint64 { return g.do(setNew) })
			return f
		}, "cannot leave component instance"},
		{"post-return calls a guest", func(a *actor) *Func {
			f := a.lift(plain, func(g *running, _ ...uint64) uint64 { return 1 })
			f.opts.postReturn = a.script(func(g *running, _ ...uint64) uint64 { return g.await(a.w.actor().lift(plain, nil), 1) })
			return f
		}, "cannot leave component instance"},
		{"post-return calls the host", func(a *actor) *Func {
			f := a.lift(plain, func(g *running, _ ...uint64) uint64 { return 1 })
			f.opts.postReturn = a.script(func(g *running, _ ...uint64) uint64 { return g.await(a.w.hostLater(nil), 1) })
			return f
		}, "cannot leave component instance"},
		{"too much backpressure", exit(func(g *running) {
			for range 1 << 16 {
				g.do(pressureInc)
			}
		}), "backpressure counter overflow"},
		{"too little backpressure", exit(func(g *running) { g.do(pressureDec) }), "backpressure counter overflow"},
		{"a built-in that is not there", exit(func(g *running) { g.do(builtin(0x1c)) }), "not supported yet"},
		{"nobody to wait for", func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 { return callbackWait | g.set()<<4 }, nil)
		}, "deadlock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) { w.trap(c.want, c.f(w.actor()), 1) })
		})
	}
}

// A thread that traps ends the task that lets it go on before it begins or
// while it waits.
func TestTaskBesideTrap(t *testing.T) {
	for name, lift := range map[string]func(a *actor) *Func{
		"sync, waits": func(a *actor) *Func {
			return a.lift(plain, func(g *running, _ ...uint64) uint64 { g.wait(g.set()); return 0 })
		},
		"async, held": func(a *actor) *Func { a.pressure = 1; return a.stackful(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a := w.actor()
				w.must(a.stackful(func(g *running, _ ...uint64) uint64 { g.ret(0); g.do(threadYield); panic("beside") }), 0)
				w.trap("beside", w.actor().stackful(func(g *running, _ ...uint64) uint64 { return g.await(lift(a), 0) }), 0)
			})
		})
	}
}

// What the caller cannot lower or take is the end as well.
func TestTaskCallerFails(t *testing.T) {
	failure := errors.New("failure")
	for name, c := range map[string]Callee{
		"lower":   &failingCallee{lower: failure},
		"lift":    &failingCallee{lift: failure},
		"resolve": &failingCallee{resolve: failure},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				f := w.actor().lift(plain, func(g *running, _ ...uint64) uint64 { return 1 })
				if err := w.Invoke(t.Context(), f, c, wait); !errors.Is(err, failure) || w.Err() == nil {
					t.Errorf("%v, store %v", err, w.Err())
				}
			})
		})
	}
}

type failingCallee struct{ lower, lift, resolve error }

func (c *failingCallee) Lower(*abi.Context) ([]uint64, error)   { return []uint64{1}, c.lower }
func (c *failingCallee) Lift(*abi.Context, int, []uint64) error { return c.lift }
func (c *failingCallee) Resolve(bool) error                     { return c.resolve }

// No instance is entered again while it is in a call, by whatever way.
func TestTaskReentrance(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.actor(), w.actor()
		inner := a.lift(plain, func(g *running, n ...uint64) uint64 { return n[0] })
		back := b.lift(plain, func(g *running, n ...uint64) uint64 { return g.await(inner, n...) })
		w.trap("cannot enter component instance", a.lift(plain, func(g *running, n ...uint64) uint64 { return g.await(back, n...) }), 1)
	})
	inWorld(t, func(t *testing.T, w *world) {
		parent, child := w.actor(), w.actor()
		child.parent = parent.Instance
		f := child.lift(plain, func(g *running, n ...uint64) uint64 { return n[0] })
		w.trap("cannot enter component instance", parent.lift(plain, func(g *running, n ...uint64) uint64 { return g.await(f, n...) }), 1)
	})
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		a.mayEnter = false // as while the host that it called calls it
		w.trap("cannot enter component instance", a.lift(plain, nil), 1)
	})
}

// sleeper is an async function that waits until it is woken, in any number of
// tasks at a time.
type sleeper struct {
	*Func
	wake []func(g *running)
}

// newSleeper lifts one: exclusive if the task holds the instance's lock while it waits.
func newSleeper(a *actor, exclusive bool) *sleeper {
	s := &sleeper{}
	run := func(g *running, n ...uint64) uint64 {
		r, wr := g.ends(streamNew)
		s.wake = append(s.wake, func(g *running) { g.do(streamDropW, wr) })
		g.say("%d sleeps", n[0])
		g.wait(g.set(sleeping(g, r)))
		g.say("%d wakes", n[0])
		return n[0]
	}
	if exclusive {
		s.Func = a.lift(async, run)
	} else {
		s.Func = a.stackful(func(g *running, n ...uint64) uint64 { g.ret(run(g, n...)); return 0 })
	}
	return s
}

// sleeping begins to read a stream, and is its waitable.
func sleeping(g *running, r uint64) uint64 {
	g.do(streamRead, r, 64, 1)
	return r
}

// waker is a function of the same instance that wakes the n-th task.
func (s *sleeper) waker(a *actor) *Func {
	return a.lift(plain, func(g *running, n ...uint64) uint64 { s.wake[n[0]](g); return 0 })
}

// Tasks wait for backpressure to go and for the lock, and begin in the order
// in which they came.
func TestTaskOrder(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, caller := w.actor(), w.actor()
		slow := newSleeper(a, true)
		wake := slow.waker(a)
		quick := a.callback(func(g *running, n ...uint64) uint64 { g.say("%d", n[0]); g.ret(0); return callbackExit }, nil)
		free := a.stackful(func(g *running, n ...uint64) uint64 { g.say("%d needs no lock", n[0]); g.ret(0); return 0 })
		inc := a.lift(plain, func(g *running, n ...uint64) uint64 { return g.do(pressureInc) })
		dec := a.lift(plain, func(g *running, n ...uint64) uint64 { return g.do(pressureDec) })
		run := caller.stackful(func(g *running, _ ...uint64) uint64 {
			set := g.set()
			begin := func(f *Func, n uint64) {
				st, sub := g.begin(f, n, 16)
				g.say("begin %d: %v", n, st)
				if sub != 0 {
					g.do(join, sub, set)
				}
			}
			begin(free, 0)
			begin(slow.Func, 1) // takes the lock
			begin(quick, 2)
			begin(free, 3) // 2 waits for the lock alone
			g.await(inc, 0)
			g.await(wake, 0)
			begin(quick, 4)
			g.say("%v", g.wait(set))
			begin(free, 5)
			g.await(dec, 0)
			begin(quick, 6) // after those that wait
			for range 3 {
				g.say("%v", g.wait(set))
			}
			g.ret(0)
			return 0
		})
		w.must(run, 0)
		w.said(
			"0 needs no lock", "begin 0: returned",
			"1 sleeps", "begin 1: started",
			"begin 2: starting", "3 needs no lock", "begin 3: returned",
			"1 wakes", "begin 4: starting",
			"subtask 2 returned",
			"begin 5: starting",
			"2", "4", "5 needs no lock", "6", "begin 6: returned",
			"subtask 3 returned", "subtask 4 returned", "subtask 5 returned",
		)
		if a.waiting != 0 || a.exclusive != nil {
			t.Errorf("%d wait, exclusive %v", a.waiting, a.exclusive)
		}
	})
}

// A function that is not async begins whatever holds others, and waits while
// threads of its instance can go on, and no longer.
func TestTaskSyncBargesIn(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, caller := w.actor(), w.actor()
		slow := newSleeper(a, true)
		wake := slow.waker(a)
		inc := a.lift(plain, func(g *running, n ...uint64) uint64 { return g.do(pressureInc) })
		run := caller.stackful(func(g *running, _ ...uint64) uint64 {
			_, sub := g.begin(slow.Func, 1, 16)
			g.await(inc, 0)
			g.await(wake, 0)
			g.say("%v", g.wait(g.set(sub)))
			g.ret(0)
			return 0
		})
		w.must(run, 0)
		w.said("1 sleeps", "1 wakes", "subtask 1 returned")
	})
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		var r, wr uint64
		other := a.stackful(func(g *running, _ ...uint64) uint64 {
			r, wr = g.ends(streamNew)
			g.ret(0)
			g.do(threadYield)
			g.say("other goes on")
			g.do(streamWrite, wr, 64, 1)
			return 0
		})
		w.must(other, 0)
		f := a.lift(plain, func(g *running, _ ...uint64) uint64 {
			g.say("read: %s", copied(g.do(streamRead.sync(), r, 32, 1)))
			return 0
		})
		w.must(f, 0)
		w.said("other goes on", "read: completed 1")
	})
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		w.must(a.stackful(func(g *running, _ ...uint64) uint64 { g.ret(0); g.do(threadYield); return 0 }), 0)
		w.trap("deadlock", a.lift(plain, func(g *running, _ ...uint64) uint64 { g.wait(g.set()); return 0 }), 0)
	})
	inWorld(t, func(t *testing.T, w *world) {
		w.trap("cannot block a synchronous task", w.actor().lift(plain, func(g *running, _ ...uint64) uint64 { g.wait(g.set()); return 0 }), 0)
	})
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
			g.ret(0)
			r, _ := g.ends(streamNew)
			g.do(streamRead.sync(), r, 64, 1)
			return 0
		}), 0)
		w.trap("deadlock", a.lift(plain, func(g *running, _ ...uint64) uint64 { g.wait(g.set()); return 0 }), 0)
	})
}

// results of types other than a number, and none.
func TestTaskResults(t *testing.T) {
	none := &types.Func{Async: true}
	inWorld(t, func(t *testing.T, w *world) {
		f := w.actor().callback(func(g *running, _ ...uint64) uint64 { g.do(taskReturn.of(nil)); return callbackExit }, nil)
		f.Type = none
		if _, err := w.invoke(f); err != nil {
			t.Error(err)
		}
	})
}

// A task that may not begin lets others go on, each once: one that looks for
// the end of an operation again and again needs the store for that end.
func TestTaskBeginsBesidePolling(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		f := w.hostLater(func(_ context.Context, n uint64) (uint32, error) { return uint32(n), nil })
		w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
			_, sub := g.begin(f, 1, 16)
			g.do(pressureInc)
			g.ret(0)
			set := g.set(sub)
			for n := 0; g.poll(set).code == eventNone; n++ {
				if n == 1000 {
					panic("nobody else goes on")
				}
				g.do(threadYield)
			}
			g.do(pressureDec)
			return 0
		}), 0)
		synctest.Wait() // the operation has ended; only the store does not know
		held := a.stackful(func(g *running, n ...uint64) uint64 { g.ret(n[0]); return 0 })
		if got := w.must(held, 3); got != 3 {
			t.Error(got)
		}
	})
}
