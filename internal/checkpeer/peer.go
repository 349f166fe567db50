// Package checkpeer is the peer that the guest tlscheck talks to: a TLS server that does what
// the first line on a connection says, some ports that are no good TLS servers, and a record
// of every connection for the guest to ask about. The protocol is that of
// guests/rust/tlscheck/README.md.
package checkpeer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// Limits of the peer. They only keep a broken test from running on.
const (
	// connectionLife bounds each connection.
	connectionLife = 30 * time.Second
	// holdLife bounds the time in which a connection is not read.
	holdLife = 20 * time.Second
	// resetDelay lets data arrive before the reset that would overtake it.
	resetDelay = 200 * time.Millisecond
	// maxLine bounds a command.
	maxLine = 256
	// maxNumber bounds the numbers in commands, in bytes or milliseconds.
	maxNumber = 1 << 40
	// patternLength is that of the bytes that repeat, prime so that it fits no buffer.
	patternLength = 251
)

// Peer is a running peer. Its addresses are on the loopback interface.
type Peer struct {
	Main      string // the protocol's own port
	Mute      string // accepts, reads, never writes
	Drop      string // closes when the first bytes have come
	Plain     string // answers in plaintext
	Untrusted string // as Main, with the other certificate; empty without one

	config    *tls.Config
	records   records
	listeners []net.Listener
	done      chan struct{}
	work      sync.WaitGroup
	mu        sync.Mutex
	conns     map[net.Conn]bool // nil once closed
}

// A port is one of the peer's addresses and what is done there.
type port struct {
	address *string
	serve   func(*tap)
}

// Start opens the ports. The config must hold a certificate for the server name,
// *.wild.example, 127.0.0.1 and ::1; untrusted may be nil. The caller closes the peer.
func Start(config, untrusted *tls.Config) (*Peer, error) {
	p := &Peer{config: config, done: make(chan struct{}), conns: map[net.Conn]bool{}}
	p.records.init()
	ports := []port{
		{&p.Main, func(t *tap) { p.serveTLS(t, config) }},
		{&p.Mute, drain},
		{&p.Drop, serveDrop},
		{&p.Plain, servePlain},
	}
	if untrusted != nil {
		ports = append(ports, port{&p.Untrusted, func(t *tap) { p.serveTLS(t, untrusted) }})
	}
	for _, port := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("checkpeer: %w", err), p.Close())
		}
		*port.address = l.Addr().String()
		p.listeners = append(p.listeners, l)
		p.work.Go(func() { p.accept(l, port.serve) })
	}
	return p, nil
}

// Arguments are the words that tell tlscheck of this peer: address, server name, options.
func (p *Peer) Arguments(serverName string) []string {
	args := []string{p.Main, serverName, "--mute", p.Mute, "--drop", p.Drop, "--plain", p.Plain}
	if p.Untrusted != "" {
		args = append(args, "--untrusted", p.Untrusted)
	}
	return args
}

// Close ends every connection and waits until all is over.
func (p *Peer) Close() error {
	p.mu.Lock()
	conns := p.conns
	p.conns = nil
	p.mu.Unlock()
	if conns == nil {
		return nil
	}
	close(p.done)
	var errs []error
	for _, l := range p.listeners {
		errs = append(errs, l.Close())
	}
	for c := range conns {
		c.Close()
	}
	p.work.Wait()
	return errors.Join(errs...)
}

func (p *Peer) accept(l net.Listener, serve func(*tap)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		if !p.add(c) {
			c.Close()
			return
		}
		p.work.Go(func() {
			defer p.remove(c)
			c.SetDeadline(time.Now().Add(connectionLife))
			from := c.RemoteAddr().(*net.TCPAddr).Port
			serve(&tap{TCPConn: c.(*net.TCPConn), seen: p.records.add(from)})
		})
	}
}

func (p *Peer) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		return false
	}
	p.conns[c] = true
	return true
}

func (p *Peer) remove(c net.Conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, c)
}

// sleep waits and tells whether the peer is still open.
func (p *Peer) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.done:
		return false
	}
}
