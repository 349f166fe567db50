package p3

import (
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wasitls/wasitls/host/wasi/stream"
	"github.com/wasitls/wasitls/wasitls"
)

// receiver is the direction from the peer. It is the source of the plaintext.
type receiver struct {
	c       *connector
	outcome func(error)   // nil before receive
	told    chan struct{} // closed after outcome was called
	cipher  *incoming

	// Guarded by the connector's lock.
	input   *wasitls.Input // after the handshake
	dropped bool           // nobody reads the plaintext: it is discarded
	clean   bool           // it has ended with close_notify
	bounded bool           // so is the rest of the ciphertext
	over    bool           // the outcome was told
	waiters stream.Waiters // for the handshake
}

func (r *receiver) state() (input *wasitls.Input, over bool) {
	r.c.mu.Lock()
	defer r.c.mu.Unlock()
	return r.input, r.over
}

// Read implements wasitls.Source.
func (r *receiver) Read(p []byte) (int, error) {
	input, over := r.state()
	if input == nil && !over {
		return 0, nil
	}
	n, err := 0, wasitls.ErrClosed
	if input != nil {
		n, err = input.Read(p)
	}
	if err != nil {
		r.tell(err)
	}
	return n, err
}

// tell is called at the end of the plaintext. If that is a failure its outcome
// is told first: a guest that finds the end and asks why gets an answer.
func (r *receiver) tell(err error) {
	if err != wasitls.ErrClosed {
		r.inputEnded(err)
	}
	if _, over := r.state(); over {
		<-r.told
	}
}

// Ready tells whether Read would return anything but (0, nil).
func (r *receiver) Ready() bool {
	input, over := r.state()
	return over || input != nil && input.Ready()
}

// Notify implements wasitls.Source.
func (r *receiver) Notify(f func()) (stop func()) {
	r.c.mu.Lock()
	input := r.input
	if input == nil && !r.over {
		defer r.c.mu.Unlock()
		return r.waiters.Add(f)
	}
	r.c.mu.Unlock()
	if input == nil {
		f()
		return func() {}
	}
	return input.Notify(f)
}

// Drop implements wasitls.Source. The connection is read on, so that the peer
// is not held up, but not for ever: see bound.
func (r *receiver) Drop() {
	r.c.do(func() {
		r.dropped = true
		if r.input != nil {
			r.c.later(r.input.Discard)
		}
		r.bound()
	})
}

// connect is called with the lock held, as everything below that says no
// other.
func (r *receiver) connect(input *wasitls.Input) {
	r.input = input
	if r.over { // too late
		r.c.later(input.Drop)
		return
	}
	if r.dropped {
		r.c.later(input.Discard)
	}
	r.bound()
	r.c.later(func() { input.NotifyEnd(func() { r.inputEnded(input.End()) }) })
}

// inputEnded is called without the lock, when there is nothing more to read.
func (r *receiver) inputEnded(err error) {
	r.c.do(func() {
		if err == wasitls.ErrClosed {
			r.drain()
			return
		}
		r.finish(err)
		// Both directions end with a failure (RFC 8446, section 6.2); that the
		// peer's has just ended is none of the other.
		var failure *wasitls.StreamError
		if !errors.As(err, &failure) || failure.Class != wasitls.ClassTruncated {
			r.c.out.finish(err)
		}
	})
}

// drain discards the ciphertext that follows close_notify. Its end is the
// outcome of the direction.
func (r *receiver) drain() {
	if r.over || r.clean {
		return
	}
	r.clean = true
	if r.cipher.ended.Load() {
		r.finish(nil)
		return
	}
	r.bound()
	transport := r.c.transport
	r.c.drains.Go(func() {
		discard := make([]byte, drainChunk)
		for {
			if _, err := transport.Read(discard); err != nil {
				break
			}
		}
		r.c.do(func() { r.finish(nil) })
	})
}

// bound limits the time in which the ciphertext may go on when the guest is
// done with both directions: a peer shall not keep a connection that is of no
// use to anybody.
func (r *receiver) bound() {
	if !r.c.out.over || !(r.dropped || r.clean) || r.over || r.bounded || r.c.conn == nil {
		return
	}
	r.bounded = true
	transport, timeout := r.c.transport, r.c.conn.CloseTimeout()
	r.c.later(func() { transport.SetReadDeadline(time.Now().Add(timeout)) })
}

// finish tells the outcome, unless it was told, and lets go of the ciphertext.
func (r *receiver) finish(err error) {
	if r.over {
		return
	}
	r.over = true
	r.c.settle(r.outcome, err)
	r.c.later(func() { close(r.told) })
	r.c.later(r.waiters.Wake)
	if r.input != nil {
		r.c.later(r.input.Drop)
	}
	if r.cipher != nil {
		r.c.later(r.cipher.Drop)
	}
}

// incoming is the ciphertext from the peer. It remembers its end, and is
// dropped once.
type incoming struct {
	wasitls.Source
	ended atomic.Bool
	once  sync.Once
}

// Drop implements wasitls.Source.
func (i *incoming) Drop() { i.once.Do(i.Source.Drop) }

// Read implements wasitls.Source.
func (i *incoming) Read(p []byte) (int, error) {
	n, err := i.Source.Read(p)
	if err != nil {
		i.ended.Store(true)
	}
	return n, err
}

// ReadWait implements wasitls.BlockingSource.
func (i *incoming) ReadWait(p []byte) (int, error) {
	n, err := stream.ReadWait(i.Source, p)
	if err != nil && err != errors.ErrUnsupported && !errors.Is(err, os.ErrDeadlineExceeded) {
		i.ended.Store(true)
	}
	return n, err
}

// RemoteAddr implements wasitls.Addressed.
func (i *incoming) RemoteAddr() net.Addr { return stream.RemoteAddr(i.Source) }

// SetReadDeadline implements wasitls.BlockingSource.
func (i *incoming) SetReadDeadline(t time.Time) error { return stream.SetReadDeadline(i.Source, t) }
