package wasitls

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"
)

// Conn is a TLS connection as three handles: itself and its two halves. Each
// may be dropped at any time and in any order. The transport is closed when
// all three are dropped and what the output half had accepted is delivered, or
// Limits.CloseTimeout has passed since the output half was dropped.
//
// A half is used by one goroutine at a time; the halves are independent.
type Conn struct {
	tls    Session
	wire   *wire
	rule   *rule
	origin *origin
	in     Input
	out    Output

	mu       sync.Mutex
	handles  int // not yet dropped
	workers  int // goroutines of this connection
	dropped  bool
	released bool          // the transport is closed
	over     bool          // the last worker has ended since
	done     chan struct{} // closed when released and the last worker has ended
}

// newConn makes a connection of a finished handshake.
func newConn(t Session, h *Handshake) *Conn {
	c := &Conn{tls: t, wire: h.wire, rule: h.rule, origin: h.origin, handles: 3, done: make(chan struct{})}
	c.in.init(c)
	c.out.init(c)
	return c
}

// Input returns the half that receives.
func (c *Conn) Input() *Input { return &c.in }

// Output returns the half that sends.
func (c *Conn) Output() *Output { return &c.out }

// CloseOutput is Output().Close.
func (c *Conn) CloseOutput() { c.out.Close() }

// Drop gives the connection's handle up. The halves are not touched. It is
// idempotent.
func (c *Conn) Drop() {
	c.mu.Lock()
	first := !c.dropped
	c.dropped = true
	c.mu.Unlock()
	if first {
		c.dropHandle()
	}
}

// Close ends the connection at once: what was not delivered is lost, both
// halves are closed and all handles dropped. No close_notify is sent, so the
// peer can tell. It does not block; Done tells when the last goroutine ended.
func (c *Conn) Close() {
	c.Drop()
	c.in.Drop()
	c.out.abandon()
	c.release()
}

// CloseTimeout returns Limits.CloseTimeout of the connection's policy, or its
// default.
func (c *Conn) CloseTimeout() time.Duration { return c.rule.limits.CloseTimeout }

// Done returns a channel that is closed when the transport is closed and every
// goroutine of the connection has ended.
func (c *Conn) Done() <-chan struct{} { return c.done }

func (c *Conn) dropHandle() {
	c.mu.Lock()
	c.handles--
	c.mu.Unlock()
	c.releaseUnused()
}

// releaseUnused closes the transport when nobody needs it any more.
func (c *Conn) releaseUnused() {
	c.mu.Lock()
	used := c.handles > 0
	c.mu.Unlock()
	if !used && !c.out.busy() {
		c.release()
	}
}

func (c *Conn) release() {
	c.mu.Lock()
	first := !c.released
	c.released = true
	c.mu.Unlock()
	if first {
		c.wire.t.Close()
		c.in.stop()
		c.workerEnded(0)
	}
}

func (c *Conn) workerStarted() {
	c.mu.Lock()
	c.workers++
	c.mu.Unlock()
}

// workerEnded takes n workers off the count.
func (c *Conn) workerEnded(n int) {
	c.mu.Lock()
	c.workers -= n
	last := c.released && c.workers == 0 && !c.over
	c.over = c.over || last
	c.mu.Unlock()
	if last {
		c.audit()
		c.origin.leave()
		close(c.done)
	}
}

// audit tells how the connection has ended.
func (c *Conn) audit() {
	e := Event{Kind: Closed, State: c.State()}
	in := c.in.ending(&e)
	out := c.out.ending(&e)
	if e.Err = in; in == nil {
		e.Err = out
	}
	c.origin.audit(e)
}

// State is what an embedder may want to know about a connection.
type State struct {
	ServerName string // as validated, also for IP addresses
	Version    uint16 // tls.VersionTLS12 or tls.VersionTLS13
	Suite      uint16 // for tls.CipherSuiteName
	Group      tls.CurveID
	ALPN       string // empty if none was agreed on
	ECH        bool   // encrypted client hello was accepted
	Resumed    bool   // from an earlier session
	OCSP       string // "good" of the stapled response, empty if none was asked for or there is none
	Identity   string // label of the client certificate that was sent, empty if none was
	// PeerCertificates are as the peer sent them, the leaf first. Shared: do not change.
	PeerCertificates []*x509.Certificate
}

// State returns the parameters of the connection.
func (c *Conn) State() State { return c.origin.state(c.tls.ConnectionState()) }
