package stream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"sync"
	"testing"
	"time"
)

// switched is a Pollable that a test turns on and off.
type switched struct {
	mu      sync.Mutex
	on      bool
	waiters Waiters
}

func (s *switched) Ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.on
}

func (s *switched) Notify(f func()) func() {
	s.mu.Lock()
	if !s.on {
		defer s.mu.Unlock()
		return s.waiters.Add(f)
	}
	s.mu.Unlock()
	f()
	return func() {}
}

func (s *switched) set(on bool) {
	s.mu.Lock()
	s.on = on
	s.mu.Unlock()
	s.waiters.Wake()
}

func timeout(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestWaitAny(t *testing.T) {
	ps := make([]*switched, 5)
	for i := range ps {
		ps[i] = new(switched)
	}
	at := func(i int) Pollable { return ps[i] }
	if _, err := WaitAny(timeout(t, time.Millisecond), len(ps), at, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing ready: %v", err)
	}
	for i, p := range ps {
		if !p.waiters.Empty() {
			t.Errorf("waiter of %d left", i)
		}
	}
	ps[1].set(true)
	ps[4].set(true)
	got, err := WaitAny(timeout(t, time.Second), len(ps), at, nil)
	if err != nil || len(got) != 2 || got[0] != 1 || got[1] != 4 {
		t.Errorf("got %v, %v", got, err)
	}
	ps[1].set(false)
	ps[4].set(false)
	go func() {
		time.Sleep(5 * time.Millisecond)
		ps[2].waiters.Wake() // a hint that turns out wrong
		time.Sleep(5 * time.Millisecond)
		ps[3].set(true)
	}()
	if got, err := WaitAny(timeout(t, 10*time.Second), len(ps), at, nil); err != nil || len(got) != 1 || got[0] != 3 {
		t.Errorf("got %v, %v", got, err)
	}
}

// A guest may wait for one condition through very many pollables.
func TestWaitForManyIsLinear(t *testing.T) {
	p := new(switched)
	const n = 100_000
	goroutines := runtime.NumGoroutine()
	time.AfterFunc(50*time.Millisecond, func() { p.set(true) })
	start := time.Now()
	got, err := WaitAny(timeout(t, 20*time.Second), n, func(int) Pollable { return p }, nil)
	if err != nil || len(got) == 0 { // those looked at before it was on are not ready
		t.Fatalf("%d ready, %v", len(got), err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
	if g := runtime.NumGoroutine(); g > goroutines+1 {
		t.Errorf("%d goroutines more", g-goroutines)
	}
}

func TestWaiters(t *testing.T) {
	var w Waiters
	calls := ""
	stops := []func(){}
	for _, name := range []string{"a", "b", "c", "d"} {
		stops = append(stops, w.Add(func() { calls += name }))
	}
	stops[1]()
	stops[3]()
	stops[3]()
	w.Wake()
	w.Wake()
	stops[0]()
	if calls != "ca" || !w.Empty() {
		t.Errorf("called %q, empty %v", calls, w.Empty())
	}
	stop := w.Add(func() { calls += "e" })
	w.Add(func() { calls += "f" })
	stop()
	w.Wake()
	if calls != "caf" {
		t.Errorf("called %q", calls)
	}
}

func TestReader(t *testing.T) {
	r, w := io.Pipe()
	in := NewReader(r)
	if in.Ready() || in.Reading() {
		t.Error("reads before it is asked")
	}
	p := make([]byte, 4)
	if n, err := in.Read(p); n != 0 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	go w.Write([]byte("abcdef"))
	for _, want := range []string{"abcd", "ef"} {
		if err := Wait(timeout(t, 5*time.Second), in); err != nil {
			t.Fatal(err)
		}
		if n, err := in.Read(p); string(p[:n]) != want || err != nil {
			t.Errorf("read %q, %v", p[:n], err)
		}
	}
	failure := errors.New("failure")
	w.CloseWithError(failure)
	if err := Wait(timeout(t, 5*time.Second), in); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Read(p); err != failure {
		t.Errorf("first %v", err)
	}
	if _, err := in.Read(p); err != ErrClosed {
		t.Errorf("then %v", err)
	}
	end := NewReader(bytes.NewReader(nil))
	if err := Wait(timeout(t, 5*time.Second), end); err != nil {
		t.Fatal(err)
	}
	if _, err := end.Read(p); err != ErrClosed {
		t.Errorf("at the end: %v", err)
	}
}

// gate is a writer that blocks until it is opened.
type gate struct {
	entered chan struct{}
	open    chan error
	bytes.Buffer
}

func newGate() *gate { return &gate{entered: make(chan struct{}, 9), open: make(chan error)} }

func (g *gate) Write(p []byte) (int, error) {
	g.entered <- struct{}{}
	if err := <-g.open; err != nil {
		return 0, err
	}
	return g.Buffer.Write(p)
}

func TestWriter(t *testing.T) {
	g := newGate()
	w := NewWriter(g, nil)
	if n, err := w.Permit(); n != ChunkBytes || err != nil {
		t.Errorf("permit %d, %v", n, err)
	}
	if err := w.Write(make([]byte, ChunkBytes+1)); err != ErrPermit {
		t.Errorf("too much: %v", err)
	}
	p := []byte("one")
	if err := errors.Join(w.Write(nil), w.Write(p), w.Flush()); err != nil {
		t.Fatal(err)
	}
	p[0] = 'x' // the writer has copied it
	<-g.entered
	if n, err := w.Permit(); n != 0 || err != nil || w.Ready() {
		t.Errorf("while writing: permit %d, %v, ready %v", n, err, w.Ready())
	}
	if err := w.Write([]byte("+")); err != nil { // of the same permit
		t.Errorf("write while writing: %v", err)
	}
	if err := w.Write(make([]byte, ChunkBytes-3)); err != ErrPermit {
		t.Errorf("too much while writing: %v", err)
	}
	g.open <- nil
	g.open <- nil
	if err := Wait(timeout(t, 5*time.Second), w); err != nil {
		t.Fatal(err)
	}
	if g.String() != "one+" {
		t.Errorf("wrote %q", g.String())
	}
	failure := errors.New("failure")
	if err := w.Write([]byte("two")); err != nil {
		t.Fatal(err)
	}
	g.open <- failure
	if err := Wait(timeout(t, 5*time.Second), w); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Permit(); err != failure {
		t.Errorf("first %v", err)
	}
	if err := w.Write([]byte("three")); err != ErrClosed {
		t.Errorf("then %v", err)
	}
}

func TestWriterClose(t *testing.T) {
	g := newGate()
	w := NewWriter(g, nil)
	if err := w.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	calls := make(chan int, 2)
	w.Close(func() { calls <- 1 })
	w.Close(func() { calls <- 2 })
	if !w.Ready() || !w.Pending() {
		t.Error("closing writer")
	}
	if _, err := w.Permit(); err != ErrClosed {
		t.Errorf("permit: %v", err)
	}
	g.open <- nil
	if a, b := <-calls, <-calls; a != 1 || b != 2 {
		t.Errorf("called %d, %d", a, b)
	}
	if err := w.Drain(timeout(t, 5*time.Second)); err != nil || g.String() != "last" {
		t.Errorf("wrote %q, %v", g.String(), err)
	}
	done := false
	w.Close(func() { done = true })
	if !done {
		t.Error("idle writer does not call at once")
	}
}

func TestTakeConnNeedsHalves(t *testing.T) {
	if _, ok := TakeConn(NewReader(bytes.NewReader(nil)), NewWriter(io.Discard, nil)); ok {
		t.Error("a reader and a writer are a connection")
	}
}
