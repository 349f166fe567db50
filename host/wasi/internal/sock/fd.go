package sock

import (
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/internal/ready"
)

// fd is an open socket with those who use it: the socket itself, its streams,
// a connection made of them, and what is still being written.
type fd struct {
	file *os.File
	raw  syscall.RawConn
	net  *Net
	peer Addr // of a TCP socket, from the time it connects

	readable, writable *ready.Watch

	mu   sync.Mutex
	refs int
}

func (n *Net) newFD(s int) (*fd, error) {
	file := os.NewFile(uintptr(s), "socket")
	raw, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, code(err)
	}
	f := &fd{file: file, raw: raw, net: n, refs: 1}
	if f.readable, err = ready.New(file, ready.Readable); err == nil {
		f.writable, err = ready.New(file, ready.Writable)
	}
	if err != nil {
		file.Close()
		return nil, code(err)
	}
	if !n.add(f) {
		file.Close()
		return nil, NewSocketLimit
	}
	return f, nil
}

// control runs a system call on the descriptor.
func (f *fd) control(call func(s int) error) error {
	var err error
	if e := f.raw.Control(func(s uintptr) { err = call(int(s)) }); e != nil {
		return os.ErrClosed
	}
	return err
}

// transfer is a read or write of a socket without waiting. It is made once,
// since calls are many, and used by one goroutine at a time.
type transfer struct {
	raw syscall.RawConn
	run func(uintptr)
	p   []byte
	n   int
	err error
}

func (t *transfer) init(f *fd, call func(s int, p []byte) (int, error)) {
	t.raw = f.raw
	t.run = func(s uintptr) {
		for {
			if t.n, t.err = call(int(s), t.p); t.err != unix.EINTR {
				return
			}
		}
	}
}

// do returns errAgain when it would have to wait.
func (t *transfer) do(p []byte) (int, error) {
	t.p = p
	defer func() { t.p = nil }()
	switch {
	case t.raw.Control(t.run) != nil:
		return 0, os.ErrClosed
	case t.err == unix.EAGAIN:
		return 0, errAgain
	case t.err != nil:
		return 0, t.err
	}
	return t.n, nil
}

// errAgain says that a transfer would have to wait.
var errAgain error = WouldBlock

func (f *fd) acquire() {
	f.mu.Lock()
	f.refs++
	f.mu.Unlock()
}

func (f *fd) release() {
	f.mu.Lock()
	f.refs--
	last := f.refs == 0
	f.mu.Unlock()
	if last {
		f.close()
	}
}

// close ends all use of the socket; those who still hold it get os.ErrClosed.
func (f *fd) close() {
	f.file.Close()
	f.net.remove(f)
}
