package wasitls

import (
	"errors"
	"io"
)

// ending tells, when everything is over, what the half has received and how it
// ended; it returns the failure if there was one.
func (in *Input) ending(e *Event) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	e.Received = in.total
	if in.held { // waiting for room, and not counted
		e.Received++
	}
	cut := in.conn.wire.sawEnd.Load()
	e.CloseReceived = in.cause == ErrClosed && !cut
	e.Truncated = in.cause == ErrClosed && cut
	var failed *StreamError
	if errors.As(in.cause, &failed) {
		e.Truncated = failed.Class == ClassTruncated
		return failed
	}
	return nil
}

// failure tells a clean end from a failure. crypto/tls says io.EOF for both
// close_notify and a transport that ended between two records.
func (in *Input) failure(err error) error {
	clean := err == io.EOF
	if clean && (!in.conn.wire.sawEnd.Load() || in.conn.rule.AllowTruncation) {
		return ErrClosed
	}
	if clean || errors.Is(err, io.ErrUnexpectedEOF) {
		return &StreamError{ClassTruncated, "read", ErrTruncated}
	}
	class, cause := classify(err)
	return &StreamError{class, "read", cause}
}

// ending tells, when everything is over, what the half has sent; it returns
// the failure if there was one.
func (o *Output) ending(e *Event) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	e.Sent, e.CloseSent = o.total, o.notified
	if o.given {
		return nil
	}
	return o.err
}
