package io

import (
	"bytes"
	"context"
	"errors"
	stdio "io"
	"math"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

func testEnv(t testing.TB, d time.Duration) env {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return env{ctx, &scratch{}}
}

// isTrap fails the test if err would not end the guest.
func isTrap(t *testing.T, what string, err error) {
	t.Helper()
	if _, trap := Classify(nil, err); err == nil || trap == nil {
		t.Errorf("%s: %v is no trap", what, err)
	}
}

// isClosed fails the test if err is not the WIT error closed.
func isClosed(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	if e, trap := Classify(nil, err); trap != nil || e.Case != caseClosed {
		t.Errorf("%s: %v, %v", what, e, trap)
	}
}

func isFailed(t *testing.T, what, text string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	e, trap := Classify(nil, err)
	if trap != nil || e.Case != caseFailed || e.LastOperationFailed.Error() != text {
		t.Errorf("%s: %v, %v", what, e, trap)
	}
}

func source(t *testing.T, text string) *InputStream {
	r := stream.NewReader(bytes.NewReader([]byte(text)))
	return NewInputStream(r)
}

func TestRead(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	in := source(t, "hello")
	if p, err := in.take(e, 0); len(p) != 0 || err != nil {
		t.Errorf("nothing asked: %q, %v", p, err)
	}
	if p, err := in.blockingTake(e, 0); len(p) != 0 || err != nil {
		t.Errorf("nothing asked for: %q, %v", p, err)
	}
	if p, err := in.blockingTake(e, 2); string(p) != "he" || err != nil {
		t.Errorf("read %q, %v", p, err)
	}
	if n, err := in.blockingSkip(e, 1); n != 1 || err != nil {
		t.Errorf("skipped %d, %v", n, err)
	}
	if p, err := in.take(e, math.MaxUint64); string(p) != "lo" || err != nil {
		t.Errorf("read %q, %v", p, err)
	}
	_, err := in.blockingTake(e, 1)
	isClosed(t, "end", err)
	_, err = in.take(e, 0)
	isClosed(t, "nothing asked at the end", err)
	_, err = in.skip(e, math.MaxUint64)
	isClosed(t, "skip at the end", err)
}

func TestReadIsBounded(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	r, w := stdio.Pipe()
	go w.Write(make([]byte, 2*maxRead))
	in := NewInputStream(stream.NewReader(r))
	for range 2 {
		if p, err := in.blockingTake(e, math.MaxUint64); len(p) != maxRead || err != nil {
			t.Errorf("read %d, %v", len(p), err)
		}
	}
	w.Close()
}

func TestFailureThenClosed(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	r, w := stdio.Pipe()
	w.CloseWithError(errors.New("broken"))
	in := NewInputStream(stream.NewReader(r))
	_, err := in.blockingTake(e, 1)
	isFailed(t, "read", "broken", err)
	_, err = in.take(e, 1)
	isClosed(t, "read again", err)

	r.Close()
	out := NewOutputStream(stream.NewWriter(w, nil))
	isFailed(t, "write", stdio.ErrClosedPipe.Error(), out.writeAll(e, []byte("x")))
	_, err = out.checkWrite()
	isClosed(t, "check-write", err)
	isClosed(t, "write", out.write([]byte("x")))
	isClosed(t, "flush", out.flush())
}

func TestWaitEndsWithContext(t *testing.T) {
	r, w := stdio.Pipe()
	defer w.Close()
	in := NewInputStream(stream.NewReader(r))
	_, err := in.blockingTake(testEnv(t, time.Millisecond), 1)
	isTrap(t, "read", err)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cause is lost: %v", err)
	}
	_, err = testEnv(t, time.Millisecond).poll([]*Pollable{in.Subscribe(in.s)})
	isTrap(t, "poll", err)
}

func TestPermits(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	var b bytes.Buffer
	out := NewOutputStream(stream.NewWriter(&b, nil))
	isTrap(t, "write without check-write", out.write([]byte("x")))
	n, err := out.checkWrite()
	if n != stream.ChunkBytes || err != nil {
		t.Fatalf("permit %d, %v", n, err)
	}
	isTrap(t, "write beyond the permit", out.write(make([]byte, n+1)))
	if _, err := out.checkWrite(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(out.write(nil), out.write([]byte("abc"))); err != nil {
		t.Fatal(err)
	}
	if err := out.flush(); err != nil {
		t.Fatal(err)
	}
	isTrap(t, "write after flush", out.write([]byte("x")))
	if err := out.blockingFlush(e); err != nil {
		t.Fatal(err)
	}
	if err := out.writeAll(e, bytes.Repeat([]byte("d"), maxBlockingWrite)); err != nil {
		t.Fatal(err)
	}
	isTrap(t, "long blocking write", out.writeAll(e, make([]byte, maxBlockingWrite+1)))
	if b.Len() != 3+maxBlockingWrite {
		t.Errorf("%d bytes written", b.Len())
	}
	if err := out.write(nil); err != nil {
		t.Errorf("write of nothing: %v", err)
	}
	isTrap(t, "zeroes without permit", out.writeZeroes(math.MaxUint64))
}

func TestZeroes(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	var b bytes.Buffer
	out := NewOutputStream(stream.NewWriter(&b, b.Write))
	if _, err := out.checkWrite(); err != nil {
		t.Fatal(err)
	}
	if err := out.writeZeroes(10_000); err != nil {
		t.Fatal(err)
	}
	if err := out.blockingFlush(e); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(b.Bytes(), make([]byte, 10_000)) {
		t.Errorf("%d bytes written", b.Len())
	}
}

// Zeroes beyond what one Write of the stream takes are a matter of the permit.
func TestZeroesToSlowWriter(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	var b bytes.Buffer
	out := NewOutputStream(stream.NewWriter(&b, nil))
	if _, err := out.checkWrite(); err != nil {
		t.Fatal(err)
	}
	if err := out.writeZeroes(stream.ChunkBytes); err != nil {
		t.Fatal(err)
	}
	if err := out.blockingFlush(e); err != nil {
		t.Fatal(err)
	}
	if b.Len() != stream.ChunkBytes {
		t.Errorf("%d bytes written", b.Len())
	}
}

func TestSplice(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	var b bytes.Buffer
	out := NewOutputStream(stream.NewWriter(&b, nil))
	in := source(t, "hello world")
	if n, err := out.blockingSplice(e, in, 5); n != 5 || err != nil {
		t.Errorf("moved %d, %v", n, err)
	}
	if err := out.blockingFlush(e); err != nil {
		t.Fatal(err)
	}
	if n, err := out.splice(e, in, math.MaxUint64); n != 6 || err != nil {
		t.Errorf("moved %d, %v", n, err)
	}
	if err := out.blockingFlush(e); err != nil {
		t.Fatal(err)
	}
	if n, err := out.splice(e, in, 0); n != 0 || err == nil && in.done {
		t.Errorf("moved %d, %v", n, err)
	}
	_, err := out.blockingSplice(e, in, 1)
	isClosed(t, "end of the source", err)
	if b.String() != "hello world" {
		t.Errorf("moved %q", b.String())
	}
}

func TestChildren(t *testing.T) {
	in, out := source(t, ""), NewOutputStream(stream.NewWriter(stdio.Discard, nil))
	p, q := in.Subscribe(in.s), out.Subscribe(out.s)
	isTrap(t, "drop of an input with a pollable", dropInput(nil, in))
	isTrap(t, "drop of an output with a pollable", dropOutput(nil, out))
	if err := errors.Join(dropPollable(nil, p), dropPollable(nil, q)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(dropInput(nil, in), dropOutput(nil, out)); err != nil {
		t.Error(err)
	}
	in, out = source(t, ""), NewOutputStream(stream.NewWriter(stdio.Discard, nil))
	in.Subscribe(in.s)
	out.Subscribe(out.s)
	_, err := in.Take()
	isTrap(t, "handing over an input with a pollable", err)
	_, err = out.Take()
	isTrap(t, "handing over an output with a pollable", err)
}

func TestPoll(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	_, err := e.poll(nil)
	isTrap(t, "empty poll", err)
	_, err = e.poll(make([]*Pollable, maxPoll+1))
	isTrap(t, "poll of too many", err)
	r, w := stdio.Pipe()
	defer w.Close()
	in := NewInputStream(stream.NewReader(r))
	never, always := in.Subscribe(in.s), NewPollable(stream.Always{})
	got, err := e.poll([]*Pollable{never, always, never, always})
	if err != nil || len(got) != 2 || got[0] != 1 || got[1] != 3 {
		t.Errorf("ready %v, %v", got, err)
	}
	many := make([]*Pollable, 100_000)
	for i := range many {
		many[i] = never
	}
	time.AfterFunc(20*time.Millisecond, func() { w.Write([]byte("x")) })
	if got, err := e.poll(many); err != nil || len(got) != len(many) {
		t.Errorf("%d ready, %v", len(got), err)
	}
}

// stuck says that it is ready and gives nothing.
type stuck struct{ stream.Always }

func (stuck) Read([]byte) (int, error) { return 0, nil }
func (stuck) Permit() (int, error)     { return 0, nil }
func (stuck) Write([]byte) error       { return nil }
func (stuck) Flush() error             { return nil }
func (stuck) Drop()                    {}

func TestNoProgress(t *testing.T) {
	e := testEnv(t, 5*time.Second)
	_, err := NewInputStream(stuck{}).blockingTake(e, 1)
	isTrap(t, "read", err)
	isTrap(t, "write", NewOutputStream(stuck{}).writeAll(e, []byte("x")))
}
