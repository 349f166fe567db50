package wasitlstest

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// PeerTimeout bounds the life of each connection on the peer's side.
const PeerTimeout = 30 * time.Second

// Peer is what answers a connection.
type Peer struct {
	// Config is for the server's handshake. If it is nil there is no
	// handshake, and Handle gets no TLS connection.
	Config *tls.Config
	// Handle speaks after the handshake and closes what it wants closed; when
	// it returns, the connection below is closed. Nil reads until the end.
	Handle func(t *tls.Conn, below Conn)
	// Failed, if not nil, gets the error of a server's handshake that failed.
	Failed func(error)
}

// Pipe returns a connection in memory to the peer.
func (p Peer) Pipe() Conn {
	near, far := Pipe()
	go p.Serve(far)
	return near
}

// Serve answers one connection and returns when the peer is done with it.
func (p Peer) Serve(below Conn) {
	defer below.Close()
	below.SetDeadline(time.Now().Add(PeerTimeout))
	var t *tls.Conn
	if p.Config != nil {
		t = tls.Server(below, p.Config)
		if err := t.Handshake(); err != nil {
			if p.Failed != nil {
				p.Failed(err)
			}
			io.Copy(io.Discard, below) // the client's alert must not meet a reset
			return
		}
	}
	switch {
	case p.Handle != nil:
		p.Handle(t, below)
	case t != nil:
		io.Copy(io.Discard, t)
	default:
		io.Copy(io.Discard, below)
	}
}

// Server is a peer on a loopback port.
type Server struct {
	listener net.Listener

	mu    sync.Mutex
	open  map[net.Conn]struct{} // nil after Close
	tasks sync.WaitGroup
}

// Listen starts the peer on a free port of 127.0.0.1.
func (p Peer) Listen() (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("wasitlstest: %w", err)
	}
	s := &Server{listener: l, open: make(map[net.Conn]struct{})}
	s.tasks.Go(func() { s.accept(p) })
	return s, nil
}

// Addr returns the server's address.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Dial connects to the server.
func (s *Server) Dial() (Conn, error) {
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		return nil, err
	}
	return TCP(c.(*net.TCPConn)), nil
}

// Close ends the server and all its connections, and waits for them.
func (s *Server) Close() {
	s.listener.Close()
	s.mu.Lock()
	for c := range s.open {
		c.Close()
	}
	s.open = nil
	s.mu.Unlock()
	s.tasks.Wait()
}

func (s *Server) accept(p Peer) {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.track(c) {
			c.Close()
			return
		}
		s.tasks.Go(func() {
			p.Serve(TCP(c.(*net.TCPConn)))
			s.mu.Lock()
			delete(s.open, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) track(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		return false
	}
	s.open[c] = struct{}{}
	return true
}
