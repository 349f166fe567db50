package rt

import (
	"context"
	"errors"
	"io"
	"testing"
)

// offering is a feed that offers what it gets while it holds nothing.
type offering struct {
	*feed
	take func(p []byte) int
}

func (o *offering) Offer(take func(p []byte) int) { o.take = take }

// write is put of what is not taken.
func (o *offering) write(p string) (kept string) {
	o.mu.Lock()
	empty := len(o.data) == 0
	o.mu.Unlock()
	if empty {
		p = p[o.take([]byte(p)):]
	}
	if p != "" {
		o.put(p, nil)
	}
	return p
}

// offered begins a relay whose source offers, and lets it move what is there.
func offered(t *testing.T, sink *countedSink) (s *Store, src *offering, done *[]error) {
	t.Helper()
	s, src, done = newStore(), &offering{feed: &feed{}}, new([]error)
	s.Pipe(s.NewBytes(src), sink, func(err error) { *done = append(*done, err) })
	for _, f := range s.inbox.take() {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	return s, src, done
}

// What is offered goes to the sink at once, within its permit, and nothing
// gets ahead of what was kept.
func TestRelayTakesOffers(t *testing.T) {
	sink := &countedSink{sinkFeed: sinkFeed{&feed{room: 4}}}
	s, src, done := offered(t, sink)
	defer s.Close()
	if kept := src.write("one"); kept != "" {
		t.Errorf("kept %q", kept)
	}
	if kept := src.write("two three"); kept != "three" {
		t.Errorf("kept %q of more than the permit", kept)
	}
	if got := string(sink.data); got != "onetwo three" { // the kept part was read
		t.Errorf("the sink has %q", got)
	}
	src.put("", io.EOF)
	if err := s.Drain(context.Background(), wait); err != nil {
		t.Fatal(err)
	}
	if len(*done) != 1 || (*done)[0] != nil || !src.dropped {
		t.Errorf("done %v, dropped %v", *done, src.dropped)
	}
	if kept := src.write("late"); kept != "late" {
		t.Errorf("taken after the end: all but %q", kept)
	}
}

// A sink that fails while it takes what is offered ends the relay.
func TestRelayOfferToBrokenSink(t *testing.T) {
	sink := &countedSink{sinkFeed: sinkFeed{&feed{room: 4}}}
	s, src, done := offered(t, sink)
	defer s.Close()
	failure := errors.New("failure")
	sink.refuse = failure
	src.write("lost")
	if err := s.Drain(context.Background(), wait); err != nil {
		t.Fatal(err)
	}
	if len(*done) != 1 || (*done)[0] != failure || !src.dropped || sink.drops.Load() != 1 {
		t.Errorf("done %v, dropped %v and %d times", *done, src.dropped, sink.drops.Load())
	}
}

// A closed store takes nothing.
func TestRelayOfferToClosedStore(t *testing.T) {
	sink := &countedSink{sinkFeed: sinkFeed{&feed{room: 4}}}
	s, src, _ := offered(t, sink)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := src.take([]byte("late")); n != 0 || len(sink.data) != 0 {
		t.Errorf("took %d bytes, the sink has %q", n, sink.data)
	}
}
