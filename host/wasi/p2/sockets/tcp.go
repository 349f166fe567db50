package sockets

import (
	"math"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/addr"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
)

// TCPSocket is the resource wasi:sockets/tcp tcp-socket. Its streams may
// outlive it: the connection ends with the last of them.
type TCPSocket struct {
	io.Parent
	s *sock.TCP
}

var tcpResource = host.NewResource("tcp-socket", dropper(func(t *TCPSocket) { t.s.Drop() }))

type (
	tcpSelf struct{ Self *TCPSocket }
	tcpAddr struct {
		Self    *TCPSocket
		Network *Network
		Addr    addr.Socket
	}
	tcpStreams struct {
		_   host.Tuple
		In  *io.InputStream
		Out *io.OutputStream
	}
	tcpAccepted struct {
		_      host.Tuple
		Socket *TCPSocket
		In     *io.InputStream
		Out    *io.OutputStream
	}
)

// Cases of shutdown-type.
const (
	shutdownReceive = iota
	shutdownSend
	shutdownBoth
)

func bindTCP(l *host.Linker) {
	create := l.Interface("wasi:sockets/tcp-create-socket@" + Version)
	create.Func("create-tcp-socket", try(func(c *host.Call, a *struct{ Family uint8 }) (*TCPSocket, error) {
		n, err := network(c)
		if err != nil {
			return nil, err
		}
		s, err := n.TCP(sock.Family(a.Family))
		return &TCPSocket{s: s}, err
	}))
	i := l.Interface("wasi:sockets/tcp@" + Version)
	i.Resource("tcp-socket", tcpResource)
	bindTCPStates(i)
	bindTCPOptions(i)
}

func bindTCPStates(i *host.Interface) {
	method := func(name string, f host.Fn) { i.Func("[method]tcp-socket."+name, f) }
	method("start-bind", do(func(a *tcpAddr) error { return a.Self.s.StartBind(a.Addr.Addr()) }))
	method("finish-bind", do(func(a *tcpSelf) error { return a.Self.s.FinishBind() }))
	method("start-connect", do(func(a *tcpAddr) error { return a.Self.s.StartConnect(a.Addr.Addr()) }))
	method("finish-connect", try(func(_ *host.Call, a *tcpSelf) (tcpStreams, error) {
		in, out, err := a.Self.s.FinishConnect()
		return tcpStreams{In: io.NewInputStream(in), Out: io.NewOutputStream(out)}, err
	}))
	method("start-listen", do(func(a *tcpSelf) error { return a.Self.s.StartListen() }))
	method("finish-listen", do(func(a *tcpSelf) error { return a.Self.s.FinishListen() }))
	method("accept", try(func(_ *host.Call, a *tcpSelf) (tcpAccepted, error) {
		s, in, out, err := a.Self.s.Accept()
		return tcpAccepted{Socket: &TCPSocket{s: s}, In: io.NewInputStream(in), Out: io.NewOutputStream(out)}, err
	}))
	method("local-address", try(func(_ *host.Call, a *tcpSelf) (addr.Socket, error) {
		at, err := a.Self.s.LocalAddr()
		return addr.FromSocket(at), err
	}))
	method("remote-address", try(func(_ *host.Call, a *tcpSelf) (addr.Socket, error) {
		at, err := a.Self.s.RemoteAddr()
		return addr.FromSocket(at), err
	}))
	method("is-listening", host.Func(func(_ *host.Call, a *tcpSelf) (bool, error) { return a.Self.s.Listening(), nil }))
	method("subscribe", host.Func(func(_ *host.Call, a *tcpSelf) (*io.Pollable, error) {
		return a.Self.Subscribe(a.Self.s), nil
	}))
	method("shutdown", do(func(a *struct {
		Self *TCPSocket
		Type uint8
	}) error {
		return a.Self.s.Shutdown(a.Type != shutdownSend, a.Type != shutdownReceive)
	}))
}

func bindTCPOptions(i *host.Interface) {
	method := func(name string, f host.Fn) { i.Func("[method]tcp-socket."+name, f) }
	self := func(t *TCPSocket) *sock.TCP { return t.s }
	method("address-family", host.Func(func(_ *host.Call, a *tcpSelf) (uint8, error) { return uint8(a.Self.s.Family()), nil }))
	method("set-listen-backlog-size", set(self, (*sock.TCP).SetBacklog))
	method("keep-alive-enabled", get(self, (*sock.TCP).KeepAlive))
	method("set-keep-alive-enabled", set(self, (*sock.TCP).SetKeepAlive))
	method("keep-alive-idle-time", get(self, nanoseconds((*sock.TCP).KeepAliveIdle)))
	method("set-keep-alive-idle-time", set(self, duration((*sock.TCP).SetKeepAliveIdle)))
	method("keep-alive-interval", get(self, nanoseconds((*sock.TCP).KeepAliveInterval)))
	method("set-keep-alive-interval", set(self, duration((*sock.TCP).SetKeepAliveInterval)))
	method("keep-alive-count", get(self, (*sock.TCP).KeepAliveCount))
	method("set-keep-alive-count", set(self, (*sock.TCP).SetKeepAliveCount))
	method("hop-limit", get(self, (*sock.TCP).HopLimit))
	method("set-hop-limit", set(self, (*sock.TCP).SetHopLimit))
	method("receive-buffer-size", get(self, (*sock.TCP).RecvBuffer))
	method("set-receive-buffer-size", set(self, (*sock.TCP).SetRecvBuffer))
	method("send-buffer-size", get(self, (*sock.TCP).SendBuffer))
	method("set-send-buffer-size", set(self, (*sock.TCP).SetSendBuffer))
}

// get makes a host function that returns an option.
func get[W, S, V any](self func(W) S, f func(S) (V, error)) host.Fn {
	return try(func(_ *host.Call, a *struct{ Self W }) (V, error) { return f(self(a.Self)) })
}

// set makes a host function that sets an option.
func set[W, S, V any](self func(W) S, f func(S, V) error) host.Fn {
	return do(func(a *struct {
		Self  W
		Value V
	}) error {
		return f(self(a.Self), a.Value)
	})
}

func nanoseconds[S any](f func(S) (time.Duration, error)) func(S) (uint64, error) {
	return func(s S) (uint64, error) {
		d, err := f(s)
		return uint64(d), err
	}
}

func duration[S any](f func(S, time.Duration) error) func(S, uint64) error {
	return func(s S, v uint64) error { return f(s, time.Duration(min(v, math.MaxInt64))) }
}
