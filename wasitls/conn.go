package wasitls

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
)

// Conn is a TLS connection as three handles: itself and its two halves. Each
// may be dropped at any time and in any order. The transport is closed when
// all three are dropped and what the output half had accepted is delivered, or
// Config.CloseTimeout has passed since the output half was dropped.
//
// A half is used by one goroutine at a time; the halves are independent.
type Conn struct {
	tls    *tls.Conn
	wire   *wire
	config *Config
	in     Input
	out    Output

	mu       sync.Mutex
	handles  int // not yet dropped
	workers  int // goroutines of this connection
	dropped  bool
	released bool          // the transport is closed
	done     chan struct{} // closed when released and the last worker has ended
}

// newConn makes a connection of a finished handshake.
func newConn(t *tls.Conn, w *wire, config *Config) *Conn {
	c := &Conn{tls: t, wire: w, config: config, handles: 3, done: make(chan struct{})}
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
	defer c.mu.Unlock()
	c.workers -= n
	if !c.released || c.workers > 0 {
		return
	}
	select {
	case <-c.done:
	default:
		close(c.done)
	}
}

// State is what an embedder may want to know about a connection.
type State struct {
	ServerName string // as validated, also for IP addresses
	Version    uint16 // tls.VersionTLS12 or tls.VersionTLS13
	Suite      uint16 // for tls.CipherSuiteName
	Group      tls.CurveID
	// PeerCertificates are as the peer sent them, the leaf first. Shared: do not change.
	PeerCertificates []*x509.Certificate
}

// State returns the parameters of the connection.
func (c *Conn) State() State {
	s := c.tls.ConnectionState()
	return State{
		ServerName:       s.ServerName,
		Version:          s.Version,
		Suite:            s.CipherSuite,
		Group:            s.CurveID,
		PeerCertificates: s.PeerCertificates,
	}
}
