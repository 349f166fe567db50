// Package stream defines byte streams and conditions that never block, which
// every WASI version's streams and pollables are made of: files, sockets,
// standard streams, pipes and TLS connections implement them.
//
// A method of a stream is called by one goroutine at a time, except for Ready,
// Notify and Drop. None of them waits; Wait and WaitAny do.
package stream

import (
	"context"
	"errors"
	"time"
)

// Pollable is a condition that can be waited for without a goroutine.
type Pollable interface {
	// Ready tells whether the condition holds.
	Ready() bool
	// Notify calls f once when the condition may hold, at once if it does
	// already. It returns a function that takes f back; f may still be running
	// then. f runs on any goroutine and does not block. Being called is a hint:
	// ask Ready.
	Notify(f func()) (stop func())
}

// Awaiter is a Pollable that can be waited for by itself at less cost than by
// Ready and Notify.
type Awaiter interface {
	// Await returns when the condition may hold. When ctx ends first what it
	// is a condition of is broken, and the cause is returned.
	Await(ctx context.Context) error
}

// Input is a source of bytes. It is ready when Read would return anything but
// (0, nil).
type Input interface {
	Pollable
	// Read moves bytes to p: 0 and no error when there are none yet, ErrClosed
	// at the end.
	Read(p []byte) (int, error)
	// Drop gives the stream up. It is idempotent.
	Drop()
}

// Blocking is an Input on which a goroutine of its own can wait at less cost
// than by Notify. Other methods of the Input are not in use meanwhile, but for
// Drop, which ends a ReadWait in progress.
type Blocking interface {
	// ReadWait is Read, but waits for something to return. It is
	// errors.ErrUnsupported, always, if that cannot be done.
	ReadWait(p []byte) (int, error)
	// SetReadDeadline ends a ReadWait in progress, and those to come, at t with
	// os.ErrDeadlineExceeded; a zero time is no deadline.
	SetReadDeadline(t time.Time) error
}

// ReadWait is that of in if it is Blocking.
func ReadWait(in any, p []byte) (int, error) {
	if b, ok := in.(Blocking); ok {
		return b.ReadWait(p)
	}
	return 0, errors.ErrUnsupported
}

// SetReadDeadline is that of in if it is Blocking.
func SetReadDeadline(in any, t time.Time) error {
	if b, ok := in.(Blocking); ok {
		return b.SetReadDeadline(t)
	}
	return errors.ErrUnsupported
}

// Skipper is an Input that can discard bytes more cheaply than it reads them.
type Skipper interface {
	// Skip drops up to n bytes and returns what Read would.
	Skip(n int) (int, error)
}

// Output is a sink of bytes. It is ready when Permit would return anything but
// (0, nil).
type Output interface {
	Pollable
	// Permit returns how many bytes Write takes now: 0 when it takes none yet,
	// ErrClosed when it never will again.
	Permit() (int, error)
	// Write accepts p, which is copied, or fails. Beyond the permit it is
	// ErrPermit. What is accepted goes out without further calls.
	Write(p []byte) error
	// Flush asks that everything accepted be delivered. Permit is 0 until it is.
	Flush() error
	// Drop gives the stream up. What was accepted is still delivered where that
	// is possible in short time. It is idempotent.
	Drop()
}

// Synchronous is an Output that can do a write that blocks more cheaply than by
// Write and Flush.
type Synchronous interface {
	// WriteAndFlush writes p, without a permit, and returns when it is
	// delivered as after Flush; p must not change meanwhile. When ctx ends
	// first the stream is broken, and the cause is returned.
	WriteAndFlush(ctx context.Context, p []byte) error
}

// Errors of streams. All others are failures of the operation, which the guest
// gets to see as such.
var (
	ErrClosed = errors.New("stream: closed")
	ErrPermit = errors.New("stream: write is larger than its permit")
)

// Always is a Pollable that is always ready.
type Always struct{}

// Ready implements Pollable.
func (Always) Ready() bool { return true }

// Notify implements Pollable.
func (Always) Notify(f func()) func() { f(); return func() {} }

// Never is a Pollable that is never ready.
type Never struct{}

// Ready implements Pollable.
func (Never) Ready() bool { return false }

// Notify implements Pollable.
func (Never) Notify(func()) func() { return func() {} }
