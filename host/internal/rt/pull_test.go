package rt

import (
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/types"
)

// gives is a function of the host that returns a channel.
func (w *world) gives(t *types.Type, ch any) *Func {
	return w.hostNow(func(cx *abi.Context, _ []uint64) (uint64, error) {
		i, err := cx.Handles.LowerChannel(t, ch)
		return uint64(i), err
	})
}

// takes is a function of the host that takes a channel.
func (w *world) takes(t *types.Type, f func(ch any) error) *Func {
	return w.hostNow(func(cx *abi.Context, flat []uint64) (uint64, error) {
		ch, err := cx.Handles.LiftChannel(t, uint32(flat[0]))
		if err != nil {
			return 0, err
		}
		return 0, f(ch)
	})
}

var (
	bytesStream  = types.NewStream(u8)
	numberFuture = types.NewFuture(u32)
)

// A guest reads a stream of the host: what is there at once, what comes later
// when it comes, and the end once nothing is left.
func TestHostStream(t *testing.T) {
	for _, c := range []struct {
		name string
		src  *feed
		do   func(g *running, r uint64, src *feed)
		want []string
	}{
		{"now", &feed{data: []byte("abcdef")}, func(g *running, r uint64, src *feed) {
			g.say("%s %s", copied(g.do(streamRead, r, 64, 4)), g.mem(64)[:4])
			g.say("%s", copied(g.do(streamRead.sync(), r, 64, 4)))
		}, []string{"completed 4 abcd", "completed 2"}},
		{"later", &feed{}, func(g *running, r uint64, src *feed) {
			g.say("%s", copied(g.do(streamRead, r, 64, 4)))
			go func() { time.Sleep(time.Millisecond); src.put("ab", nil) }()
			g.say("%v", g.wait(g.set(r)))
		}, []string{"blocked", "stream-read 1 completed 2"}},
		{"told without need", &feed{}, func(g *running, r uint64, src *feed) {
			g.do(streamRead, r, 64, 4)
			src.put("", nil)
			go func() { time.Sleep(time.Millisecond); src.put("ab", nil) }()
			g.say("%v", g.wait(g.set(r)))
		}, []string{"stream-read 1 completed 2"}},
		{"the last bytes, then the end", &feed{data: []byte("ab"), end: io.EOF}, func(g *running, r uint64, src *feed) {
			g.say("%s", copied(g.do(streamRead, r, 64, 4)))
			g.say("%s", copied(g.do(streamRead, r, 64, 4)))
		}, []string{"completed 2", "dropped 0"}},
		{"the end, later", &feed{}, func(g *running, r uint64, src *feed) {
			g.do(streamRead, r, 64, 4)
			go src.put("", io.EOF)
			g.say("%v", g.wait(g.set(r)))
		}, []string{"stream-read 1 dropped 0"}},
		{"read of nothing", &feed{data: []byte("a")}, func(g *running, r uint64, src *feed) {
			g.say("%s", copied(g.do(streamRead, r, 64, 0)))
		}, []string{"completed 0"}},
		{"read of nothing, later", &feed{}, func(g *running, r uint64, src *feed) {
			g.say("%s", copied(g.do(streamRead, r, 64, 0)))
			go src.put("a", nil)
			g.say("%v", g.wait(g.set(r)))
			g.say("%s", copied(g.do(streamRead, r, 64, 4)))
		}, []string{"blocked", "stream-read 1 completed 0", "completed 1"}},
		{"the last bytes with the end", &feed{data: []byte("ab"), end: io.EOF, together: true}, func(g *running, r uint64, src *feed) {
			g.say("%s", copied(g.do(streamRead, r, 64, 4)))
			g.say("%s", copied(g.do(streamRead, r, 64, 0)))
		}, []string{"completed 2", "dropped 0"}},
		{"cancelled", &feed{}, func(g *running, r uint64, src *feed) {
			g.do(streamRead, r, 64, 4)
			g.say("%s", copied(g.do(streamCancelR, r)))
			src.put("ab", nil) // tells whom nobody asks any more
			g.do(threadYield)
			g.say("%s", copied(g.do(streamRead, r, 64, 4)))
		}, []string{"cancelled 0", "completed 2"}},
		{"cancelled, and it had ended", &feed{}, func(g *running, r uint64, src *feed) {
			g.do(streamRead, r, 64, 4)
			src.put("ab", nil)
			g.do(threadYield)
			g.say("%s", copied(g.do(streamCancelR, r)))
		}, []string{"completed 2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				get := w.gives(bytesStream, w.NewBytes(c.src))
				w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 {
					r := g.await(get)
					c.do(g, r, c.src)
					g.do(join, r, 0)
					g.do(streamDropR, r)
					g.ret(0)
					return 0
				}), 0)
				w.said(c.want...)
				if !c.src.dropped || len(w.pulls) != 0 || w.outstanding != 0 {
					t.Errorf("dropped %v, %d left, %d outstanding", c.src.dropped, len(w.pulls), w.outstanding)
				}
			})
		})
	}
}

// number is a value of the host, or why it cannot be lowered.
type numberElement struct {
	n   uint32
	err error
}

func (e numberElement) Store(cx *abi.Context, ptr uint32) error {
	if e.err == nil {
		putU32(cx.Memory.Bytes()[ptr:], e.n)
	}
	return e.err
}

// numbers are a source of values: those, then more later or the end.
type numbers struct {
	values []Element
	end    error
	feed
}

func (s *numbers) next(store func(Element) error) (bool, error) {
	if len(s.values) == 0 {
		return false, s.end
	}
	v := s.values[0]
	s.values = s.values[1:]
	return true, store(v)
}

func (w *world) newNumbers(t *types.Type, s *numbers) any {
	return w.NewValues(t, s.next, s.Notify, s.Drop)
}

// Values are lowered one by one, as many as fit.
func TestHostValues(t *testing.T) {
	numbersStream := types.NewStream(u32)
	inWorld(t, func(t *testing.T, w *world) {
		src := &numbers{values: []Element{numberElement{n: 1}, numberElement{n: 2}, numberElement{n: 3}}}
		get := w.gives(numbersStream, w.newNumbers(u32, src))
		read := streamRead.of(u32)
		w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 {
			r := g.await(get)
			g.say("%s", copied(g.do(read, r, 64, 0)))
			g.say("%s %d %d", copied(g.do(read, r, 64, 2)), g.u32(64), g.u32(68))
			g.say("%s %d", copied(g.do(read, r, 64, 2)), g.u32(64))
			g.say("%s", copied(g.do(read, r, 64, 2)))
			src.end = io.EOF
			src.put("", io.EOF)
			g.say("%v", g.wait(g.set(r)))
			g.do(streamDropR.of(u32), r)
			g.ret(0)
			return 0
		}), 0)
		w.said("completed 0", "completed 2 1 2", "completed 1 3", "blocked", "stream-read 1 dropped 0")
		if !src.dropped {
			t.Error("not dropped")
		}
	})
	inWorld(t, func(t *testing.T, w *world) {
		src := &numbers{values: []Element{nil, nil}, end: io.EOF}
		get := w.gives(types.NewStream(nil), w.newNumbers(nil, src))
		w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 {
			g.say("%s", copied(g.do(streamRead.of(nil), g.await(get), 0, 9)))
			g.ret(0)
			return 0
		}), 0)
		w.said("completed 2")
	})
}

// A future of the host has its value when it is there.
func TestHostFuture(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		cells := []*cell{{}, {}, {}}
		cells[0].v = numberElement{n: 5}
		read, cancel := futureRead.of(u32), futureCancelR.of(u32)
		w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 {
			now := g.await(w.gives(numberFuture, w.NewFuture(u32, cells[0])))
			g.say("%s %d", copied(g.do(read, now, 64)), g.u32(64))
			g.do(futureDropR.of(u32), now)
			later := g.await(w.gives(numberFuture, w.NewFuture(u32, cells[1])))
			g.say("%s", copied(g.do(read, later, 64)))
			g.say("%s", copied(g.do(cancel, later)))
			g.say("%s", copied(g.do(read, later, 64)))
			cells[1].v = numberElement{n: 6}
			go cells[1].put("", io.EOF)
			g.say("%v", g.wait(g.set(later)))
			g.say("%d", g.u32(64))
			none := g.await(w.gives(types.NewFuture(nil), w.NewFuture(nil, cells[0])))
			g.say("%s", copied(g.do(futureRead.of(nil), none, 0)))
			unread := g.await(w.gives(numberFuture, w.NewFuture(u32, cells[2])))
			g.do(futureDropR.of(u32), unread)
			g.ret(0)
			return 0
		}), 0)
		w.said("completed 0 5", "blocked", "cancelled 0", "blocked", "future-read 1 completed 0", "6", "completed 0")
	})
}

// cell has the value of a future, once v is set.
type cell struct {
	v Element
	feed
}

func (c *cell) Get() (Element, bool) { return c.v, c.v != nil }

// A value that the guest's memory or table has no place for ends the guest,
// not the stream: the guest would take that for the end of what it reads.
func TestHostValueTraps(t *testing.T) {
	bad := numberElement{err: errors.New("no place")}
	for name, do := range map[string]func(g *running){
		"stream": func(g *running) {
			src := &numbers{values: []Element{bad}}
			g.do(streamRead.of(u32), g.await(g.w.gives(types.NewStream(u32), g.w.newNumbers(u32, src))), 64, 2)
		},
		"stream, after some": func(g *running) {
			src := &numbers{values: []Element{numberElement{n: 1}, bad}}
			g.do(streamRead.of(u32), g.await(g.w.gives(types.NewStream(u32), g.w.newNumbers(u32, src))), 64, 2)
		},
		"stream, later": func(g *running) {
			src := &numbers{}
			r := g.await(g.w.gives(types.NewStream(u32), g.w.newNumbers(u32, src)))
			g.do(streamRead.of(u32), r, 64, 2)
			src.values = []Element{bad}
			src.put("", io.EOF)
			g.wait(g.set(r))
		},
		"future": func(g *running) {
			g.do(futureRead.of(u32), g.await(g.w.gives(numberFuture, g.w.NewFuture(u32, &cell{v: bad}))), 64)
		},
	} {
		t.Run(name, func(t *testing.T) { guestTraps(t, "no place", do) })
	}
}

// A channel of the host goes through a guest and back; the host may drop it.
func TestHostStreamGivenBack(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		src, other := &feed{data: []byte("ab")}, &numbers{}
		var back []any
		take := w.takes(bytesStream, func(ch any) error { back = append(back, ch); return nil })
		drop := w.takes(bytesStream, func(ch any) error { return w.DropChannel(ch) })
		w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 {
			r := g.await(w.gives(bytesStream, w.NewBytes(src)))
			g.do(streamRead, r, 64, 1)
			g.await(take, r)
			g.await(take, g.await(w.gives(bytesStream, w.newNumbers(u8, other))))
			r, wr := g.ends(streamNew)
			g.do(streamWrite, wr, 64, 4)
			g.await(drop, r)
			g.say("%v", g.wait(g.set(wr)))
			g.ret(0)
			return 0
		}), 0)
		w.said("stream-write 2 dropped 0")
		if got, ok := TakeSource(back[0]); !ok || got != src || src.dropped {
			t.Errorf("took %v, %v", got, ok)
		}
		if _, ok := TakeSource(back[0]); ok {
			t.Error("took it twice")
		}
		if err := w.DropChannel(back[0]); err != nil || src.dropped {
			t.Errorf("drop of what was taken: %v, dropped %v", err, src.dropped)
		}
		if _, ok := TakeSource(back[1]); ok {
			t.Error("took bytes out of a stream of values")
		}
		for range 2 {
			if err := w.DropChannel(back[1]); err != nil || !other.dropped {
				t.Errorf("%v, dropped %v", err, other.dropped)
			}
			other.dropped = other.dropped && len(w.pulls) == 0
		}
	})
}

// The host must not pass what is no channel.
func TestHostChannelOfAnotherKind(t *testing.T) {
	guestTraps(t, "host passed a int for a stream or future", func(g *running) { g.await(g.w.gives(bytesStream, 5)) })
}

// What a guest still reads when the store ends is dropped with it.
func TestHostStreamEnds(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		src := &feed{}
		get := w.gives(bytesStream, w.NewBytes(src))
		w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.do(streamRead, g.await(get), 64, 1); g.ret(0); return 0 }), 0)
		if err := w.Close(); err != nil || !src.dropped {
			t.Errorf("%v, dropped %v", err, src.dropped)
		}
		src.put("late", nil)
	})
}

// feed is a Source and a Sink for tests.
type feed struct {
	mu      sync.Mutex
	data    []byte
	end     error
	dropped bool
	waiters []func()
	room    int
	// together is set for an end that comes with the last bytes.
	together bool
}

func (f *feed) put(p string, end error) {
	f.mu.Lock()
	f.data, f.end = append(f.data, p...), end
	w := f.waiters
	f.waiters = nil
	f.mu.Unlock()
	for _, call := range w {
		call()
	}
}

func (f *feed) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.data) == 0 {
		return 0, f.end
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	if f.together && len(f.data) == 0 {
		return n, f.end
	}
	return n, nil
}

func (f *feed) Ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.data) > 0 || f.end != nil
}

func (f *feed) Notify(call func()) func() {
	if f.Ready() {
		call()
		return func() {}
	}
	f.mu.Lock()
	f.waiters = append(f.waiters, call)
	f.mu.Unlock()
	return func() {}
}

func (f *feed) Drop() { f.dropped = true }
