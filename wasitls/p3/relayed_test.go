package p3_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
)

// peeked is a connection of which some was read ahead.
type peeked struct {
	net.Conn
	r *bufio.Reader
}

func (p peeked) Read(b []byte) (int, error) { return p.r.Read(b) }

// TestCiphertextPassesTheGuestBy stops the store, with the guest in it, when
// the first record is out. The handshake needs records of both sides yet and
// is over before the store goes on: what a socket receives goes to TLS, and
// what TLS sends to the socket, without the guest and without the store.
func TestCiphertextPassesTheGuestBy(t *testing.T) {
	r := newRig(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := r.engine.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- serveStopped(l, r.peer.CA.Server(), s) }()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	out, errs, status, err := r.runIn(ctx, t, s, "https-get-p3", "https://localhost:"+port)
	if err != nil || status != 0 || out != "HTTP 200\nhello" {
		t.Errorf("status %d, %v: %q %s", status, err, out, errs)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// serveStopped answers one request over TLS. While it makes the handshake the
// store of its client stands still.
func serveStopped(l net.Listener, config *tls.Config, s *host.Store) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	ahead := peeked{c, bufio.NewReader(c)}
	if _, err := ahead.r.Peek(1); err != nil {
		return fmt.Errorf("the first record: %w", err)
	}
	stopped, resume := make(chan struct{}), make(chan struct{})
	s.Post(func() error { close(stopped); <-resume; return nil })
	<-stopped
	conn := tls.Server(ahead, config)
	if err := conn.SetDeadline(time.Now().Add(2 * time.Second)); err != nil {
		return err
	}
	err = conn.Handshake()
	close(resume)
	if err != nil {
		return fmt.Errorf("handshake beside a store that stands still: %w", err)
	}
	q, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return fmt.Errorf("request: %w", err)
	}
	_, err = fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
	return errors.Join(err, q.Body.Close(), conn.Close())
}
