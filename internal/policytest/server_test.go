package policytest

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// reply is what servers answer.
const reply = "hello, guest"

// site is a server that answers requests over TLS and tells of each connection
// what came of it.
type site struct {
	names  []string // of the certificate; default: every name that the tests use
	signer *wasitlstest.CA
	leaf   []wasitlstest.Option
	change func(*tls.Config)
	handle func(*conn) // default: (*conn).answer
	mute   bool        // there is no handshake
	held   bool        // the handshake waits for the server's release
}

// names are those of the tests, all of them on loopback.
var names = []string{wasitlstest.Name, "a.test", "b.test", "a.b.test", "x.a.b.test", "127.0.0.1", "::1"}

// server is a site that runs.
type server struct {
	port    string
	visits  chan *visit
	hellos  chan string   // the server name of each ClientHello
	said    chan struct{} // a handler has said everything
	release chan struct{}
}

// visit is what a connection came to.
type visit struct {
	number int          // of the connection, from 1 up
	wire   atomic.Int64 // bytes received below TLS
	plain  int64        // bytes that the application received
	most   int          // the largest record among those
	state  tls.ConnectionState
	err    error // of the handshake
}

// conn is a connection after its handshake, as a handler gets it. It reads
// what the application gets.
type conn struct {
	*tls.Conn
	below   wasitlstest.Conn
	visit   *visit
	said    chan<- struct{}
	release <-chan struct{}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.visit.plain += int64(n)
	c.visit.most = max(c.visit.most, n)
	return n, err
}

// counted counts what comes below TLS.
type counted struct {
	wasitlstest.Conn
	visit *visit
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.visit.wire.Add(int64(n))
	return n, err
}

// serve starts a site, which ends with the test.
func (s site) serve(t testing.TB) *server {
	t.Helper()
	if s.signer == nil {
		s.signer = ours
	}
	if s.names == nil {
		s.names = names
	}
	if s.handle == nil {
		s.handle = (*conn).answer
	}
	r := &server{visits: make(chan *visit, 100), hellos: make(chan string, 100), said: make(chan struct{}, 9), release: make(chan struct{})}
	config := s.signer.Server(append([]wasitlstest.Option{wasitlstest.Names(s.names...)}, s.leaf...)...)
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		r.hellos <- h.ServerName
		if s.held {
			<-r.release
		}
		return nil, nil
	}
	if s.change != nil {
		s.change(config)
	}
	if !config.SessionTicketsDisabled {
		config.SetSessionTicketKeys([][32]byte{ticketKey}) // each connection makes a clone otherwise
	}
	var accepted atomic.Int64
	listener, err := wasitlstest.Peer{Handle: func(_ *tls.Conn, below wasitlstest.Conn) {
		v := &visit{number: int(accepted.Add(1))}
		defer func() { r.visits <- v }()
		counts := counted{below, v}
		if s.mute {
			io.Copy(io.Discard, counts)
			return
		}
		wasitlstest.Peer{
			Config: config,
			Failed: func(err error) { v.err = err },
			Handle: func(tc *tls.Conn, below wasitlstest.Conn) {
				v.state = tc.ConnectionState()
				s.handle(&conn{tc, below, v, r.said, r.release})
			},
		}.Serve(counts)
	}}.Listen()
	noError(t, err)
	t.Cleanup(listener.Close)
	_, r.port, err = net.SplitHostPort(listener.Addr())
	noError(t, err)
	return r
}

// ticketKey is one for all, so that a server resumes what it can.
var ticketKey = [32]byte{1}

// url returns the address of the server under a name.
func (r *server) url(name string) string { return "https://" + net.JoinHostPort(name, r.port) + "/" }

// visited waits for the end of a connection.
func (r *server) visited(t testing.TB) *visit {
	t.Helper()
	return receive(t, r.visits, "visit")
}

// greeted waits for a ClientHello.
func (r *server) greeted(t testing.TB) {
	t.Helper()
	receive(t, r.hellos, "ClientHello")
}

// receive waits for a value.
func receive[T any](t testing.TB, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatalf("no %s", what)
	}
	return v
}

// none demands that there is no value for a moment.
func none[T any](t testing.TB, from <-chan T, what string) {
	t.Helper()
	select {
	case v := <-from:
		t.Errorf("%s: %v", what, v)
	case <-time.After(moment):
	}
}

// request reads a request and its body, and tells how long that is.
func (c *conn) request() (body int64, err error) {
	q, err := http.ReadRequest(bufio.NewReaderSize(c, 32<<10))
	if err != nil {
		return 0, err
	}
	return io.Copy(io.Discard, q.Body)
}

// answer answers one request, and ends the connection.
func (c *conn) answer() {
	if _, err := c.request(); err != nil {
		return
	}
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply)
	c.CloseWrite()
	c.linger()
}

// keep answers requests for as long as the guest likes.
func (c *conn) keep() {
	for {
		if _, err := c.request(); err != nil {
			return
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply)
	}
}

// late answers when the test says so.
func (c *conn) late() {
	<-c.release
	c.answer()
}

// cut answers, and ends the connection below TLS.
func (c *conn) cut() {
	if _, err := c.request(); err != nil {
		return
	}
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%s", reply)
	c.below.CloseWrite()
	c.linger()
}

// counting answers with how many bytes the body had.
func (c *conn) counting() {
	n, err := c.request()
	if err != nil {
		return
	}
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%d bytes", n)
	c.CloseWrite()
	c.linger()
}

// linger reads until the guest is gone.
func (c *conn) linger() {
	if _, err := io.Copy(io.Discard, c); err == nil {
		io.Copy(io.Discard, c.below)
	}
}
