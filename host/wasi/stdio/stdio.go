// Package stdio makes streams of a command's standard streams, for every WASI
// version.
//
// An *os.File, be it a terminal, a pipe or a regular file, is read only for
// what the guest takes, so that nothing is lost for whoever reads it next; and
// neither reading nor writing one outlives the guest. Any other reader is read
// ahead by one goroutine, from when the guest first asks. If it is reading when
// the guest ends and the reader is an io.Closer, it is closed to end that; else
// the goroutine stays until Read returns. A writer that blocks keeps its
// goroutine until Write returns.
package stdio

import (
	"context"
	"io"
	"os"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Streams are the standard streams. A nil Stdin is at its end, and what goes
// to a nil Stdout or Stderr is discarded. If Stdout and Stderr are the same
// writer, at most one goroutine at a time calls it.
type Streams struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Output is a stream.Output.
type Output = stream.Output

// Open is the standard streams in use by one guest.
type Open struct {
	in       source
	out, err *sink
	life     context.Context
	end      context.CancelFunc

	mu      sync.Mutex
	writers map[*stream.Writer]struct{} // not dropped, or still writing
}

// source is the standard input; its streams come and go.
type source interface {
	stream.Pollable
	Read(p []byte) (int, error)
	close()
}

// Open starts to use the streams.
func (s Streams) Open() *Open {
	o := &Open{writers: map[*stream.Writer]struct{}{}}
	o.life, o.end = context.WithCancel(context.Background())
	o.in = openSource(s.Stdin)
	o.out = o.openSink(s.Stdout)
	if o.err = o.out; !same(s.Stdout, s.Stderr) {
		o.err = o.openSink(s.Stderr)
	}
	return o
}

// same compares writers, some of which cannot be compared.
func same(a, b io.Writer) (equal bool) {
	defer func() { _ = recover() }()
	return a == b
}

// In returns a stream of the standard input. All of them share it.
func (o *Open) In() stream.Input { return inputHandle{o.in} }

// Out returns a stream to the standard output.
func (o *Open) Out() Output { return o.writer(o.out) }

// Err returns a stream to the standard error.
func (o *Open) Err() Output { return o.writer(o.err) }

type inputHandle struct{ source }

// Drop implements stream.Input.
func (inputHandle) Drop() {}

// outputHandle is one stream to a standard output.
type outputHandle struct {
	*stream.Writer
	open *Open
}

func (o *Open) writer(s *sink) Output {
	w := stream.NewWriter(s, s.try())
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.writers) < MaxWriters {
		o.writers[w] = struct{}{}
	} else {
		w.Close(nil)
	}
	return outputHandle{w, o}
}

// Drop implements stream.Output.
func (h outputHandle) Drop() { h.Close(func() { h.open.forget(h.Writer) }) }

// End implements stream.Ender.
func (h outputHandle) End(done func(error)) {
	h.Writer.End(func(err error) {
		h.open.forget(h.Writer)
		done(err)
	})
}

func (o *Open) forget(w *stream.Writer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.writers, w)
}

// Drain waits until what the guest wrote is written.
func (o *Open) Drain(ctx context.Context) error {
	o.mu.Lock()
	ws := make([]*stream.Writer, 0, len(o.writers))
	for w := range o.writers {
		ws = append(ws, w)
	}
	o.mu.Unlock()
	for _, w := range ws {
		if err := w.Drain(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the use of the streams, which stay open. What was written has
// CloseGrace to be taken.
func (o *Open) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), CloseGrace)
	defer cancel()
	o.Drain(ctx)
	o.end()
	o.in.close()
	o.out.close()
	if o.err != o.out {
		o.err.close()
	}
	return nil
}

// IsTerminal tells whether v is an *os.File that is a terminal.
func IsTerminal(v any) bool {
	f, ok := v.(*os.File)
	if !ok || f == nil {
		return false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	is := false
	raw.Control(func(fd uintptr) {
		_, err := unix.IoctlGetTermios(int(fd), ioctlReadTermios)
		is = err == nil
	})
	return is
}
