package stdio

import (
	"context"
	"io"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/internal/ready"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// sink is a standard output, which the streams to it share.
type sink struct {
	mu   sync.Mutex // one write at a time
	dst  io.Writer
	life context.Context

	// Of a file:
	raw      syscall.RawConn
	writable *ready.Watch
}

func (o *Open) openSink(w io.Writer) *sink {
	s := &sink{dst: w, life: o.life}
	f, ok := w.(*os.File)
	switch {
	case w == nil || ok && f == nil:
		s.dst = io.Discard
	case ok:
		raw, err := f.SyscallConn()
		if err != nil {
			break
		}
		if s.writable, err = ready.New(f, ready.Writable); err == nil {
			s.raw = raw
		}
	}
	return s
}

// try returns a function that writes without waiting, nil if there is none.
func (s *sink) try() func([]byte) (int, error) {
	switch {
	case s.raw != nil:
		return s.tryWrite
	case s.dst == io.Discard:
		return s.dst.Write
	}
	return nil
}

func (s *sink) tryWrite(p []byte) (int, error) {
	if !s.mu.TryLock() {
		return 0, nil
	}
	defer s.mu.Unlock()
	return s.some(p)
}

// some writes what the file takes now.
func (s *sink) some(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil && s.writable.Ready() {
		var n int
		if e := s.raw.Control(func(fd uintptr) {
			n, err = ignoringEINTR(func() (int, error) { return unix.Write(int(fd), p[:min(len(p), maxWrite)]) })
		}); e != nil {
			return written, os.ErrClosed
		}
		if err == unix.EAGAIN {
			return written, nil
		}
		if n > 0 {
			written += n
			p = p[n:]
		}
	}
	return written, err
}

// Write implements io.Writer: it waits.
func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.raw == nil {
		return s.dst.Write(p)
	}
	for written := 0; ; {
		n, err := s.some(p[written:])
		if written += n; err != nil || written == len(p) {
			return written, err
		}
		if err := stream.Wait(s.life, s.writable); err != nil {
			return written, err
		}
	}
}

func (s *sink) close() {
	if s.writable != nil {
		s.writable.Halt()
	}
}
