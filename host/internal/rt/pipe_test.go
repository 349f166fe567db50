package rt

import (
	"errors"
	"testing"
	"time"
)

// narrow is a sink that takes a few bytes at a time and says when it has room.
type narrow struct {
	*feed        // what it got; its waiters wait for room
	refuse error // of Permit
	broken error // of Write
	rest   int   // that it has room for
}

func (s *narrow) Permit() (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rest, s.refuse
}

func (s *narrow) Write(p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = append(s.data, p...)
	s.rest -= len(p)
	return s.broken
}

func (s *narrow) Flush() error { return nil }

func (s *narrow) Notify(f func()) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiters = append(s.waiters, f)
	return func() {}
}

// give makes room, from another goroutine, and says so once too often.
func (s *narrow) give(n int, refuse error) {
	go func() {
		time.Sleep(time.Millisecond)
		s.mu.Lock()
		s.rest, s.refuse = n, refuse
		w := s.waiters
		s.waiters = nil
		s.mu.Unlock()
		for _, f := range w {
			f()
			f()
		}
	}()
}

// TestPipe takes all that a guest writes to a sink with little room.
func TestPipe(t *testing.T) {
	failure := errors.New("failure")
	for _, c := range []struct {
		name string
		sink *narrow
		do   func(g *running, w uint64, s *narrow)
		want []string
		got  string
		err  error
	}{
		{"room for all", &narrow{feed: &feed{}, rest: 100}, func(g *running, w uint64, s *narrow) {
			g.say("%s", copied(g.do(streamWrite.sync(), w, 64, 8)))
			g.say("%s", copied(g.do(streamWrite.sync(), w, 64, 2)))
			g.do(streamDropW, w)
		}, []string{"completed 8", "completed 2"}, "abcdefghab", nil},
		{"room for some", &narrow{feed: &feed{}, rest: 3}, func(g *running, w uint64, s *narrow) {
			g.say("%s", copied(g.do(streamWrite.sync(), w, 64, 8)))
			s.give(2, nil)
			g.say("%s", copied(g.do(streamWrite.sync(), w, 67, 5)))
			g.do(streamDropW, w)
			s.give(1, nil)
		}, []string{"completed 3", "completed 2"}, "abcde", nil},
		{"the sink waits for the guest", &narrow{feed: &feed{}, rest: 4}, func(g *running, w uint64, s *narrow) {
			g.do(threadYield)
			g.say("%s", copied(g.do(streamWrite, w, 64, 2)))
			g.say("%s", copied(g.do(streamWrite.sync(), w, 66, 1))) // before the pipe goes on
			g.do(streamDropW, w)
		}, []string{"completed 2", "completed 1"}, "abc", nil},
		{"the sink breaks with room", &narrow{feed: &feed{}, rest: 4, broken: failure}, func(g *running, w uint64, s *narrow) {
			g.do(threadYield)
			g.say("%s", copied(g.do(streamWrite, w, 64, 2)))
			g.do(streamDropW, w)
		}, []string{"completed 2"}, "ab", failure},
		{"a guest that writes nothing", &narrow{feed: &feed{}, rest: 3}, func(g *running, w uint64, s *narrow) {
			g.do(threadYield)
			g.do(streamDropW, w)
		}, nil, "", nil},
		{"an empty write", &narrow{feed: &feed{}, rest: 3}, func(g *running, w uint64, s *narrow) {
			g.do(threadYield)
			g.say("%s", copied(g.do(streamWrite.sync(), w, 64, 0)))
			g.do(streamDropW, w)
		}, []string{"completed 0"}, "", nil},
		{"the sink ends", &narrow{feed: &feed{}, rest: 3}, func(g *running, w uint64, s *narrow) {
			g.say("%s", copied(g.do(streamWrite.sync(), w, 64, 8)))
			s.give(0, failure)
			g.say("%s", copied(g.do(streamWrite.sync(), w, 64, 8)))
		}, []string{"completed 3", "dropped 0"}, "abc", failure},
		{"the sink breaks", &narrow{feed: &feed{}, rest: 3, broken: failure}, func(g *running, w uint64, s *narrow) {
			g.say("%s", copied(g.do(streamWrite.sync(), w, 64, 2)))
			g.do(streamDropW, w)
		}, []string{"completed 2"}, "ab", failure},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				var ends []error
				begin := w.takes(bytesStream, func(ch any) error {
					w.Pipe(ch, c.sink, func(err error) { ends = append(ends, err) })
					return nil
				})
				w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 {
					copy(g.mem(64), "abcdefgh")
					r, wr := g.ends(streamNew)
					g.await(begin, r)
					c.do(g, wr, c.sink)
					g.ret(0)
					return 0
				}), 0)
				w.drained()
				w.said(c.want...)
				if string(c.sink.data) != c.got || len(ends) != 1 || ends[0] != c.err || !c.sink.dropped {
					t.Errorf("got %q, ended %v, dropped %v", c.sink.data, ends, c.sink.dropped)
				}
				if len(w.pipes) != 0 || w.outstanding != 0 {
					t.Errorf("%d pipes, %d outstanding", len(w.pipes), w.outstanding)
				}
			})
		})
	}
}

// A pipe ends with its store, whatever it waits for.
func TestPipeClosedStore(t *testing.T) {
	for name, sink := range map[string]*narrow{"waits for the guest": {feed: &feed{}, rest: 3}, "waits for the sink": {feed: &feed{}}} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				var ends []error
				begin := w.takes(bytesStream, func(ch any) error {
					w.Pipe(ch, sink, func(err error) { ends = append(ends, err) })
					return nil
				})
				w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 {
					r, _ := g.ends(streamNew)
					g.await(begin, r)
					g.do(threadYield)
					g.ret(0)
					return 0
				}), 0)
				if err := w.Close(); err != nil || len(ends) != 1 || !errors.Is(ends[0], errClosed) || !sink.dropped {
					t.Errorf("%v, ended %v, dropped %v", err, ends, sink.dropped)
				}
			})
		})
	}
}

// A stream of values of the host cannot be piped: it has no bytes.
func TestPipeOfValues(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		w.Pipe(w.newNumbers(u32, &numbers{}), &narrow{feed: &feed{}, rest: 3}, func(error) {})
		err := w.Drain(t.Context(), wait)
		wantTrap(t, err, "copy between two streams of the host")
	})
}
