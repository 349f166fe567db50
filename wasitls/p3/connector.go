package p3

import (
	"context"
	"errors"
	"sync"

	"github.com/wasitls/wasitls/wasitls"
)

// Errors of a connector, as the guest gets to read them.
var (
	errSendTwice    = errors.New("send already configured")
	errReceiveTwice = errors.New("receive already configured")
	errNoSend       = errors.New("send() must be called before connect()")
	errNoReceive    = errors.New("receive() must be called before connect()")
	errUsed         = errors.New("connect() was called before, or never will be")
	errDropped      = errors.New("the connector was dropped before connect()")
	errCanceled     = errors.New("connect() was cancelled")
	errBroken       = errors.New("broken pipe: the ciphertext stream of send() was dropped")
	errEnded        = errors.New("the guest has ended")
	errNotAttached  = errors.New("wasi:tls: the store has no guest: see Attach")
)

// connector is a connection as the draft has it: two directions, each with a
// stream of plaintext and one of ciphertext and with an outcome, and a
// handshake between them. It knows nothing of guests.
//
// Each outcome is told exactly once, whatever happens: to the function given
// to send and receive, on any goroutine and without locks held.
type connector struct {
	guest *wasitls.Guest
	gone  func() // called once, when both directions are over; may be nil

	mu        sync.Mutex
	todo      []func() // to be called without the lock: see do
	out       sender
	in        receiver
	started   bool // connect was called, or never will be
	transport wasitls.Transport
	conn      *wasitls.Conn
	drains    sync.WaitGroup
}

func newConnector(guest *wasitls.Guest) *connector {
	c := &connector{guest: guest}
	c.out.c, c.in.c = c, c
	c.in.told = make(chan struct{})
	return c
}

// do runs f with the lock held, and then without it what f has put off by
// later.
func (c *connector) do(f func()) {
	c.mu.Lock()
	f()
	todo := c.todo
	c.todo = nil
	c.mu.Unlock()
	for _, f := range todo {
		f()
	}
}

func (c *connector) later(f func()) { c.todo = append(c.todo, f) }

// send sets up the direction to the peer, once: the sink takes the plaintext,
// the source gives the ciphertext.
func (c *connector) send(outcome func(error)) (plain *sender, cipher *outgoing, err error) {
	c.do(func() {
		if c.out.outcome != nil {
			err = errSendTwice
			return
		}
		c.out.outcome = outcome
		c.out.reader, c.out.writer = wasitls.NewPipe(cipherPipe)
		plain, cipher = &c.out, &outgoing{c.out.reader, &c.out}
	})
	return plain, cipher, err
}

// receive sets up the direction from the peer, once: it takes the ciphertext
// from a source, which it then owns, and returns the plaintext.
func (c *connector) receive(cipher wasitls.Source, outcome func(error)) (plain *receiver, err error) {
	c.do(func() {
		if c.in.outcome != nil {
			err = errReceiveTwice
			return
		}
		c.in.outcome = outcome
		c.in.cipher = &incoming{Source: cipher}
		plain = &c.in
	})
	return plain, err
}

// connect makes the handshake and returns how it ended. Then everything goes
// on by itself. When ctx ends first, the connection is given up.
func (c *connector) connect(ctx context.Context, name string) error {
	transport, err := c.start()
	if err == errUsed {
		return err
	}
	if err != nil {
		return c.fail(err)
	}
	conn, err := c.guest.Handshake(ctx, transport, name)
	if err != nil && ctx.Err() != nil {
		err = errCanceled
	}
	if err != nil {
		return c.fail(err)
	}
	c.connected(conn)
	return nil
}

// start checks that connect may begin, and makes the transport.
func (c *connector) start() (t wasitls.Transport, err error) {
	c.do(func() {
		switch {
		case c.started:
			err = errUsed
		case c.out.outcome == nil:
			err = errNoSend
		case c.in.outcome == nil:
			err = errNoReceive
		case c.out.over:
			err = c.out.err
		}
		if err == nil {
			c.started = true
			c.transport = wasitls.Streams(c.in.cipher, &outward{c.out.writer, &c.out})
			t = c.transport
		}
	})
	return t, err
}

// fail settles everything that is not settled, and returns why the connector
// has failed first.
func (c *connector) fail(err error) error {
	c.do(func() {
		c.started = true
		if c.out.err != nil {
			err = c.out.err
		}
		c.out.finish(err)
		c.in.finish(err)
	})
	return err
}

// connected hands the halves of the connection to the two directions. The
// guest is woken last: its goroutine is then the next to run on this processor.
func (c *connector) connected(conn *wasitls.Conn) {
	c.do(func() {
		c.conn = conn
		c.out.connect(conn.Output())
		c.in.connect(conn.Input())
		c.later(c.out.waiters.Wake)
		c.later(c.in.waiters.Wake)
	})
	conn.Drop()
}

// drop gives up a connector that was not connected.
func (c *connector) drop() {
	c.do(func() {
		if c.started {
			return
		}
		c.started = true
		c.out.finish(errDropped)
		c.in.finish(errDropped)
	})
}

// leave gives up reading, if there is a connection.
func (c *connector) leave() {
	c.do(func() {
		if c.conn != nil {
			c.in.finish(errEnded)
		}
	})
}

// close ends everything at once and returns when nothing is left of it.
func (c *connector) close() {
	c.fail(errEnded)
	c.mu.Lock()
	conn, transport := c.conn, c.transport
	c.mu.Unlock()
	if transport != nil {
		transport.Close() // a handshake in progress
	}
	if conn != nil {
		conn.Close()
		<-conn.Done()
	}
	c.drains.Wait()
}

// settle tells an outcome, and the end if it is the last; the lock is held.
func (c *connector) settle(outcome func(error), err error) {
	if outcome != nil {
		c.later(func() { outcome(err) })
	}
	if c.gone != nil && c.out.over && c.in.over {
		c.later(c.gone)
	}
}
