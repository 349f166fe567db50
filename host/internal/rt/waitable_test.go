package rt

import (
	"testing"
)

// Events come in the order in which the waitables joined, whenever they
// happened, and a waitable that has moved has its events in its new set.
func TestWaitableSetOrder(t *testing.T) {
	guestDoes(t, func(g *running) {
		r1, w1 := g.ends(streamNew)
		r2, w2 := g.ends(streamNew)
		set := g.set(r1, r2)
		g.do(streamRead, r1, 64, 1)
		g.do(streamRead, r2, 65, 1)
		g.do(streamWrite, w2, 128, 1)
		g.do(streamWrite, w1, 128, 1)
		g.say("%v", g.wait(set))
		g.say("%v", g.poll(set))
		g.say("%v", g.poll(set))
		g.do(streamRead, r1, 64, 1)
		g.do(streamWrite, w1, 128, 1)
		other := g.set(r1)
		g.say("%v, %v", g.poll(set), g.poll(other))
		g.do(join, r1, 0)
		g.do(join, r1, 0)
		g.do(join, r2, other)
		g.do(setDrop, set)
		g.do(streamDropR, r2)
		g.do(setDrop, other) // dropping an end takes it out
	}, "stream-read 1 completed 1", "stream-read 3 completed 1", "nothing", "nothing, stream-read 1 completed 1")
}

// Two threads may wait for one set; the one that has waited longest gets the event.
func TestWaitableSetTwoWaiters(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		var set, r, wr uint64
		waiter := a.stackful(func(g *running, n ...uint64) uint64 {
			if n[0] == 1 {
				r, wr = g.ends(streamNew)
				set = g.set(sleeping(g, r))
			}
			g.ret(0)
			g.say("%d: %v", n[0], g.wait(set))
			return 0
		})
		w.must(waiter, 1)
		w.must(waiter, 2)
		write := a.lift(plain, func(g *running, _ ...uint64) uint64 {
			g.do(streamWrite, wr, 128, 1)
			return 0
		})
		w.must(write, 0)
		w.drained()
		w.said("1: stream-read 1 completed 1")
		w.must(a.lift(plain, func(g *running, _ ...uint64) uint64 { sleeping(g, r); return g.do(streamWrite, wr, 128, 1) }), 0)
		w.drained()
		w.said("2: stream-read 1 completed 1")
	})
}

func TestWaitableTraps(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(g *running)
		want string
	}{
		{"join of nothing", func(g *running) { g.do(join, 5, 0) }, "unknown handle index 5"},
		{"join of no waitable", func(g *running) { g.do(join, g.set(), 0) }, "wrong type"},
		{"join to nothing", func(g *running) { r, _ := g.ends(streamNew); g.do(join, r, 9) }, "unknown handle index 9"},
		{"join to no set", func(g *running) { r, w := g.ends(streamNew); g.do(join, r, w) }, "wrong type"},
		{"wait for nothing", func(g *running) { g.wait(5) }, "unknown handle index 5"},
		{"wait for no set", func(g *running) { r, _ := g.ends(streamNew); g.wait(r) }, "wrong type"},
		{"poll of no set", func(g *running) { r, _ := g.ends(streamNew); g.poll(r) }, "wrong type"},
		{"drop of no set", func(g *running) { r, _ := g.ends(streamNew); g.do(setDrop, r) }, "wrong type"},
		{"drop with waitables", func(g *running) { r, _ := g.ends(streamNew); g.do(setDrop, g.set(r)) }, "with waitables in it"},
		{"an empty set", func(g *running) { g.wait(g.set()) }, "deadlock"},
		{"event to an address that is not aligned", func(g *running) { g.do(setPoll, g.set(), 9) }, "unaligned"},
		{"event that comes later out of memory", func(g *running) {
			r, w := g.ends(streamNew)
			set := g.set(sleeping(g, r))
			f := sleeps(g.w)
			_, sub := g.begin(f, 1, 16)
			g.do(join, sub, set)
			g.do(setWait, set, 2044)
			g.do(streamDropW, w)
		}, "out of bounds"},
		{"event out of memory", func(g *running) { g.do(setPoll, g.set(), 2044) }, "out of bounds"},
	} {
		t.Run(c.name, func(t *testing.T) { guestTraps(t, c.want, c.do) })
	}
	t.Run("drop with a waiter", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			a := w.actor()
			var set uint64
			w.must(a.stackful(func(g *running, _ ...uint64) uint64 { g.ret(0); set = g.set(); g.wait(set); return 0 }), 0)
			w.trap("with waiters", a.lift(plain, func(g *running, _ ...uint64) uint64 { return g.do(setDrop, set) }), 0)
		})
	})
	t.Run("drop with a callback that waits", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			a := w.actor()
			var set uint64
			w.must(a.callback(func(g *running, _ ...uint64) uint64 { g.ret(0); set = g.set(); return callbackWait | set<<4 }, nil), 0)
			w.trap("with waiters", a.lift(plain, func(g *running, _ ...uint64) uint64 { return g.do(setDrop, set) }), 0)
		})
	})
	// While a thread waits for a waitable, nobody else may use it.
	for name, use := range map[string]struct {
		do   func(g *running, r uint64)
		want string
	}{
		"join":   {func(g *running, r uint64) { g.do(join, r, g.set()) }, "while added to a waitable set"},
		"cancel": {func(g *running, r uint64) { g.do(streamCancelR, r) }, "not in progress"},
		"drop":   {func(g *running, r uint64) { g.do(streamDropR, r) }, "cannot remove busy"},
	} {
		t.Run(name+" of what is waited for", func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a := w.actor()
				var r uint64
				w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
					g.ret(0)
					r, _ = g.ends(streamNew)
					g.do(streamRead.sync(), r, 64, 1)
					return 0
				}), 0)
				w.trap(use.want, a.lift(plain, func(g *running, _ ...uint64) uint64 { use.do(g, r); return 0 }), 0)
			})
		})
	}
}
