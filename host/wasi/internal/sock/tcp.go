package sock

import (
	"math"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// TCP is a TCP socket (wasi:sockets/tcp tcp-socket). It is used by one
// goroutine at a time.
type TCP struct {
	net     *Net
	fd      *fd
	family  Family
	state   tcpState
	pending operation
	backlog int
	// listen is set when the address it is bound to may be listened on.
	listen bool
	failed error // of the connection attempt
	conn   *conn
}

type tcpState uint8

const (
	unbound tcpState = iota
	bound
	connecting
	connected
	listening
	closed
)

// operation is what was started and not finished.
type operation uint8

const (
	nothing operation = iota
	binding
	connectingOp
	listeningOp
)

// TCP makes a TCP socket.
func (n *Net) TCP(f Family) (*TCP, error) {
	fd, err := n.socket(f, unix.SOCK_STREAM)
	if err != nil {
		return nil, err
	}
	return &TCP{net: n, fd: fd, family: f, backlog: Backlog}, nil
}

func (n *Net) socket(f Family, typ int) (*fd, error) {
	if !n.Grants.Any() {
		return nil, AccessDenied
	}
	if n.full() {
		return nil, NewSocketLimit
	}
	s, err := socket(f, typ)
	if err != nil {
		return nil, code(err)
	}
	return n.newFD(s)
}

// StartBind binds the socket. Nothing is left to wait for.
func (t *TCP) StartBind(to Addr) error {
	switch {
	case t.pending != nothing:
		return ConcurrencyConflict
	case t.state != unbound:
		return InvalidState
	case !t.family.takes(to.Addr()) || !unicast(to.Addr()):
		return InvalidArgument
	case !t.net.Grants.Bind(to.AddrPort):
		return AccessDenied
	}
	err := t.fd.control(func(s int) error {
		// An address in TIME_WAIT can be bound to.
		if err := unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
		return unix.Bind(s, sockaddr(to.AddrPort, to.Scope))
	})
	if err != nil {
		return code(err)
	}
	t.state, t.pending = bound, binding
	t.listen = t.net.Grants.Listen(to.AddrPort)
	return nil
}

// FinishBind ends StartBind.
func (t *TCP) FinishBind() error { return t.finish(binding) }

func (t *TCP) finish(o operation) error {
	if t.pending != o {
		return NotInProgress
	}
	t.pending = nothing
	return nil
}

// StartConnect starts to connect to a numeric address, which must be granted.
func (t *TCP) StartConnect(to Addr) error {
	switch {
	case t.pending != nothing:
		return ConcurrencyConflict
	case t.state != unbound && t.state != bound:
		return InvalidState
	case !t.family.takes(to.Addr()) || !unicast(to.Addr()) || !validRemote(to.AddrPort):
		return InvalidArgument
	case !t.net.Grants.Connect(to.AddrPort):
		return AccessDenied
	}
	err := t.fd.control(func(s int) error { return unix.Connect(s, sockaddr(to.AddrPort, to.Scope)) })
	if err == unix.EINPROGRESS {
		err = nil
	}
	t.state, t.pending, t.failed = connecting, connectingOp, code(err)
	t.fd.peer = to
	return nil
}

// Connecting tells, after StartConnect, when FinishConnect may have a result.
func (t *TCP) Connecting() stream.Pollable { return t.fd.writable }

// FinishConnect returns the streams of the connection, WouldBlock while it is
// not there yet.
func (t *TCP) FinishConnect() (stream.Input, stream.Output, error) {
	if t.pending != connectingOp {
		return nil, nil, NotInProgress
	}
	if t.failed == nil {
		if !t.fd.writable.Ready() {
			return nil, nil, WouldBlock
		}
		t.failed = t.connectResult()
	}
	t.pending = nothing
	if t.failed != nil {
		t.state = closed
		return nil, nil, t.failed
	}
	in, out := t.connected()
	return in, out, nil
}

func (t *TCP) connectResult() error {
	return code(t.fd.control(func(s int) error {
		v, err := unix.GetsockoptInt(s, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && v != 0 {
			err = unix.Errno(v)
		}
		return err
	}))
}

func (t *TCP) connected() (stream.Input, stream.Output) {
	t.state = connected
	t.conn = newConn(t.fd)
	return &t.conn.in, &t.conn.out
}

// StartListen makes a bound socket a listener, if that address is granted.
func (t *TCP) StartListen() error {
	switch {
	case t.pending != nothing:
		return ConcurrencyConflict
	case t.state != bound:
		return InvalidState
	case !t.listen:
		return AccessDenied
	}
	if err := t.fd.control(func(s int) error { return unix.Listen(s, t.backlog) }); err != nil {
		return code(err)
	}
	t.state, t.pending = listening, listeningOp
	return nil
}

// FinishListen ends StartListen.
func (t *TCP) FinishListen() error { return t.finish(listeningOp) }

// Accept takes a connection that waits, WouldBlock if there is none.
func (t *TCP) Accept() (*TCP, stream.Input, stream.Output, error) {
	if t.state != listening || t.pending != nothing {
		return nil, nil, nil, InvalidState
	}
	if t.net.full() {
		return nil, nil, nil, NewSocketLimit
	}
	s := -1
	var peer unix.Sockaddr
	err := t.fd.control(func(l int) (err error) {
		for {
			s, peer, err = unix.Accept4(l, unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC)
			if err != unix.EINTR {
				return err
			}
		}
	})
	if err != nil {
		return nil, nil, nil, acceptError(err)
	}
	fd, err := t.net.newFD(s)
	if err != nil {
		return nil, nil, nil, err
	}
	fd.peer = fromSockaddr(peer)
	c := &TCP{net: t.net, fd: fd, family: t.family, backlog: Backlog}
	in, out := c.connected()
	return c, in, out, nil
}

// acceptError hides that Linux reports errors of the new connection here.
func acceptError(err error) error {
	switch c, _ := CodeOf(err); c {
	case WouldBlock, NewSocketLimit, OutOfMemory, InvalidState:
		return c
	}
	return ConnectionAborted
}

// LocalAddr returns the address the socket is bound to.
func (t *TCP) LocalAddr() (Addr, error) {
	if t.state == unbound || t.state == connecting || t.state == closed || t.pending == binding {
		return Addr{}, InvalidState
	}
	return t.fd.localAddr()
}

// RemoteAddr returns the address of the peer.
func (t *TCP) RemoteAddr() (Addr, error) {
	if t.state != connected {
		return Addr{}, InvalidState
	}
	return t.fd.peerAddr()
}

// Listening tells whether the socket is a listener.
func (t *TCP) Listening() bool { return t.state == listening }

// Family returns the IP version of the socket.
func (t *TCP) Family() Family { return t.family }

// SetBacklog sets the length of the listener's queue.
func (t *TCP) SetBacklog(v uint64) error {
	switch {
	case v == 0:
		return InvalidArgument
	case t.state == connecting || t.state == connected || t.state == closed:
		return InvalidState
	}
	t.backlog = int(min(v, math.MaxInt32))
	if t.state == listening {
		return code(t.fd.control(func(s int) error { return unix.Listen(s, t.backlog) }))
	}
	return nil
}

// KeepAlive, and the rest up to SetSendBuffer, are the socket's options.
func (t *TCP) KeepAlive() (bool, error) {
	v, err := t.fd.option(unix.SOL_SOCKET, unix.SO_KEEPALIVE)
	return v != 0, err
}

func (t *TCP) SetKeepAlive(on bool) error {
	v := 0
	if on {
		v = 1
	}
	return t.fd.setOption(unix.SOL_SOCKET, unix.SO_KEEPALIVE, v)
}

func (t *TCP) KeepAliveIdle() (time.Duration, error) { return t.fd.seconds(unix.TCP_KEEPIDLE) }

func (t *TCP) SetKeepAliveIdle(d time.Duration) error {
	return t.fd.setSeconds(unix.TCP_KEEPIDLE, d)
}

func (t *TCP) KeepAliveInterval() (time.Duration, error) { return t.fd.seconds(unix.TCP_KEEPINTVL) }

func (t *TCP) SetKeepAliveInterval(d time.Duration) error {
	return t.fd.setSeconds(unix.TCP_KEEPINTVL, d)
}

func (t *TCP) KeepAliveCount() (uint32, error) {
	v, err := t.fd.option(unix.IPPROTO_TCP, unix.TCP_KEEPCNT)
	return uint32(v), err
}

func (t *TCP) SetKeepAliveCount(n uint32) error {
	if n == 0 {
		return InvalidArgument
	}
	return t.fd.setOption(unix.IPPROTO_TCP, unix.TCP_KEEPCNT, int(min(n, maxKeepAliveCount)))
}

func (t *TCP) HopLimit() (uint8, error)     { return t.fd.hopLimit(t.family) }
func (t *TCP) SetHopLimit(v uint8) error    { return t.fd.setHopLimit(t.family, v) }
func (t *TCP) RecvBuffer() (uint64, error)  { return t.fd.bufferSize(unix.SO_RCVBUF) }
func (t *TCP) SetRecvBuffer(v uint64) error { return t.fd.setBufferSize(unix.SO_RCVBUF, v) }
func (t *TCP) SendBuffer() (uint64, error)  { return t.fd.bufferSize(unix.SO_SNDBUF) }
func (t *TCP) SetSendBuffer(v uint64) error { return t.fd.setBufferSize(unix.SO_SNDBUF, v) }

// Shutdown ends receiving, sending or both. What the output stream has
// accepted goes out before. It works on whatever the streams have become.
func (t *TCP) Shutdown(recv, send bool) error {
	if t.state != connected {
		return InvalidState
	}
	return t.conn.shutdown(recv, send)
}

// Ready implements stream.Pollable: the pending operation can be finished, or
// a connection waits.
func (t *TCP) Ready() bool { return t.condition().Ready() }

// Notify implements stream.Pollable.
func (t *TCP) Notify(f func()) (stop func()) { return t.condition().Notify(f) }

func (t *TCP) condition() stream.Pollable {
	switch {
	case t.pending == connectingOp && t.failed == nil:
		return t.fd.writable
	case t.pending == nothing && t.state == listening:
		return t.fd.readable
	}
	return stream.Always{}
}

// Drop gives the socket up. It is closed when its streams are dropped too.
func (t *TCP) Drop() { t.fd.release() }
