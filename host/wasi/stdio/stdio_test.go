package stdio

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

func timeout(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// settled fails the test if there are more goroutines than before.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines left", runtime.NumGoroutine()-before)
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

// blocking takes a file off Go's poller, as files are that a process inherits.
func blocking(t *testing.T, f *os.File) *os.File {
	t.Helper()
	f.Fd()
	if f.SetDeadline(time.Time{}) == nil {
		t.Log("the file is still on the poller")
	}
	return f
}

func TestNothing(t *testing.T) {
	o := Streams{}.Open()
	defer o.Close()
	in, out := o.In(), o.Out()
	if _, err := in.Read(make([]byte, 1)); err != stream.ErrClosed || !in.Ready() {
		t.Errorf("read: %v", err)
	}
	if err := out.Write([]byte("x")); err != nil || !out.Ready() {
		t.Errorf("write: %v", err)
	}
	o = Streams{Stdin: (*os.File)(nil), Stdout: (*os.File)(nil)}.Open()
	defer o.Close()
	if _, err := o.In().Read(make([]byte, 1)); err != stream.ErrClosed {
		t.Errorf("read: %v", err)
	}
	if err := o.Out().Write([]byte("x")); err != nil {
		t.Errorf("write: %v", err)
	}
}

// A file is read only for what the guest takes, and a wait for it ends with
// the guest.
func TestFileInput(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *os.File) *os.File{
		"poller": func(_ *testing.T, f *os.File) *os.File { return f }, "blocking": blocking,
	} {
		t.Run(name, func(t *testing.T) {
			r, w := pipe(t)
			r = prepare(t, r)
			before := runtime.NumGoroutine()
			o := Streams{Stdin: r}.Open()
			in := o.In()
			p := make([]byte, 3)
			if n, err := in.Read(p); n != 0 || err != nil || in.Ready() {
				t.Fatalf("%d, %v", n, err)
			}
			if err := stream.Wait(timeout(t, 5*time.Millisecond), in); !errors.Is(err, context.DeadlineExceeded) {
				t.Fatal(err)
			}
			time.AfterFunc(5*time.Millisecond, func() { w.WriteString("abcdef") })
			if err := stream.Wait(timeout(t, 5*time.Second), in); err != nil {
				t.Fatal(err)
			}
			if n, err := in.Read(p); string(p[:n]) != "abc" || err != nil {
				t.Errorf("read %q, %v", p[:n], err)
			}
			in.Drop()
			if n, err := o.In().Read(p[:1]); string(p[:n]) != "d" || err != nil {
				t.Errorf("another stream reads %q, %v", p[:n], err)
			}
			o.Close()
			settled(t, before)
			if n, err := r.Read(p); string(p[:n]) != "ef" || err != nil {
				t.Errorf("what the guest left is %q, %v", p[:n], err)
			}
		})
	}
}

// Close ends a wait that nobody has taken back.
func TestCloseEndsWait(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *os.File) *os.File{
		"poller": func(_ *testing.T, f *os.File) *os.File { return f }, "blocking": blocking,
	} {
		t.Run(name, func(t *testing.T) {
			r, w := pipe(t)
			r = prepare(t, r)
			before := runtime.NumGoroutine()
			o := Streams{Stdin: r}.Open()
			o.In().Notify(func() {})
			time.Sleep(5 * time.Millisecond)
			o.Close()
			settled(t, before)
			if _, err := w.WriteString("x"); err != nil {
				t.Fatal(err)
			}
			if n, err := r.Read(make([]byte, 2)); n != 1 || err != nil {
				t.Errorf("read %d, %v", n, err)
			}
		})
	}
}

func TestFileEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o := Streams{Stdin: f}.Open()
	defer o.Close()
	in := o.In()
	p := make([]byte, 10)
	if n, err := in.Read(p); string(p[:n]) != "text" || err != nil {
		t.Errorf("read %q, %v", p[:n], err)
	}
	for range 2 {
		if _, err := in.Read(p); err != stream.ErrClosed {
			t.Errorf("at the end: %v", err)
		}
	}
}

// A reader that blocks is closed with the guest, if that is possible.
func TestReaderInput(t *testing.T) {
	before := runtime.NumGoroutine()
	r, w := io.Pipe()
	o := Streams{Stdin: r}.Open()
	in := o.In()
	go w.Write([]byte("abc"))
	if err := stream.Wait(timeout(t, 5*time.Second), in); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 10)
	if n, err := in.Read(p); string(p[:n]) != "abc" || err != nil {
		t.Errorf("read %q, %v", p[:n], err)
	}
	if n, err := in.Read(p); n != 0 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	o.Close()
	settled(t, before)
}

// safeBuffer is a writer that two streams share.
type safeBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	if !b.mu.TryLock() {
		panic("two writes at a time")
	}
	defer b.mu.Unlock()
	time.Sleep(time.Millisecond)
	return b.Buffer.Write(p)
}

func TestSharedWriter(t *testing.T) {
	var b safeBuffer
	o := Streams{Stdout: &b, Stderr: &b}.Open()
	outs := []Output{o.Out(), o.Err(), o.Out()}
	for i, out := range outs {
		if err := out.Write([]byte(strings.Repeat("x", i+1))); err != nil {
			t.Fatal(err)
		}
		out.Drop()
	}
	if err := o.Drain(timeout(t, 5*time.Second)); err != nil || b.Len() != 6 {
		t.Errorf("wrote %d bytes, %v", b.Len(), err)
	}
	o.Close()
	if len(o.writers) != 0 {
		t.Errorf("%d streams left", len(o.writers))
	}
}

// A pipe that nobody reads makes neither a write nor the end of the guest hang.
func TestFullPipe(t *testing.T) {
	for name, prepare := range map[string]func(*testing.T, *os.File) *os.File{
		"poller": func(_ *testing.T, f *os.File) *os.File { return f }, "blocking": blocking,
	} {
		t.Run(name, func(t *testing.T) {
			r, w := pipe(t)
			w = prepare(t, w)
			before := runtime.NumGoroutine()
			o := Streams{Stdout: w}.Open()
			out := o.Out()
			p := make([]byte, stream.ChunkBytes)
			for out.Ready() {
				if err := out.Write(p); err != nil {
					t.Fatal(err)
				}
			}
			if err := o.Drain(timeout(t, 10*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("drain: %v", err)
			}
			if n, err := io.ReadFull(r, p); err != nil {
				t.Fatalf("read %d, %v", n, err)
			}
			if err := stream.Wait(timeout(t, 5*time.Second), out); err != nil {
				t.Fatal(err)
			}
			for out.Ready() {
				if err := out.Write(p); err != nil {
					t.Fatal(err)
				}
			}
			start := time.Now()
			o.Close()
			if d := time.Since(start); d > CloseGrace+time.Second {
				t.Errorf("close took %v", d)
			}
			settled(t, before)
		})
	}
}

func TestBrokenPipe(t *testing.T) {
	r, w := pipe(t)
	r.Close()
	o := Streams{Stdout: w}.Open()
	defer o.Close()
	out := o.Out()
	if err := out.Write([]byte("x")); err == nil || err.Error() != "broken pipe" {
		t.Errorf("write: %v", err)
	}
	if _, err := out.Permit(); err != stream.ErrClosed {
		t.Errorf("then: %v", err)
	}
}

func TestIsTerminal(t *testing.T) {
	r, _ := pipe(t)
	for _, v := range []any{nil, r, (*os.File)(nil), strings.NewReader("")} {
		if IsTerminal(v) {
			t.Errorf("%T is a terminal", v)
		}
	}
	if f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0); err == nil {
		defer f.Close()
		if !IsTerminal(f) {
			t.Error("a terminal is none")
		}
	}
}
