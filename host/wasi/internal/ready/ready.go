// Package ready tells when file descriptors can be read or written, without
// reading or writing them.
package ready

import (
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Events that a Watch can wait for. Failure and hanging up count as both.
const (
	Readable int16 = unix.POLLIN
	Writable int16 = unix.POLLOUT
)

// Watch is the condition that a file descriptor can be read or written, or
// that it was closed. It implements stream.Pollable.
//
// While somebody waits one goroutine does. On a descriptor of Go's poller it
// stays when nobody waits any more, until the descriptor is ready or Halt;
// on others, such as a terminal, it holds an OS thread and ends with the wait.
type Watch struct {
	raw    syscall.RawConn
	events int16
	// wait waits on Go's poller, and deadline ends that; nil without poller.
	wait     func(func(uintptr) bool) error
	deadline func(time.Time) error

	asking sync.Mutex
	ask    func(uintptr) // stores poll's answer; made once, as calls are many
	answer bool

	mu      sync.Mutex
	waiters stream.Waiters
	running chan struct{} // closed when the goroutine that waits ends
	wake    *os.File      // ends its wait without poller, when closed
}

// New returns a Watch on a file for Readable or Writable. The file stays the
// caller's.
func New(f *os.File, events int16) (*Watch, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return nil, err
	}
	w := &Watch{raw: raw, events: events, wait: raw.Read, deadline: f.SetReadDeadline}
	if events == Writable {
		w.wait, w.deadline = raw.Write, f.SetWriteDeadline
	}
	if w.deadline(time.Time{}) != nil {
		w.wait, w.deadline = nil, nil
	}
	w.ask = func(fd uintptr) { w.answer = w.poll(fd) }
	return w, nil
}

// poll asks the system.
func (w *Watch) poll(fd uintptr) bool {
	fds := [1]unix.PollFd{{Fd: int32(fd), Events: w.events}}
	for {
		n, err := unix.Poll(fds[:], 0)
		if err != unix.EINTR {
			return n != 0 || err != nil
		}
	}
}

// Ready implements stream.Pollable.
func (w *Watch) Ready() bool {
	w.asking.Lock()
	defer w.asking.Unlock()
	return w.raw.Control(w.ask) != nil || w.answer
}

// Notify implements stream.Pollable.
func (w *Watch) Notify(f func()) (stop func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	remove := w.waiters.Add(f)
	if w.running == nil {
		w.start()
	}
	if w.wait != nil {
		return remove
	}
	return func() {
		remove()
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.waiters.Empty() {
			w.interrupt()
		}
	}
}

func (w *Watch) start() {
	w.running = make(chan struct{})
	if w.wait != nil {
		go w.run(w.running, func() { w.wait(w.poll) })
		return
	}
	asleep, wake, err := os.Pipe()
	if err != nil { // no descriptors left: let those who wait ask again
		go w.run(w.running, func() { time.Sleep(10 * time.Millisecond) })
		return
	}
	w.wake = wake
	go w.run(w.running, func() {
		defer asleep.Close()
		w.block(asleep)
	})
}

func (w *Watch) run(done chan struct{}, wait func()) {
	wait()
	w.mu.Lock()
	if w.running == done {
		w.running = nil
		w.interrupt()
	}
	w.mu.Unlock()
	close(done)
	w.waiters.Wake()
}

// interrupt ends the wait of the goroutine that waits without poller.
func (w *Watch) interrupt() {
	if w.wake != nil {
		w.wake.Close()
		w.wake = nil
	}
}

// block waits in a system call for the descriptor, or for the end of asleep.
func (w *Watch) block(asleep *os.File) {
	w.raw.Control(func(fd uintptr) {
		raw, err := asleep.SyscallConn()
		if err != nil {
			return
		}
		raw.Control(func(end uintptr) {
			fds := [2]unix.PollFd{{Fd: int32(fd), Events: w.events}, {Fd: int32(end), Events: Readable}}
			for {
				if _, err := unix.Poll(fds[:], -1); err != unix.EINTR {
					return
				}
			}
		})
	})
}

// Halt ends the goroutine, so that the descriptor can be used by others. It
// returns when that has ended.
func (w *Watch) Halt() {
	w.mu.Lock()
	done := w.running
	w.interrupt()
	w.mu.Unlock()
	if done == nil {
		return
	}
	if w.deadline != nil {
		w.deadline(time.Unix(1, 0))
		defer w.deadline(time.Time{})
	}
	<-done
}
