package stdio

import (
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/internal/ready"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

func openSource(r io.Reader) source {
	f, ok := r.(*os.File)
	switch {
	case r == nil, ok && f == nil:
		return atEnd{}
	case ok:
		return openFile(f)
	}
	return &reader{stream.NewReader(r), r}
}

// atEnd is an input without bytes.
type atEnd struct{ stream.Always }

func (atEnd) Read([]byte) (int, error) { return 0, stream.ErrClosed }
func (atEnd) close()                   {}

// reader is any io.Reader.
type reader struct {
	*stream.Reader
	src io.Reader
}

func (r *reader) close() {
	if c, ok := r.src.(io.Closer); ok && r.Reading() {
		c.Close()
	}
	r.Drop()
}

// file reads a file when the system says that it can be read.
type file struct {
	*ready.Watch
	raw syscall.RawConn

	mu    sync.Mutex
	ended bool
}

func openFile(f *os.File) source {
	raw, err := f.SyscallConn()
	if err != nil {
		return atEnd{}
	}
	w, err := ready.New(f, ready.Readable)
	if err != nil {
		return atEnd{}
	}
	return &file{Watch: w, raw: raw}
}

// Read implements stream.Input. The end of a terminal's input is no end for
// good, but is taken for one.
func (f *file) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended {
		return 0, stream.ErrClosed
	}
	if len(p) == 0 || !f.Watch.Ready() {
		return 0, nil
	}
	n, err := 0, error(nil)
	if e := f.raw.Control(func(fd uintptr) {
		n, err = ignoringEINTR(func() (int, error) { return unix.Read(int(fd), p) })
	}); e != nil {
		n, err = 0, nil // closed by its owner
	}
	switch {
	case err == unix.EAGAIN:
		return 0, nil
	case err != nil:
		f.ended = true
		return 0, err
	case n == 0:
		f.ended = true
		return 0, stream.ErrClosed
	}
	return n, nil
}

func (f *file) end() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended
}

// Ready implements stream.Pollable.
func (f *file) Ready() bool { return f.end() || f.Watch.Ready() }

// Notify implements stream.Pollable.
func (f *file) Notify(g func()) (stop func()) {
	if f.end() {
		return stream.Always{}.Notify(g)
	}
	return f.Watch.Notify(g)
}

func (f *file) close() { f.Halt() }

func ignoringEINTR(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if err != unix.EINTR {
			return n, err
		}
	}
}
