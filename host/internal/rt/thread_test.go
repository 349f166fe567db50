package rt

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// spawns gives an actor a table of thread functions and the module that calls them.
func (a *actor) spawns(entries ...script) {
	table := &scriptedExtern{kind: core.Table}
	for _, e := range entries {
		table.table = append(table.table, a.script(e).(*scriptedExtern).code)
	}
	a.coreItems[core.Table] = []core.Extern{table}
	a.modules = map[*types.StepModule]core.Module{IndirectCaller: &module{exports: func(_ *scripted, im []core.Extern) map[string]core.Extern {
		return map[string]core.Extern{"f": &scriptedExtern{kind: core.Func, code: func(call func(core.Extern, ...uint64) uint64, args []uint64) (uint64, error) {
			entries := im[0].(*scriptedExtern).table
			if args[0] >= uint64(len(entries)) {
				panic("undefined element")
			}
			return entries[args[0]](call, args[1:])
		}}}
	}}}
}

// TestThreads switches between a task's threads in every way: which runs next
// and when the first goes on.
func TestThreads(t *testing.T) {
	for _, c := range []struct {
		name string
		main func(g *running, other uint64)
		want string
	}{
		{"resume later, yield", func(g *running, other uint64) { g.do(threadResumeLater, other); g.do(threadYield) }, "other main"},
		{"suspend then resume", func(g *running, other uint64) { g.do(suspendThenResume, other) }, "other main"},
		{"yield then resume", func(g *running, other uint64) { g.do(yieldThenResume, other) }, "other main"},
		{"suspend then promote what is ready", func(g *running, other uint64) {
			g.do(threadResumeLater, other)
			g.do(suspendThenPromo, other)
		}, "other main"},
		{"yield then promote what is ready", func(g *running, other uint64) {
			g.do(threadResumeLater, other)
			g.do(yieldThenPromo, other)
		}, "other main"},
		{"yield then promote what is not ready", func(g *running, other uint64) {
			g.do(yieldThenPromo, other)
			g.say("first")
			g.do(threadResumeLater, other)
			g.do(threadYield)
		}, "first other main"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a := w.actor()
				var first uint64
				a.spawns(func(g *running, n ...uint64) uint64 {
					g.say("other")
					if th, err := g.threads.get(uint32(first)); err == nil && th.suspended() {
						g.do(threadResumeLater, first)
					}
					return 0
				})
				w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
					first = g.do(threadIndex)
					c.main(g, g.do(threadNew, 0, 5))
					g.say("main")
					g.ret(0)
					return 0
				}), 0)
				w.drained()
				w.said(strings.Fields(c.want)...)
			})
		})
	}
}

// A task lives until its last thread has ended; each has an index of its own.
func TestThreadsOutliveTheFirst(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		a.spawns(func(g *running, n ...uint64) uint64 {
			g.say("%d is thread %d", n[0], g.do(threadIndex))
			if n[0] == 2 {
				g.ret(9)
			}
			return 0
		})
		got := w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
			for n := range uint64(2) {
				g.do(threadResumeLater, g.do(threadNew, 0, n+1))
			}
			g.say("first is thread %d", g.do(threadIndex))
			return 0
		}), 0)
		w.drained()
		w.said("first is thread 1", "1 is thread 2", "2 is thread 3")
		if got != 9 || w.threads != 0 {
			t.Errorf("result %d, %d threads left", got, w.threads)
		}
	})
}

func TestThreadTraps(t *testing.T) {
	for _, c := range []struct {
		name string
		main func(g *running)
		want string
	}{
		{"resume of nobody", func(g *running) { g.do(threadResumeLater, 7) }, "unknown thread index 7"},
		{"resume of itself", func(g *running) { g.do(threadResumeLater, g.do(threadIndex)) }, "not suspended"},
		{"resume of what is ready", func(g *running) {
			other := g.do(threadNew, 0, 1)
			g.do(threadResumeLater, other)
			g.do(suspendThenResume, other)
		}, "not suspended"},
		{"promote nobody", func(g *running) { g.do(yieldThenPromo, 7) }, "unknown thread index 7"},
		{"entry that is not there", func(g *running) { g.do(suspendThenResume, g.do(threadNew, 9, 1)) }, "undefined element"},
		{"suspended by all", func(g *running) { g.do(threadSuspend) }, "deadlock"},
		{"suspended, the promoted not ready", func(g *running) { g.do(suspendThenPromo, g.do(threadNew, 0, 1)) }, "deadlock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a := w.actor()
				a.spawns(func(g *running, n ...uint64) uint64 { return 0 })
				w.trap(c.want, a.stackful(func(g *running, _ ...uint64) uint64 { c.main(g); g.ret(0); return 0 }), 0)
			})
		})
	}
	t.Run("last thread leaves without a result", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			a := w.actor()
			a.spawns(func(g *running, n ...uint64) uint64 { return 0 })
			w.trap("failed to produce a result", a.stackful(func(g *running, _ ...uint64) uint64 {
				g.do(threadResumeLater, g.do(threadNew, 0, 1))
				return 0
			}), 0)
		})
	})
	t.Run("too many", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			a := w.actor()
			a.threads.limit = 3
			a.spawns(func(g *running, n ...uint64) uint64 { return 0 })
			w.trap("thread table is full", a.stackful(func(g *running, _ ...uint64) uint64 {
				for range 3 {
					g.do(threadNew, 0, 1)
				}
				return 0
			}), 0)
		})
	})
	t.Run("suspended in a sync task", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			w.trap("cannot block a synchronous task", w.actor().lift(plain, func(g *running, _ ...uint64) uint64 { return g.do(threadSuspend) }), 0)
		})
	})
}

// Cancellation reaches the thread that can take it, be it not the first.
func TestThreadCancel(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		a.spawns(func(g *running, n ...uint64) uint64 {
			g.say("%d", g.do(threadSuspend.cancel()))
			g.do(taskCancel)
			g.do(threadResumeLater, n[0])
			return 0
		})
		w.must(canceler(w.actor(), a.stackful(func(g *running, _ ...uint64) uint64 {
			g.do(suspendThenResume, g.do(threadNew, 0, g.do(threadIndex)))
			g.say("first ends")
			return 0
		})), 0)
		w.drained()
		w.said("started", "1", "cancelled before returned", "first ends")
	})
	// What was asked for before is delivered by each built-in that waits.
	for name, do := range map[string]func(g *running, other uint64) uint64{
		"suspend":              func(g *running, other uint64) uint64 { return g.do(threadSuspend.cancel()) },
		"yield":                func(g *running, other uint64) uint64 { return g.do(threadYield.cancel()) },
		"suspend-then-resume":  func(g *running, other uint64) uint64 { return g.do(suspendThenResume.cancel(), other) },
		"yield-then-resume":    func(g *running, other uint64) uint64 { return g.do(yieldThenResume.cancel(), other) },
		"suspend-then-promote": func(g *running, other uint64) uint64 { return g.do(suspendThenPromo.cancel(), other) },
		"yield-then-promote":   func(g *running, other uint64) uint64 { return g.do(yieldThenPromo.cancel(), other) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a := w.actor()
				a.spawns(func(g *running, n ...uint64) uint64 { g.say("other"); return 0 })
				w.must(canceler(w.actor(), a.stackful(func(g *running, _ ...uint64) uint64 {
					other := g.do(threadNew, 0, 1)
					g.do(threadYield)
					g.do(threadYield)
					g.say("%d", do(g, other))
					g.do(taskCancel)
					g.do(threadResumeLater, other)
					return 0
				})), 0)
				w.drained()
				w.said("started", "blocked", "1", "subtask 1 cancelled before returned", "other")
			})
		})
	}
}

// Who has waited longest goes on first, so that a run is like every other.
func TestThreadOrder(t *testing.T) {
	const tasks, rounds = 20, 5
	run := func(t *testing.T) (trace []string) {
		inWorld(t, func(t *testing.T, w *world) {
			var actors []*actor
			for range 4 {
				actors = append(actors, w.actor())
			}
			for n := range uint64(tasks) {
				a := actors[n%4]
				yields := a.stackful(func(g *running, n ...uint64) uint64 {
					g.ret(0)
					for round := range rounds {
						g.do(threadYield)
						g.say("%d.%d", round, n[0])
						if n[0]%3 == uint64(round) {
							return 0
						}
					}
					return 0
				})
				w.must(yields, n)
			}
			w.drained()
			trace = w.trace
		})
		return trace
	}
	first := run(t)
	var want []string
	for round := range rounds {
		for n := range tasks {
			if n%3 >= round {
				want = append(want, fmt.Sprintf("%d.%d", round, n))
			}
		}
	}
	// A call of the host runs what is ready, so that the first rounds are ahead
	// for the first tasks: within a round the order is that of the calls.
	byRound := slices.Clone(first)
	slices.SortStableFunc(byRound, func(a, b string) int { return strings.Compare(a[:1], b[:1]) })
	if !slices.Equal(byRound, want) {
		t.Errorf("in order of rounds: %v, want %v", byRound, want)
	}
	for range 100 {
		if again := run(t); !slices.Equal(again, first) {
			t.Fatalf("another order: %v, before %v", again, first)
		}
	}
}
