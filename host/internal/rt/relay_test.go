package rt

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
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
