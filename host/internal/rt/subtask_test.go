package rt

import (
	"testing"

	"github.com/wasitls/wasitls/host/internal/types"
)

// A call tells its caller how far it has come: at once, and by one event of
// what happened until it is looked at.
func TestSubtaskStates(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, caller := w.actor(), w.actor()
		slow := newSleeper(a, true)
		wake := slow.waker(a)
		w.must(caller.stackful(func(g *running, _ ...uint64) uint64 {
			st, one := g.begin(slow.Func, 1, 16)
			g.say("1 %v", st)
			st, two := g.begin(slow.Func, 2, 20)
			g.say("2 %v", st)
			st, three := g.begin(slow.Func, 3, 24)
			g.say("3 %v", st)
			set := g.set(one, two, three)
			g.say("%v", g.poll(set))
			g.await(wake, 0)
			g.say("%v", g.wait(set))
			g.say("%v", g.wait(set))
			g.await(wake, 1)
			g.do(threadYield) // 2 has begun and ended, 3 has begun
			g.await(wake, 2)
			g.do(threadYield)
			g.say("%v", g.wait(set))
			g.say("%v", g.wait(set))
			g.say("%v", g.poll(set))
			for _, sub := range []uint64{one, two, three} {
				g.do(subtaskDrop, sub)
			}
			g.do(setDrop, set)
			g.ret(uint64(g.u32(16) + g.u32(20)<<8 + g.u32(24)<<16))
			return 0
		}), 0)
		w.said("1 sleeps", "1 started", "2 starting", "3 starting", "nothing",
			"1 wakes", "2 sleeps", "subtask 1 returned",
			"subtask 2 started",
			"2 wakes", "3 sleeps", "3 wakes",
			"subtask 2 returned", "subtask 3 returned", "nothing")
		if h := caller.handles; len(h.free) != len(h.entries)-1 {
			t.Errorf("the caller has handles left: %v", h.entries)
		}
	})
}

// A synchronous call of an async function waits for its result.
func TestSubtaskSync(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		f := w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.do(threadYield); g.do(taskReturn.of(nil)); return 0 })
		f.Type = &types.Func{Async: true}
		w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.await(f); g.ret(0); return 0 }), 0)
	})
	inWorld(t, func(t *testing.T, w *world) {
		a, caller := w.actor(), w.actor()
		slow := newSleeper(a, false)
		wake := slow.waker(a)
		w.must(caller.stackful(func(g *running, _ ...uint64) uint64 {
			g.ret(0)
			g.do(threadYield) // until the other waits
			g.await(wake, 0)
			return 0
		}), 0)
		if got := w.must(caller.stackful(func(g *running, _ ...uint64) uint64 { g.ret(g.await(slow.Func, 5)); return 0 }), 0); got != 5 {
			t.Error(got)
		}
		w.said("5 sleeps", "5 wakes")
	})
}

// Arguments and results go through memory where they are too many, and
// strings from encoding to encoding.
func TestSubtaskValues(t *testing.T) {
	text := types.Primitive(types.String)
	many := &types.Func{Async: true, Result: text}
	for _, name := range []string{"a", "b", "c", "d"} {
		many.Params = append(many.Params, types.Field{Name: name, Type: u32})
	}
	many.Params = append(many.Params, types.Field{Name: "s", Type: text})
	inWorld(t, func(t *testing.T, w *world) {
		a, caller := w.actor(), w.actor()
		f := a.stackful(func(g *running, n ...uint64) uint64 {
			s := string(g.mem(n[4])[:n[5]])
			g.say("%d %d %d %d %s", n[0], n[1], n[2], n[3], s)
			copy(g.mem(512), s+", too")
			g.do(taskReturn.of(text), 512, n[5]+5)
			return 0
		})
		f.Type = many
		w.must(caller.stackful(func(g *running, _ ...uint64) uint64 {
			copy(g.mem(100), "text")
			for i, v := range []uint32{1, 2, 3, 4, 100, 4} {
				putU32(g.mem(uint64(200+4*i)), v)
			}
			st, _ := g.begin(f, 200, 300)
			at := uint64(g.u32(300))
			g.say("%v %s", st, g.mem(at)[:g.u32(304)])
			g.ret(0)
			return 0
		}), 0)
		w.said("1 2 3 4 text", "returned text, too")
	})
}

// canceler is what a caller does that cancels a call.
func canceler(caller *actor, f *Func) *Func {
	return caller.stackful(func(g *running, _ ...uint64) uint64 {
		st, sub := g.begin(f, 1, 16)
		g.say("%v", st)
		g.do(threadYield)
		got := g.do(subtaskCancel, sub)
		if got == blocked {
			g.say("blocked")
			g.say("%v", g.wait(g.set(sub)))
		} else {
			g.say("%v", subtaskState(got))
		}
		g.do(subtaskDrop, sub)
		g.ret(0)
		return 0
	})
}

// Cancelling reaches a task where it waits and lets itself be cancelled, and
// the task says what comes of it.
func TestSubtaskCancel(t *testing.T) {
	inf := func(g *running) uint64 { r, _ := g.ends(streamNew); return g.set(sleeping(g, r)) }
	for _, c := range []struct {
		name string
		f    func(a *actor) *Func
		want []string
	}{
		{"callback that waits", func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 { return callbackWait | inf(g)<<4 },
				func(g *running, news ...uint64) uint64 {
					g.say("%v", eventOf(news))
					g.do(taskCancel)
					return callbackExit
				})
		}, []string{"started", "task cancelled", "cancelled before returned"}},
		{"callback that returns all the same", func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 { return callbackWait | inf(g)<<4 },
				func(g *running, news ...uint64) uint64 { g.say("%v", eventOf(news)); g.ret(9); return callbackExit })
		}, []string{"started", "task cancelled", "returned"}},
		{"callback that yields", func(a *actor) *Func {
			n := 0
			return a.callback(func(g *running, _ ...uint64) uint64 { return callbackYield },
				func(g *running, news ...uint64) uint64 {
					if n++; eventOf(news).code == eventNone {
						return callbackYield
					}
					g.say("%v", eventOf(news))
					g.do(taskCancel)
					return callbackExit
				})
		}, []string{"started", "task cancelled", "cancelled before returned"}},
		{"callback that blocks, then waits", func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 {
				g.do(threadYield)
				g.do(threadYield)
				return callbackWait | inf(g)<<4
			},
				func(g *running, news ...uint64) uint64 {
					g.say("%v", eventOf(news))
					g.do(taskCancel)
					return callbackExit
				})
		}, []string{"started", "blocked", "task cancelled", "subtask 1 cancelled before returned"}},
		{"callback that blocks, then yields", func(a *actor) *Func {
			return a.callback(func(g *running, _ ...uint64) uint64 { g.do(threadYield); g.do(threadYield); return callbackYield },
				func(g *running, news ...uint64) uint64 {
					g.say("%v", eventOf(news))
					g.do(taskCancel)
					return callbackExit
				})
		}, []string{"started", "blocked", "task cancelled", "subtask 1 cancelled before returned"}},
		{"stackful in wait", func(a *actor) *Func {
			return a.stackful(func(g *running, _ ...uint64) uint64 { g.say("%v", g.waitCancel(inf(g))); g.do(taskCancel); return 0 })
		}, []string{"started", "task cancelled", "cancelled before returned"}},
		{"stackful in yield", func(a *actor) *Func {
			return a.stackful(func(g *running, _ ...uint64) uint64 {
				for g.do(threadYield.cancel()) == 0 {
				}
				g.do(taskCancel)
				return 0
			})
		}, []string{"started", "cancelled before returned"}},
		{"stackful that is suspended", func(a *actor) *Func {
			return a.stackful(func(g *running, _ ...uint64) uint64 {
				g.say("%d", g.do(threadSuspend.cancel()))
				g.do(taskCancel)
				return 0
			})
		}, []string{"started", "1", "cancelled before returned"}},
		{"stackful that is not to be cancelled, then polls", func(a *actor) *Func {
			return a.stackful(func(g *running, _ ...uint64) uint64 {
				set := g.set()
				g.do(threadYield)
				g.do(threadYield)
				g.say("%v", g.poll(set))
				g.say("%v", g.take(g.do(setPoll.cancel(), set, 8)))
				g.say("%v", g.take(g.do(setPoll.cancel(), set, 8)))
				g.do(taskCancel)
				return 0
			})
		}, []string{"started", "blocked", "nothing", "task cancelled", "nothing", "subtask 1 cancelled before returned"}},
		{"stackful that is not to be cancelled, then waits", func(a *actor) *Func {
			return a.stackful(func(g *running, _ ...uint64) uint64 {
				g.do(threadYield)
				g.do(threadYield)
				r, wr := g.ends(streamNew)
				set := g.set(sleeping(g, r))
				g.do(streamDropW, wr)
				g.say("%v", g.waitCancel(set)) // before the event that is there
				g.say("%v", g.waitCancel(set))
				g.do(taskCancel)
				return 0
			})
		}, []string{"started", "blocked", "task cancelled", "stream-read 1 dropped 0", "subtask 1 cancelled before returned"}},
		{"sync lift, which cannot be", func(a *actor) *Func {
			return a.lift(async, func(g *running, _ ...uint64) uint64 {
				g.do(threadYield.cancel())
				g.do(threadYield)
				g.do(threadYield)
				return 4
			})
		}, []string{"started", "blocked", "subtask 1 returned"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				w.must(canceler(w.actor(), c.f(w.actor())), 0)
				w.said(c.want...)
			})
		})
	}
}

// A call that has not begun is cancelled without the callee's help.
func TestSubtaskCancelBeforeStart(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		w.must(a.lift(plain, func(g *running, _ ...uint64) uint64 { return g.do(pressureInc) }), 0)
		w.must(canceler(w.actor(), a.stackful(nil)), 0)
		w.said("starting", "cancelled before started")
		if a.waiting != 0 || w.threads != 0 {
			t.Errorf("%d wait, %d threads", a.waiting, w.threads)
		}
	})
}

// What has returned before the caller cancels has returned.
func TestSubtaskCancelLate(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.must(canceler(w.actor(), w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.do(threadYield); g.ret(3); return 0 })), 0)
		w.said("started", "returned")
	})
}

// A caller that did not look before is not told by subtask.cancel that the
// call has begun, but how it has ended.
func TestSubtaskCancelUnseenStart(t *testing.T) {
	for _, how := range []op{subtaskCancel, subtaskCancel.sync()} {
		inWorld(t, func(t *testing.T, w *world) {
			a, caller := w.actor(), w.actor()
			slow := newSleeper(a, true)
			wake := slow.waker(a)
			w.must(caller.stackful(func(g *running, _ ...uint64) uint64 {
				g.begin(slow.Func, 1, 16)
				st, two := g.begin(slow.Func, 2, 20)
				g.say("%v", st)
				g.await(wake, 0)
				for len(slow.wake) < 2 {
					g.do(threadYield)
				}
				waker := a.stackful(func(g *running, _ ...uint64) uint64 { g.ret(0); g.do(threadYield); slow.wake[1](g); return 0 })
				g.begin(waker, 0, 24)
				got := g.do(how, two)
				if got == blocked {
					g.say("blocked")
					set := g.set(two)
					for st := subtaskStarted; st < subtaskReturned; {
						e := g.wait(set)
						st = subtaskState(e.p2)
						g.say("%v", e)
					}
				} else {
					g.say("%v", subtaskState(got))
				}
				g.do(subtaskDrop, two)
				g.ret(0)
				return 0
			}), 0)
			if how.async {
				w.said("1 sleeps", "starting", "1 wakes", "2 sleeps", "blocked", "subtask 2 started", "2 wakes", "subtask 2 returned")
			} else {
				w.said("1 sleeps", "starting", "1 wakes", "2 sleeps", "2 wakes", "returned")
			}
		})
	}
}

// A task that may not be entered from the canceller learns of it later.
func TestSubtaskCancelEntered(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, caller := w.actor(), w.actor()
		var sub uint64
		f := a.stackful(func(g *running, _ ...uint64) uint64 { g.say("%v", g.waitCancel(g.set())); g.do(taskCancel); return 0 })
		begin := caller.lift(plain, func(g *running, _ ...uint64) uint64 { _, sub = g.begin(f, 1, 16); return 0 })
		cancel := caller.lift(plain, func(g *running, _ ...uint64) uint64 {
			g.say("cancel: %v", g.do(subtaskCancel, sub) == blocked)
			return 0
		})
		w.must(begin, 0)
		w.must(a.lift(plain, func(g *running, _ ...uint64) uint64 { return g.await(cancel, 0) }), 0)
		w.said("cancel: true")
	})
}

func TestSubtaskTraps(t *testing.T) {
	returned := func(a *actor) *Func {
		return a.stackful(func(g *running, _ ...uint64) uint64 { g.do(threadYield); g.ret(1); return 0 })
	}
	for _, c := range []struct {
		name string
		do   func(g *running, f *Func)
		want string
	}{
		{"drop before the end", func(g *running, f *Func) { _, sub := g.begin(f, 1, 16); g.do(subtaskDrop, sub) }, "not yet resolved"},
		{"drop before the end is told", func(g *running, f *Func) {
			_, sub := g.begin(f, 1, 16)
			g.do(threadYield)
			g.do(subtaskDrop, sub)
		}, "not yet resolved"},
		{"drop of something else", func(g *running, f *Func) { g.do(subtaskDrop, g.set()) }, "wrong type"},
		{"cancel of something else", func(g *running, f *Func) { g.do(subtaskCancel, g.set()) }, "wrong type"},
		{"cancel twice", func(g *running, f *Func) {
			_, sub := g.begin(f, 1, 16)
			g.do(subtaskCancel, sub)
			g.do(subtaskCancel, sub)
		}, "called twice"},
		{"cancel after the end was told", func(g *running, f *Func) {
			_, sub := g.begin(f, 1, 16)
			g.wait(g.set(sub))
			g.do(subtaskCancel, sub)
		}, "after terminal status delivered"},
		{"sync cancel in a set", func(g *running, f *Func) {
			_, sub := g.begin(f, 1, 16)
			g.set(sub)
			g.do(subtaskCancel.sync(), sub)
		}, "while added to a waitable set"},
		{"a callee that traps when cancelled", func(g *running, _ *Func) {
			f := g.w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.do(threadSuspend.cancel()); panic("unwilling") })
			_, sub := g.begin(f, 1, 16)
			g.do(subtaskCancel, sub)
		}, "unwilling"},
		{"result out of memory", func(g *running, f *Func) { _, sub := g.begin(f, 1, 1<<20); g.wait(g.set(sub)) }, "out of bounds"},
		{"result not aligned", func(g *running, f *Func) { _, sub := g.begin(f, 1, 17); g.wait(g.set(sub)) }, "unaligned"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				f := returned(w.actor())
				w.trap(c.want, w.actor().stackful(func(g *running, _ ...uint64) uint64 { c.do(g, f); return 0 }), 0)
			})
		})
	}
	t.Run("arguments out of memory", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			f := w.actor().stackful(nil)
			f.Type = &types.Func{Async: true, Params: []types.Field{{Name: "s", Type: types.Primitive(types.String)}}}
			w.trap("out of bounds", w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.begin(f, 1<<20, 5); return 0 }), 0)
		})
	})
	t.Run("sync call in a sync task", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			f := returned(w.actor())
			w.trap("cannot block a synchronous task", w.actor().lift(plain, func(g *running, _ ...uint64) uint64 { return g.await(f, 0) }), 0)
		})
	})
}
