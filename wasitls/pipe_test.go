package wasitls_test

import (
	"bytes"
	"crypto/rand"
	"io"
	"runtime"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
)

// TestPipe moves bytes from one end to the other, within the permit.
func TestPipe(t *testing.T) {
	r, w := wasitls.NewPipe(100)
	if n, err := r.Read(make([]byte, 9)); n != 0 || err != nil || r.Ready() {
		t.Errorf("empty: %d, %v", n, err)
	}
	n, err := w.Permit()
	noError(t, err)
	want(t, "permit", n, 100)
	noError(t, w.Write([]byte("hello")))
	want(t, "ready", r.Ready(), true)
	want(t, "beyond the permit", w.Write(make([]byte, 96)), wasitls.ErrPermit)
	noError(t, w.Write(make([]byte, 60)))
	n, err = w.Permit()
	noError(t, err)
	want(t, "permit of a pipe more than half full", n, 0)
	b := make([]byte, 200)
	n, err = r.Read(b[:5])
	noError(t, err)
	want(t, "read", string(b[:n]), "hello")
	n, err = r.Read(b)
	noError(t, err)
	want(t, "the rest", n, 60)
}

// TestPipeOffer passes bytes on while nothing is queued, and queues the others.
func TestPipeOffer(t *testing.T) {
	r, w := wasitls.NewPipe(10)
	taken, most := "", 3
	r.Offer(func(p []byte) int {
		n := min(most, len(p))
		taken += string(p[:n])
		return n
	})
	noError(t, w.Write([]byte("ab")))
	want(t, "ready", r.Ready(), false)
	noError(t, w.Write([]byte("cdefg")))
	want(t, "taken", taken, "abcde")
	noError(t, w.Write([]byte("hi"))) // behind what is queued
	want(t, "beyond the room", w.Write(make([]byte, 7)), wasitls.ErrPermit)
	b := make([]byte, 10)
	n, err := r.Read(b)
	noError(t, err)
	want(t, "read", string(b[:n]), "fghi")
	most = 0
	noError(t, w.Write([]byte("j")))
	n, err = r.Read(b)
	noError(t, err)
	want(t, "not taken", string(b[:n]), "j")
	r.Drop()
	want(t, "dropped", w.Write([]byte("k")), wasitls.ErrClosed)
	want(t, "all that was taken", taken, "abcde")
}

// TestPipeNotify tells each end when it can go on, once, unless that is taken
// back.
func TestPipeNotify(t *testing.T) {
	r, w := wasitls.NewPipe(10)
	calls := 0
	count := func() { calls++ }
	r.Notify(count)
	r.Notify(count)()
	noError(t, w.Write(make([]byte, 10)))
	want(t, "reader's calls", calls, 1)
	r.Notify(count)
	want(t, "a ready reader's", calls, 2)

	calls = 0
	w.Notify(count)
	w.Notify(count)()
	r.Read(make([]byte, 1))
	want(t, "calls while it is nearly full", calls, 0)
	r.Read(make([]byte, 9))
	want(t, "writer's calls", calls, 1)
	w.Notify(count)
	want(t, "a ready writer's", calls, 2)
}

// TestPipeEnds ends a pipe from either side.
func TestPipeEnds(t *testing.T) {
	r, w := wasitls.NewPipe(10)
	noError(t, w.Write([]byte("last")))
	w.Drop()
	w.Drop()
	_, err := w.Permit()
	want(t, "permit", err, wasitls.ErrClosed)
	want(t, "write", w.Write([]byte("x")), wasitls.ErrClosed)
	b := make([]byte, 9)
	n, err := r.Read(b)
	noError(t, err)
	want(t, "what was written", string(b[:n]), "last")
	for range 2 {
		_, err = r.Read(b)
		want(t, "end", err, wasitls.ErrClosed)
	}

	r, w = wasitls.NewPipe(10)
	noError(t, w.Write(make([]byte, 10)))
	calls := 0
	w.Notify(func() { calls++ })
	r.Drop()
	r.Drop()
	want(t, "calls", calls, 1)
	_, err = w.Permit()
	want(t, "permit", err, wasitls.ErrClosed)
	_, err = r.Read(b)
	want(t, "read after drop", err, wasitls.ErrClosed)
	want(t, "ready after drop", r.Ready(), true)
}

// TestPipeConcurrent moves a lot between two goroutines through pipes of any size.
func TestPipeConcurrent(t *testing.T) {
	for _, capacity := range []int{0, 1, 7, 16 << 10, 100_000} {
		r, w := wasitls.NewPipe(capacity)
		near := wasitls.Streams(r, discarding{})
		far := wasitls.Streams(silent{}, w)
		data := make([]byte, min(1<<20, 3_000+capacity*30))
		rand.Read(data)
		go func() {
			for rest := data; len(rest) > 0; {
				n := min(len(rest), 1+len(rest)%9_999)
				if _, err := far.Write(rest[:n]); err != nil {
					t.Error(err)
				}
				rest = rest[n:]
			}
			far.Close()
		}()
		got, err := io.ReadAll(near)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("capacity %d: %d of %d bytes, %v", capacity, len(got), len(data), err)
		}
	}
}

// TestPipeIdle holds nothing while nothing is in it.
func TestPipeIdle(t *testing.T) {
	const n = 1000
	keep := make([]*wasitls.PipeReader, n)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range keep {
		r, w := wasitls.NewPipe(1 << 20)
		noError(t, w.Write([]byte("x")))
		r.Read(make([]byte, 1))
		keep[i] = r
	}
	runtime.GC()
	runtime.GC() // buffers wait in a pool for one
	runtime.ReadMemStats(&after)
	if each := int64(after.HeapAlloc-before.HeapAlloc) / n; each > 1<<10 {
		t.Errorf("%d bytes each", each)
	}
	runtime.KeepAlive(keep)
}

// The halves of a transport that is used one way.
type (
	discarding struct{}
	silent     struct{}
)

func (discarding) Permit() (int, error)    { return 1 << 20, nil }
func (discarding) Write([]byte) error      { return nil }
func (discarding) Flush() error            { return nil }
func (discarding) Notify(f func()) func()  { f(); return func() {} }
func (discarding) Drop()                   {}
func (silent) Read([]byte) (int, error)    { return 0, nil }
func (silent) Notify(func()) (stop func()) { return func() {} }
func (silent) Drop()                       {}
