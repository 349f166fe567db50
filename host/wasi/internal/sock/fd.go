package sock

import (
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// fd is an open socket with those who use it: the socket itself, its streams,
// a connection made of them, and what is still being written.
type fd struct {
	file *os.File
	raw  syscall.RawConn
	net  *Net

	readable, writable watch

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
	f.readable = watch{fd: f, events: unix.POLLIN | unix.POLLRDHUP, wait: raw.Read, deadline: file.SetReadDeadline}
	f.writable = watch{fd: f, events: unix.POLLOUT, wait: raw.Write, deadline: file.SetWriteDeadline}
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

// watch is the condition that a socket can be read or written, or has failed.
type watch struct {
	fd       *fd
	events   int16
	wait     func(func(uintptr) bool) error
	deadline func(time.Time) error

	mu      sync.Mutex
	waiters stream.Waiters
	running chan struct{} // closed when the goroutine that waits ends
}

// poll asks the system; a closed socket is ready.
func (w *watch) poll(s uintptr) bool {
	fds := [1]unix.PollFd{{Fd: int32(s), Events: w.events}}
	for {
		n, err := unix.Poll(fds[:], 0)
		if err != unix.EINTR {
			return n != 0 || err != nil
		}
	}
}

// Ready implements stream.Pollable.
func (w *watch) Ready() bool {
	ready := true
	w.fd.raw.Control(func(s uintptr) { ready = w.poll(s) })
	return ready
}

// Notify implements stream.Pollable. The goroutine it starts stays when f is
// taken back, for the next one to wait.
func (w *watch) Notify(f func()) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stop = w.waiters.Add(f)
	if w.running == nil {
		w.running = make(chan struct{})
		go w.run(w.running)
	}
	return stop
}

func (w *watch) run(done chan struct{}) {
	w.wait(w.poll)
	w.mu.Lock()
	w.running = nil
	w.mu.Unlock()
	close(done)
	w.waiters.Wake()
}

// halt ends the goroutine, so that the socket can be read and written by others.
func (w *watch) halt() {
	w.mu.Lock()
	done := w.running
	w.mu.Unlock()
	if done == nil {
		return
	}
	w.deadline(time.Unix(1, 0))
	<-done
	w.deadline(time.Time{})
}
