package rt

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// sinkFeed is a feed as a Sink that takes a few bytes at a time.
type sinkFeed struct{ *feed }

func (f sinkFeed) Permit() (int, error)      { return f.room, nil }
func (f sinkFeed) Write(p []byte) error      { f.put(string(p), nil); return nil }
func (f sinkFeed) Flush() error              { return nil }
func (f sinkFeed) Notify(call func()) func() { call(); return func() {} }

// counted tells how often it was dropped.
type counted struct {
	*feed
	drops atomic.Int32
}

func (c *counted) Drop() { c.drops.Add(1) }

// countedSink is one as a Sink.
type countedSink struct {
	sinkFeed
	drops  atomic.Int32
	refuse error
}

func (c *countedSink) Drop() { c.drops.Add(1) }

func (c *countedSink) Permit() (int, error) { return c.room, c.refuse }

// relayed begins a relay from one of the host's streams to a sink.
func relayed(t *testing.T, sink *countedSink) (s *Store, src *counted, done *[]error) {
	t.Helper()
	s, src, done = newStore(), &counted{feed: &feed{data: []byte("first")}}, new([]error)
	s.Pipe(s.NewBytes(src), sink, func(err error) { *done = append(*done, err) })
	for _, f := range s.inbox.take() {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	return s, src, done
}

// Bytes go on while the store does nothing, and it hears of the end.
func TestRelay(t *testing.T) {
	sink := &countedSink{sinkFeed: sinkFeed{&feed{room: 3}}}
	s, src, done := relayed(t, sink)
	defer s.Close()
	src.put(" second", nil)
	if got := string(sink.data); got != "first second" {
		t.Errorf("without the store the sink got %q", got)
	}
	go src.put(" last", io.EOF)
	if err := s.Drain(context.Background(), wait); err != nil {
		t.Fatal(err)
	}
	if got := string(sink.data); got != "first second last" || len(*done) != 1 || (*done)[0] != nil {
		t.Errorf("sink got %q, done %v", got, *done)
	}
	if a, b := src.drops.Load(), sink.drops.Load(); a != 1 || b != 1 {
		t.Errorf("dropped %d and %d times", a, b)
	}
}

// A failure of the sink ends the relay and lets go of the source.
func TestRelayBrokenSink(t *testing.T) {
	failure := errors.New("failure")
	sink := &countedSink{sinkFeed: sinkFeed{&feed{room: 3}}, refuse: failure}
	s, src, done := relayed(t, sink)
	defer s.Close()
	if err := s.Drain(context.Background(), wait); err != nil {
		t.Fatal(err)
	}
	if len(*done) != 1 || (*done)[0] != failure || src.drops.Load() != 1 {
		t.Errorf("done %v, source dropped %d times", *done, src.drops.Load())
	}
}

// Nothing moves any more once Close has returned.
func TestRelayClosedStore(t *testing.T) {
	for range 100 {
		sink := &countedSink{sinkFeed: sinkFeed{&feed{room: 1}}}
		s, src, done := relayed(t, sink)
		moved := make(chan struct{})
		go func() {
			defer close(moved)
			for range 10 {
				src.put("more", nil)
			}
		}()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		got := len(sink.data)
		<-moved
		if len(sink.data) != got || len(*done) != 1 || !errors.Is((*done)[0], errClosed) {
			t.Fatalf("%d bytes more, done %v", len(sink.data)-got, *done)
		}
		if a, b := src.drops.Load(), sink.drops.Load(); a != 1 || b != 1 {
			t.Fatalf("dropped %d and %d times", a, b)
		}
	}
}

// A relay waits for room, and ends when the sink breaks.
func TestRelaySink(t *testing.T) {
	failure := errors.New("failure")
	for name, c := range map[string]struct {
		sink   *narrow
		refuse error // later
		got    string
		err    error
	}{
		"room comes later": {&narrow{feed: &feed{}}, nil, "text", nil},
		"breaks":           {&narrow{feed: &feed{}, broken: failure}, nil, "text", failure},
		"ends":             {&narrow{feed: &feed{}}, failure, "", failure},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				src := &feed{data: []byte("text"), end: io.EOF}
				var ends []error
				w.Pipe(w.NewBytes(src), c.sink, func(err error) { ends = append(ends, err) })
				c.sink.give(9, c.refuse)
				w.drained()
				if string(c.sink.data) != c.got || len(ends) != 1 || ends[0] != c.err || !src.dropped || !c.sink.dropped {
					t.Errorf("got %q, ended %v, dropped %v and %v", c.sink.data, ends, src.dropped, c.sink.dropped)
				}
			})
		})
	}
}

// stuck is a sink whose Write takes its time.
type stuck struct {
	*narrow
	release chan struct{}
}

func (s stuck) Write(p []byte) error { <-s.release; return s.narrow.Write(p) }

// Close waits for what is being moved.
func TestRelayCloseWaits(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		src, sink := &feed{}, stuck{&narrow{feed: &feed{}, rest: 9}, make(chan struct{})}
		w.Pipe(w.NewBytes(src), sink, func(error) { w.say("ended") })
		if err := w.Drain(t.Context(), func(<-chan struct{}) error { return io.EOF }); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		go src.put("text", nil)
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- w.Close() }()
		synctest.Wait()
		w.said()
		close(sink.release)
		if err := <-closed; err != nil {
			t.Error(err)
		}
		w.said("ended")
		if string(sink.data) != "text" || !src.dropped || !sink.dropped {
			t.Errorf("got %q, dropped %v and %v", sink.data, src.dropped, sink.dropped)
		}
	})
}
