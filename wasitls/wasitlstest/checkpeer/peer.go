// Package checkpeer is the TLS peer that the guests tlscheck and tlsbench talk
// to. The first line a guest sends says what the peer does; the protocol is in
// the guest tlscheck's README. The peer records what it sees of every
// connection, so that a guest can ask afterwards what arrived.
package checkpeer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// Peer is a running peer: its ports share the records of connections.
type Peer struct {
	// CA signed the main port's certificate.
	CA *wasitlstest.CA
	// Lifetime bounds each connection from its handshake on. It may be
	// changed before the first one.
	Lifetime time.Duration

	config  *tls.Config
	records records
	servers []*wasitlstest.Server
	main    string
	options []string
}

// Names are what the main port's certificate is valid for, beside the
// addresses 127.0.0.1 and ::1.
var Names = []string{"localhost", wasitlstest.Name, "*.wild.example"}

// Listen starts a peer on free ports of loopback.
func Listen() (*Peer, error) {
	ca := wasitlstest.NewCA()
	names := append([]string{"127.0.0.1", "::1"}, Names...)
	p := &Peer{CA: ca, Lifetime: wasitlstest.PeerTimeout, config: ca.Server(wasitlstest.Names(names...))}
	p.records.init()
	main, err := p.listen(func(r *record, below wasitlstest.Conn) { p.serve(r, below, p.config) })
	if err != nil {
		return nil, err
	}
	p.main = main
	untrusted := wasitlstest.NewCA().Server(wasitlstest.Names(names...))
	for _, o := range []struct {
		option string
		serve  func(*record, wasitlstest.Conn)
	}{
		{"--mute", func(_ *record, below wasitlstest.Conn) { io.Copy(io.Discard, below) }},
		{"--drop", func(_ *record, below wasitlstest.Conn) { below.Read(make([]byte, 1)) }},
		{"--plain", plain},
		{"--untrusted", func(r *record, below wasitlstest.Conn) { p.serve(r, below, untrusted) }},
	} {
		addr, err := p.listen(o.serve)
		if err != nil {
			p.Close()
			return nil, err
		}
		p.options = append(p.options, o.option, addr)
	}
	return p, nil
}

// Addr is the address of the main port.
func (p *Peer) Addr() string { return p.main }

// Options are the arguments that tell tlscheck the other ports.
func (p *Peer) Options() []string { return p.options }

// Pool trusts the main port's certificate only.
func (p *Peer) Pool() *x509.CertPool { return p.CA.Pool() }

// Close ends the peer and waits for its connections.
func (p *Peer) Close() {
	p.records.close()
	for _, s := range p.servers {
		s.Close()
	}
}

func (p *Peer) listen(serve func(*record, wasitlstest.Conn)) (string, error) {
	s, err := wasitlstest.Peer{Handle: func(_ *tls.Conn, below wasitlstest.Conn) {
		r := p.records.open(below.RemoteAddr())
		serve(r, &recorded{Conn: below, r: r})
	}}.Listen()
	if err != nil {
		return "", err
	}
	p.servers = append(p.servers, s)
	return s.Addr(), nil
}

func plain(_ *record, below wasitlstest.Conn) {
	below.Read(make([]byte, 4096))
	io.WriteString(below, "HTTP/1.0 400 Bad Request\r\n\r\n")
	below.CloseWrite()
	io.Copy(io.Discard, below)
}

// serve does a handshake and what the guest's first line asks for.
func (p *Peer) serve(r *record, below wasitlstest.Conn, config *tls.Config) {
	config = config.Clone()
	config.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		r.set(func(s *seen) { s.hello, s.sni = true, h.ServerName })
		return nil, nil
	}
	peer := wasitlstest.RecordsPeer(config, func(raw *wasitlstest.Records, t *tls.Conn, below wasitlstest.Conn) {
		r.set(func(s *seen) { s.done = true })
		c := &conn{peer: p, record: r, tls: t, below: below, raw: raw}
		c.run()
	})
	peer.Failed = func(err error) {
		r.set(func(s *seen) { s.alert = alertText(err) })
	}
	peer.Serve(below)
}

// alertText is the name of the alert that ended a handshake, in words.
func alertText(err error) string {
	text := err.Error()
	if _, name, ok := strings.Cut(text, "remote error: tls: "); ok {
		return strings.ReplaceAll(name, " ", "_")
	}
	return ""
}

// recorded records what passes below TLS.
type recorded struct {
	wasitlstest.Conn
	r *record
}

func (c *recorded) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	var timeout net.Error
	ended := err != nil && (!errors.As(err, &timeout) || !timeout.Timeout())
	c.r.set(func(s *seen) {
		s.raw += int64(n)
		s.fin = s.fin || ended
	})
	return n, err
}
