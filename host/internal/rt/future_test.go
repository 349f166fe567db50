package rt

import (
	"testing"

	"github.com/wasitls/wasitls/host/internal/types"
)

// A future has one value.
func TestFutures(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(g *running, r, w uint64)
		want []string
	}{
		{"read first", func(g *running, r, w uint64) {
			putU32(g.mem(128), 42)
			g.say("%s", copied(g.do(futureRead, r, 64)))
			g.say("%s", copied(g.do(futureWrite, w, 128)))
			g.say("%v", g.poll(g.set(r)))
			g.say("%d", g.mem(64)[0])
			g.do(futureDropR, r)
			g.do(futureDropW, w)
		}, []string{"blocked", "completed 0", "future-read 1 completed 0", "42"}},
		{"write first", func(g *running, r, w uint64) {
			g.say("%s", copied(g.do(futureWrite, w, 128)))
			g.say("%s", copied(g.do(futureRead, r, 64)))
			g.say("%v", g.poll(g.set(w)))
		}, []string{"blocked", "completed 0", "future-write 2 completed 0"}},
		{"the reader goes", func(g *running, r, w uint64) {
			g.say("%s", copied(g.do(futureWrite, w, 128)))
			g.do(futureDropR, r)
			g.say("%v", g.poll(g.set(w)))
			g.do(futureDropW, w)
		}, []string{"blocked", "future-write 2 dropped 0"}},
		{"the reader has gone", func(g *running, r, w uint64) {
			g.do(futureDropR, r)
			g.say("%s", copied(g.do(futureWrite, w, 128)))
			g.do(futureDropW, w)
		}, []string{"dropped 0"}},
		{"a read is cancelled", func(g *running, r, w uint64) {
			g.do(futureRead, r, 64)
			g.say("%s", copied(g.do(futureCancelR, r)))
			g.do(futureWrite, w, 128)
			g.say("%s", copied(g.do(futureRead, r, 64)))
		}, []string{"cancelled 0", "completed 0"}},
		{"a write is cancelled", func(g *running, r, w uint64) {
			g.do(futureWrite, w, 128)
			g.say("%s", copied(g.do(futureCancelW.sync(), w)))
			g.do(futureRead, r, 64)
			g.say("%s", copied(g.do(futureWrite, w, 128)))
		}, []string{"cancelled 0", "completed 0"}},
		{"cancelled, and it had ended", func(g *running, r, w uint64) {
			g.do(futureRead, r, 64)
			g.do(futureWrite, w, 128)
			g.say("%s", copied(g.do(futureCancelR, r)))
		}, []string{"completed 0"}},
		{"of nothing", func(g *running, _, _ uint64) {
			r, w := g.ends(futureNew.of(nil))
			g.do(futureRead.of(nil), r, 64)
			g.say("%s", copied(g.do(futureWrite.of(nil), w, 128)))
		}, []string{"completed 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			guestDoes(t, func(g *running) { r, w := g.ends(futureNew); c.do(g, r, w) }, c.want...)
		})
	}
}

func TestFutureTraps(t *testing.T) {
	text := types.Primitive(types.String)
	for _, c := range []struct {
		name string
		do   func(g *running, r, w uint64)
		want string
	}{
		{"drop before writing", func(g *running, r, w uint64) { g.do(futureDropW, w) }, "without first writing a value"},
		{"drop while writing", func(g *running, r, w uint64) { g.do(futureWrite, w, 64); g.do(futureDropW, w) }, "cannot drop busy future"},
		{"drop while reading", func(g *running, r, w uint64) { g.do(futureRead, r, 64); g.do(futureDropR, r) }, "cannot remove busy future"},
		{"written twice", func(g *running, r, w uint64) {
			g.do(futureRead, r, 64)
			g.do(futureWrite, w, 64)
			g.do(futureWrite, w, 64)
		}, "cannot write to future after"},
		{"read twice", func(g *running, r, w uint64) {
			g.do(futureWrite, w, 64)
			g.do(futureRead, r, 64)
			g.do(futureRead, r, 64)
		}, "cannot read from future after"},
		{"passed on after reading", func(g *running, r, w uint64) {
			g.do(futureWrite, w, 64)
			g.do(futureRead, r, 64)
			f := g.w.actor().stackful(nil)
			f.Type = &types.Func{Async: true, Params: []types.Field{{Name: "f", Type: types.NewFuture(u8)}}, Result: u32}
			g.await(f, r)
		}, "cannot lift future after"},
		{"passed on in a set", func(g *running, r, w uint64) {
			g.set(r)
			f := g.w.actor().stackful(nil)
			f.Type = &types.Func{Async: true, Params: []types.Field{{Name: "f", Type: types.NewFuture(u8)}}, Result: u32}
			g.await(f, r)
		}, "cannot lift future while"},
		{"strings within one instance", func(g *running, _, _ uint64) {
			r, w := g.ends(futureNew.of(text))
			g.do(futureRead.of(text), r, 64)
			g.do(futureWrite.of(text), w, 64)
		}, "intra-component future"},
		{"read as a stream", func(g *running, r, w uint64) { g.do(streamRead, r, 64, 1) }, "wrong type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			guestTraps(t, c.want, func(g *running) { r, w := g.ends(futureNew); c.do(g, r, w) })
		})
	}
	t.Run("a string out of memory", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			reader := w.actor().stackful(func(g *running, n ...uint64) uint64 { g.do(futureRead.of(text), n[0], 64); g.ret(0); return 0 })
			reader.Type = &types.Func{Async: true, Params: []types.Field{{Name: "f", Type: types.NewFuture(text)}}, Result: u32}
			w.trap("out of bounds", w.actor().stackful(func(g *running, _ ...uint64) uint64 {
				r, wr := g.ends(futureNew.of(text))
				g.await(reader, r)
				putU32(g.mem(64), 1<<20)
				putU32(g.mem(68), 5)
				return g.do(futureWrite.of(text), wr, 64)
			}), 0)
		})
	})
}
