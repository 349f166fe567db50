package rt

import (
	"testing"

	"github.com/wasitls/wasitls/host/internal/types"
)

// guestDoes runs a script as an async function of one instance.
func guestDoes(t *testing.T, do func(g *running), want ...string) {
	t.Helper()
	inWorld(t, func(t *testing.T, w *world) {
		w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 { do(g); g.ret(0); return 0 }), 0)
		w.said(want...)
	})
}

// guestTraps is guestDoes of what traps.
func guestTraps(t *testing.T, want string, do func(g *running)) {
	t.Helper()
	inWorld(t, func(t *testing.T, w *world) {
		w.trap(want, w.actor().stackful(func(g *running, _ ...uint64) uint64 { do(g); g.ret(0); return 0 }), 0)
	})
}

// A step of a script on a stream: what one end does, with how many elements.
type copyStep struct {
	do   string
	n    uint64
	want string
}

// Copies through a stream within one instance, step by step. The ends are
// handles 1 and 2; the sets they are in are 3 and 4.
func TestStreamCopies(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []copyStep
	}{
		{"the reader comes first", []copyStep{
			{"read", 4, "blocked"}, {"write", 4, "completed 4"}, {"news of read", 0, "stream-read 1 completed 4"},
		}},
		{"the writer comes first", []copyStep{
			{"write", 4, "blocked"}, {"read", 4, "completed 4"}, {"news of write", 0, "stream-write 2 completed 4"},
		}},
		{"a small read", []copyStep{
			{"write", 4, "blocked"}, {"read", 1, "completed 1"}, {"news of write", 0, "stream-write 2 completed 1"}, {"write", 3, "blocked"}, {"read", 9, "completed 3"},
		}},
		{"two small reads before the writer looks", []copyStep{
			{"write", 4, "blocked"}, {"read", 1, "completed 1"}, {"read", 2, "completed 2"}, {"news of write", 0, "stream-write 2 completed 3"},
		}},
		{"two small writes before the reader looks", []copyStep{
			{"read", 4, "blocked"}, {"write", 1, "completed 1"}, {"write", 2, "completed 2"}, {"news of read", 0, "stream-read 1 completed 3"},
		}},
		{"a full buffer that nobody has looked at", []copyStep{
			{"read", 2, "blocked"}, {"write", 2, "completed 2"}, {"write", 2, "blocked"}, {"news of read", 0, "stream-read 1 completed 2"}, {"read", 2, "completed 2"},
		}},
		{"an empty read waits for a writer", []copyStep{
			{"read", 0, "blocked"}, {"write", 4, "blocked"}, {"news of read", 0, "stream-read 1 completed 0"}, {"read", 4, "completed 4"},
		}},
		{"an empty write waits for a reader", []copyStep{
			{"write", 0, "blocked"}, {"read", 4, "blocked"}, {"news of write", 0, "stream-write 2 completed 0"}, {"write", 4, "completed 4"},
		}},
		{"empty write to a read", []copyStep{
			{"read", 4, "blocked"}, {"write", 0, "completed 0"}, {"news of read", 0, "nothing"},
		}},
		{"empty read from a write", []copyStep{
			{"write", 4, "blocked"}, {"read", 0, "completed 0"}, {"news of write", 0, "nothing"},
		}},
		{"both empty, the write second", []copyStep{
			{"read", 0, "blocked"}, {"write", 0, "completed 0"}, {"news of read", 0, "nothing"}, {"write", 1, "blocked"}, {"news of read", 0, "stream-read 1 completed 0"},
		}},
		{"both empty, the read second", []copyStep{
			{"write", 0, "blocked"}, {"read", 0, "blocked"}, {"news of write", 0, "stream-write 2 completed 0"}, {"news of read", 0, "nothing"},
		}},
		{"the reader goes", []copyStep{
			{"write", 4, "blocked"}, {"drop reader", 0, ""}, {"news of write", 0, "stream-write 2 dropped 0"}, {"drop writer", 0, ""},
		}},
		{"the reader goes after some", []copyStep{
			{"write", 4, "blocked"}, {"read", 3, "completed 3"}, {"drop reader", 0, ""}, {"news of write", 0, "stream-write 2 dropped 3"},
		}},
		{"the reader has gone", []copyStep{{"drop reader", 0, ""}, {"write", 4, "dropped 0"}}},
		{"the reader has gone, nothing to write", []copyStep{{"drop reader", 0, ""}, {"write", 0, "dropped 0"}}},
		{"the writer goes", []copyStep{
			{"read", 4, "blocked"}, {"drop writer", 0, ""}, {"news of read", 0, "stream-read 1 dropped 0"}, {"drop reader", 0, ""},
		}},
		{"the writer goes after some", []copyStep{
			{"read", 4, "blocked"}, {"write", 1, "completed 1"}, {"drop writer", 0, ""}, {"news of read", 0, "stream-read 1 dropped 1"},
		}},
		{"the writer has gone", []copyStep{{"drop writer", 0, ""}, {"read", 4, "dropped 0"}}},
		{"a read is cancelled", []copyStep{
			{"read", 4, "blocked"}, {"cancel read", 0, "cancelled 0"}, {"news of read", 0, "nothing"}, {"write", 4, "blocked"}, {"read", 4, "completed 4"},
		}},
		{"a write is cancelled", []copyStep{
			{"write", 4, "blocked"}, {"cancel write", 0, "cancelled 0"}, {"read", 4, "blocked"}, {"write", 4, "completed 4"},
		}},
		{"cancelled, and it had ended", []copyStep{
			{"read", 4, "blocked"}, {"write", 4, "completed 4"}, {"cancel read", 0, "cancelled 4"},
		}},
		{"cancelled, and the buffer was full and taken over", []copyStep{
			{"read", 2, "blocked"}, {"write", 2, "completed 2"}, {"write", 2, "blocked"}, {"cancel read", 0, "completed 2"}, {"read", 2, "completed 2"},
		}},
		{"cancelled, and the other had gone", []copyStep{
			{"read", 4, "blocked"}, {"drop writer", 0, ""}, {"cancel read", 0, "dropped 0"},
		}},
		{"a read is cancelled after some", []copyStep{
			{"read", 4, "blocked"}, {"write", 1, "completed 1"}, {"cancel read", 0, "cancelled 1"}, {"write", 1, "blocked"}, {"read", 1, "completed 1"},
		}},
		{"a write is cancelled after some", []copyStep{
			{"write", 4, "blocked"}, {"read", 1, "completed 1"}, {"cancel write", 0, "cancelled 1"}, {"read", 1, "blocked"}, {"write", 1, "completed 1"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []string
			for _, s := range c.steps {
				want = append(want, s.do+": "+s.want)
			}
			guestDoes(t, func(g *running) {
				r, w := g.ends(streamNew)
				news := map[string]uint64{"read": g.set(r), "write": g.set(w)}
				for _, s := range c.steps {
					g.say("%s: %s", s.do, g.step(s, r, w, news))
				}
			}, want...)
		})
	}
}

// step takes a step, and is what it came to.
func (g *running) step(s copyStep, r, w uint64, news map[string]uint64) string {
	switch s.do {
	case "read":
		return copied(g.do(streamRead, r, 64, s.n))
	case "write":
		return copied(g.do(streamWrite, w, 128, s.n))
	case "cancel read":
		return copied(g.do(streamCancelR, r))
	case "cancel write":
		return copied(g.do(streamCancelW, w))
	case "drop reader":
		g.do(streamDropR, r)
		return ""
	case "drop writer":
		g.do(streamDropW, w)
		return ""
	case "news of read":
		return g.poll(news["read"]).String()
	case "news of write":
		return g.poll(news["write"]).String()
	}
	panic(s.do)
}

// Elements arrive whole and in order, of any type, from instance to instance.
func TestStreamElements(t *testing.T) {
	text := types.Primitive(types.String)
	for _, c := range []struct {
		name string
		elem *types.Type
		put  func(g *running, at uint64)
		got  func(g *running, at uint64) string
		want string
	}{
		{"u8", u8, func(g *running, at uint64) { copy(g.mem(at), "ab") }, func(g *running, at uint64) string { return string(g.mem(at)[:2]) }, "ab"},
		{"u32", u32, func(g *running, at uint64) { copy(g.mem(at), "abcdefgh") }, func(g *running, at uint64) string { return string(g.mem(at)[:8]) }, "abcdefgh"},
		{"f32", types.Primitive(types.F32), func(g *running, at uint64) { putU32(g.mem(at), 0xffff_ffff); putU32(g.mem(at+4), 0x3f80_0000) }, func(g *running, at uint64) string {
			if g.u32(at) != 0x7fc0_0000 || g.u32(at+4) != 0x3f80_0000 {
				return "not canonical"
			}
			return "NaN and 1"
		}, "NaN and 1"},
		{"string", text, func(g *running, at uint64) {
			copy(g.mem(900), "onetwo")
			for i, v := range []uint32{900, 3, 903, 3} {
				putU32(g.mem(at+4*uint64(i)), v)
			}
		}, func(g *running, at uint64) string {
			return string(g.mem(uint64(g.u32(at)))[:3]) + string(g.mem(uint64(g.u32(at + 8)))[:3])
		}, "onetwo"},
		{"nothing", nil, func(*running, uint64) {}, func(*running, uint64) string { return "" }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				a, b := w.actor(), w.actor()
				stream := types.NewStream(c.elem)
				reader := b.stackful(func(g *running, n ...uint64) uint64 {
					g.ret(0)
					g.say("%s", copied(g.do(streamRead.of(c.elem).sync(), n[0], 64, 2)))
					g.say("%s", c.got(g, 64))
					g.say("%s", copied(g.do(streamRead.of(c.elem).sync(), n[0], 64, 2)))
					g.do(streamDropR.of(c.elem), n[0])
					return 0
				})
				reader.Type = &types.Func{Async: true, Params: []types.Field{{Name: "s", Type: stream}}, Result: u32}
				w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
					r, wr := g.ends(streamNew.of(c.elem))
					g.await(reader, r)
					c.put(g, 64)
					g.say("%s", copied(g.do(streamWrite.of(c.elem).sync(), wr, 64, 2)))
					g.do(threadYield) // else the reader learns of both at once
					g.do(streamDropW.of(c.elem), wr)
					g.ret(0)
					return 0
				}), 0)
				w.drained()
				w.said("completed 2", "completed 2", c.want, "dropped 0")
				if w.handles != 0 {
					t.Errorf("%d handles left", w.handles)
				}
			})
		})
	}
}

// The forms that wait.
func TestStreamSync(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		var r, wr uint64
		w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
			r, wr = g.ends(streamNew)
			g.ret(0)
			g.say("read %s", copied(g.do(streamRead.sync(), r, 64, 4)))
			g.do(streamRead, r, 64, 4)
			g.say("cancel %s", copied(g.do(streamCancelR.sync(), r)))
			return 0
		}), 0)
		w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
			g.say("write %s", copied(g.do(streamWrite.sync(), wr, 128, 3)))
			g.ret(0)
			return 0
		}), 0)
		w.drained()
		w.said("write completed 3", "read completed 3", "cancel cancelled 0")
	})
}

func TestStreamTraps(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(g *running, r, w uint64)
		want string
	}{
		{"read twice", func(g *running, r, w uint64) { g.do(streamRead, r, 64, 4); g.do(streamRead, r, 64, 4) }, "concurrent operations"},
		{"write twice", func(g *running, r, w uint64) { g.do(streamWrite, w, 64, 4); g.do(streamWrite, w, 64, 4) }, "concurrent operations"},
		{"read while the end is not looked at", func(g *running, r, w uint64) {
			g.do(streamRead, r, 64, 1)
			g.do(streamWrite, w, 64, 1)
			g.do(streamRead, r, 64, 4)
		}, "concurrent operations"},
		{"read after the end", func(g *running, r, w uint64) {
			g.do(streamDropW, w)
			g.do(streamRead, r, 64, 4)
			g.do(streamRead, r, 64, 4)
		}, "cannot read from stream after"},
		{"write after the end", func(g *running, r, w uint64) {
			g.do(streamDropR, r)
			g.do(streamWrite, w, 64, 4)
			g.do(streamWrite, w, 64, 4)
		}, "cannot write to stream after"},
		{"drop of a busy reader", func(g *running, r, w uint64) { g.do(streamRead, r, 64, 4); g.do(streamDropR, r) }, "cannot remove busy stream"},
		{"drop of a busy writer", func(g *running, r, w uint64) { g.do(streamWrite, w, 64, 4); g.do(streamDropW, w) }, "cannot drop busy stream"},
		{"cancel of nothing", func(g *running, r, w uint64) { g.do(streamCancelR, r) }, "not in progress"},
		{"cancel of a write of nothing", func(g *running, r, w uint64) { g.do(streamCancelW, w) }, "not in progress"},
		{"read from the writer", func(g *running, r, w uint64) { g.do(streamRead, w, 64, 4) }, "wrong type"},
		{"read from something else", func(g *running, r, w uint64) { g.do(streamRead, g.set(), 64, 4) }, "wrong type"},
		{"read of another type", func(g *running, r, w uint64) { g.do(streamRead.of(u32), r, 64, 4) }, "wrong type"},
		{"read as a future", func(g *running, r, w uint64) { g.do(futureRead, r, 64) }, "wrong type"},
		{"cancel of another type", func(g *running, r, w uint64) { g.do(streamCancelR.of(u32), r) }, "wrong type"},
		{"drop of another type", func(g *running, r, w uint64) { g.do(streamDropW.of(u32), w) }, "wrong type"},
		{"read in a set that waits", func(g *running, r, w uint64) { g.set(r); g.do(streamRead.sync(), r, 64, 4) }, "while added to a waitable set"},
		{"cancel in a set that waits", func(g *running, r, w uint64) {
			g.set(r)
			g.do(streamRead, r, 64, 4)
			g.do(streamCancelR.sync(), r)
		}, "while added to a waitable set"},
		{"buffer out of memory", func(g *running, r, w uint64) { g.do(streamRead, r, 2047, 2) }, "out of bounds"},
		{"buffer of too many elements", func(g *running, r, w uint64) { g.do(streamRead, r, 0, 1<<28) }, "more than"},
		{"buffer not aligned", func(g *running, _, _ uint64) {
			r, _ := g.ends(streamNew.of(u32))
			g.do(streamRead.of(u32), r, 2, 1)
		}, "unaligned"},
		{"strings within one instance", func(g *running, _, _ uint64) {
			text := types.Primitive(types.String)
			r, w := g.ends(streamNew.of(text))
			g.do(streamRead.of(text), r, 64, 1)
			g.do(streamWrite.of(text), w, 64, 1)
		}, "intra-component stream"},
		{"a sync read alone", func(g *running, r, w uint64) { g.do(streamRead.sync(), r, 64, 4) }, "deadlock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			guestTraps(t, c.want, func(g *running) { r, w := g.ends(streamNew); c.do(g, r, w) })
		})
	}
	t.Run("a string out of memory", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			text := types.Primitive(types.String)
			b := w.actor()
			reader := b.stackful(func(g *running, n ...uint64) uint64 {
				g.do(streamRead.of(text), n[0], 64, 1)
				g.ret(0)
				return 0
			})
			reader.Type = &types.Func{Async: true, Params: []types.Field{{Name: "s", Type: types.NewStream(text)}}, Result: u32}
			w.trap("out of bounds", w.actor().stackful(func(g *running, _ ...uint64) uint64 {
				r, wr := g.ends(streamNew.of(text))
				g.await(reader, r)
				putU32(g.mem(64), 1<<20)
				putU32(g.mem(68), 5)
				g.do(streamWrite.of(text), wr, 64, 1)
				return 0
			}), 0)
		})
	})
}

// What may be passed on is a readable end that does nothing and waits nowhere.
func TestStreamPassed(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(g *running, r, w uint64) uint64
		want string
	}{
		{"busy", func(g *running, r, w uint64) uint64 { g.do(streamRead, r, 64, 4); return r }, "cannot remove busy stream"},
		{"at its end", func(g *running, r, w uint64) uint64 { g.do(streamDropW, w); g.do(streamRead, r, 64, 4); return r }, "cannot lift stream after"},
		{"in a set", func(g *running, r, w uint64) uint64 { g.set(r); return r }, "while it's in a waitable set"},
		{"the writable end", func(g *running, r, w uint64) uint64 { return w }, "wrong type"},
		{"of another type", func(g *running, _, _ uint64) uint64 { r, _ := g.ends(streamNew.of(u32)); return r }, "wrong type"},
		{"something else", func(g *running, r, w uint64) uint64 { return g.set() }, "wrong type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				f := w.actor().stackful(nil)
				f.Type = &types.Func{Async: true, Params: []types.Field{{Name: "s", Type: types.NewStream(u8)}}, Result: u32}
				w.trap(c.want, w.actor().stackful(func(g *running, _ ...uint64) uint64 {
					r, w := g.ends(streamNew)
					return g.await(f, c.do(g, r, w))
				}), 0)
			})
		})
	}
}
