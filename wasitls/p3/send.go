package p3

import (
	"sync/atomic"

	"github.com/wasitls/wasitls/host/wasi/stream"
	"github.com/wasitls/wasitls/wasitls"
)

// sender is the direction to the peer. It is the sink of the plaintext, which
// takes nothing before the handshake. The ciphertext goes to a pipe, whose
// reader the guest has.
type sender struct {
	c       *connector
	outcome func(error) // nil before send
	reader  *wasitls.PipeReader
	writer  *wasitls.PipeWriter

	// Guarded by the connector's lock.
	output  *wasitls.Output // after the handshake
	ended   bool            // the plaintext: close_notify is due
	closed  bool            // close_notify is in the pipe
	over    bool            // the outcome was told
	err     error           // and is this
	waiters stream.Waiters  // for the handshake

	swallow atomic.Bool // what the pipe does not take is discarded
}

func (s *sender) state() (*wasitls.Output, bool) {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	return s.output, s.over
}

// Permit implements wasitls.Sink. It is 0 before the handshake: nothing is
// taken that might never be sent.
func (s *sender) Permit() (int, error) {
	output, over := s.state()
	switch {
	case over:
		return 0, wasitls.ErrClosed
	case output == nil:
		return 0, nil
	}
	return output.Permit()
}

// Write implements wasitls.Sink.
func (s *sender) Write(p []byte) error {
	output, over := s.state()
	switch {
	case over:
		return wasitls.ErrClosed
	case output == nil && len(p) > 0:
		return wasitls.ErrPermit
	case output == nil:
		return nil
	}
	return output.Write(p)
}

// Flush implements wasitls.Sink. Everything accepted is sent without it; to
// wait for it would only hold up what comes next.
func (s *sender) Flush() error { return nil }

// Notify implements wasitls.Sink.
func (s *sender) Notify(f func()) (stop func()) {
	s.c.mu.Lock()
	output := s.output
	if output == nil && !s.over {
		defer s.c.mu.Unlock()
		return s.waiters.Add(f)
	}
	s.c.mu.Unlock()
	if output == nil {
		f()
		return func() {}
	}
	return output.Notify(f)
}

// Drop implements wasitls.Sink. It says nothing about how the plaintext ended:
// a guest that was stopped shall not look like one that has said everything.
func (s *sender) Drop() {}

// end says that the plaintext has come to its end: close_notify follows.
func (s *sender) end() {
	s.c.do(func() {
		s.ended = true
		if s.output != nil && !s.over {
			s.c.later(s.output.Close)
		}
	})
}

// connect is called with the lock held, as everything below that says no
// other.
func (s *sender) connect(output *wasitls.Output) {
	s.output = output
	s.swallow.Store(true)
	if s.over { // too late
		s.c.later(output.Drop)
		return
	}
	if s.ended {
		s.c.later(output.Close)
	}
	s.c.later(func() { output.NotifyEnd(func() { s.outputEnded(output.End()) }) })
}

// outputEnded is called without the lock.
func (s *sender) outputEnded(err error) {
	s.c.do(func() {
		if err == wasitls.ErrClosed && s.ended {
			s.closed = true
			s.c.later(s.writer.Drop)
			return
		}
		s.finish(err)
	})
}

// finish tells the outcome, unless it was told. What is in the pipe, an alert
// perhaps, can still be read.
func (s *sender) finish(err error) {
	if s.over {
		return
	}
	s.over, s.err = true, err
	if s.writer != nil {
		s.c.later(s.writer.Drop)
	}
	s.c.later(s.waiters.Wake)
	if s.output != nil {
		s.c.later(s.output.Drop)
	}
	s.c.settle(s.outcome, err)
	s.c.in.bound()
}

// outgoing is the source of the ciphertext.
type outgoing struct {
	*wasitls.PipeReader
	s *sender
}

// Read implements wasitls.Source. The end is the outcome of a direction that
// was closed.
func (o *outgoing) Read(p []byte) (int, error) {
	n, err := o.PipeReader.Read(p)
	if err != nil {
		o.s.c.do(o.s.delivered)
	}
	return n, err
}

func (s *sender) delivered() {
	if s.closed {
		s.finish(nil)
	}
}

// Drop implements wasitls.Source. Where the end was next nothing is broken:
// either all was delivered, or the connection has failed and will say why.
func (o *outgoing) Drop() {
	_, end := o.Read(make([]byte, 1))
	o.PipeReader.Drop()
	if end != nil {
		return
	}
	c := o.s.c
	c.do(func() {
		o.s.finish(errBroken)
		if c.transport != nil && c.conn == nil && o.s.err == errBroken {
			transport := c.transport // no handshake without an answer
			c.later(func() { transport.Close() })
		}
	})
}

// outward is where the connection puts its ciphertext. After the handshake it
// never fails: crypto/tls would lose the key with which it reads if it could
// not answer a key update of the peer.
type outward struct {
	*wasitls.PipeWriter
	s *sender
}

// Permit implements wasitls.Sink.
func (o *outward) Permit() (int, error) {
	n, err := o.PipeWriter.Permit()
	if err != nil && o.s.swallow.Load() {
		return swallowed, nil
	}
	return n, err
}

// Write implements wasitls.Sink.
func (o *outward) Write(p []byte) error {
	err := o.PipeWriter.Write(p)
	if err == wasitls.ErrClosed && o.s.swallow.Load() {
		return nil
	}
	return err
}
