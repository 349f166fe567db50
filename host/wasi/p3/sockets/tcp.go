package sockets

import (
	"net"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/addr"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/p3/internal/pipe"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// TCPSocket is the resource wasi:sockets/types tcp-socket. Its streams may
// outlive it: the connection ends with the last of them.
type TCPSocket struct {
	s *sock.TCP
	// in and out are the connection, as long as no guest has them.
	in  stream.Input
	out stream.Output
}

var tcpResource = host.NewResource("tcp-socket", func(_ *host.Call, t *TCPSocket) error {
	if t.in != nil {
		t.in.Drop()
	}
	if t.out != nil {
		t.out.Drop()
	}
	t.s.Drop()
	return nil
})

func (t *TCPSocket) socket() *sock.TCP { return t.s }

func connect(a *tcpAddr) (stream.Pollable, func() (host.None, error), error) {
	t := a.Self
	err := t.s.StartConnect(a.Addr.Addr())
	return t.s.Connecting(), t.finishConnect, err
}

func (t *TCPSocket) finishConnect() (none host.None, err error) {
	if t.in, t.out, err = t.s.FinishConnect(); err != nil {
		t.in, t.out = nil, nil
	}
	return none, err
}

// takeIn returns the direction that receives, once.
func (t *TCPSocket) takeIn() (stream.Input, error) {
	if t.in == nil {
		return nil, sock.InvalidState
	}
	in := t.in
	t.in = nil
	return &receiving{in, t.s}, nil
}

// takeOut returns the direction that sends, once.
func (t *TCPSocket) takeOut() (stream.Output, error) {
	if t.out == nil {
		return nil, sock.InvalidState
	}
	out := t.out
	t.out = nil
	return out, nil
}

// receiving is the direction of a connection that receives.
type receiving struct {
	stream.Input
	s *sock.TCP
}

// Drop implements stream.Input: nothing more is received.
func (r *receiving) Drop() {
	r.s.Shutdown(true, false)
	r.Input.Drop()
}

// ReadWait implements stream.Blocking.
func (r *receiving) ReadWait(p []byte) (int, error) { return stream.ReadWait(r.Input, p) }

// SetReadDeadline implements stream.Blocking.
func (r *receiving) SetReadDeadline(t time.Time) error { return stream.SetReadDeadline(r.Input, t) }

// RemoteAddr returns where the stream comes from: see stream.RemoteAddr.
func (r *receiving) RemoteAddr() net.Addr { return stream.RemoteAddr(r.Input) }

// connections are what a socket accepts.
type connections struct{ *sock.Listener }

// Next implements host.ValueSource.
func (c connections) Next() (*TCPSocket, bool, error) {
	x, ok, err := c.Listener.Next()
	if !ok || err != nil {
		return nil, false, err
	}
	return &TCPSocket{s: x.TCP, in: x.In, out: x.Out}, true, nil
}

type (
	tcpSelf struct{ Self *TCPSocket }
	tcpAddr struct {
		Self *TCPSocket
		Addr addr.Socket
	}
)

func bindTCP(i *host.Interface) {
	i.Func("[static]tcp-socket.create", try(func(c *host.Call, a *struct{ Family uint8 }) (*TCPSocket, error) {
		n, err := network(c.Store())
		if err != nil {
			return nil, err
		}
		s, err := n.TCP(sock.Family(a.Family))
		return &TCPSocket{s: s}, err
	}))
	method := func(name string, f host.Fn) { i.Func("[method]tcp-socket."+name, f) }
	method("bind", do(func(a *tcpAddr) error { return a.Self.s.Bind(a.Addr.Addr()) }))
	method("connect", await(connect))
	method("listen", try(func(_ *host.Call, a *tcpSelf) (*host.Values[*TCPSocket], error) {
		l, err := a.Self.s.Listen()
		return host.NewValues[*TCPSocket](connections{l}), err
	}))
	method("send", host.Func(func(c *host.Call, a *struct {
		Self *TCPSocket
		Data *host.Stream
	}) (pipe.Future[ErrorCode], error) {
		out, err := a.Self.takeOut()
		return pipe.Write(c.Store(), a.Data, out, err, codeOf)
	}))
	method("receive", host.Func(func(_ *host.Call, a *tcpSelf) (pipe.Reading[ErrorCode], error) {
		in, err := a.Self.takeIn()
		return pipe.Read(in, err, codeOf), nil
	}))
	method("get-is-listening", host.Func(func(_ *host.Call, a *tcpSelf) (bool, error) { return a.Self.s.Listening(), nil }))
	method("get-address-family", host.Func(func(_ *host.Call, a *tcpSelf) (uint8, error) { return uint8(a.Self.s.Family()), nil }))
}

func bindTCPOptions(i *host.Interface) {
	get := func(name string, f host.Fn) { i.Func("[method]tcp-socket.get-"+name, f) }
	set := func(name string, f host.Fn) { i.Func("[method]tcp-socket.set-"+name, f) }
	get("local-address", getting[*TCPSocket](socketAddr((*sock.TCP).LocalAddr)))
	get("remote-address", getting[*TCPSocket](socketAddr((*sock.TCP).RemoteAddr)))
	set("listen-backlog-size", setting[*TCPSocket]((*sock.TCP).SetBacklog))
	get("keep-alive-enabled", getting[*TCPSocket]((*sock.TCP).KeepAlive))
	set("keep-alive-enabled", setting[*TCPSocket]((*sock.TCP).SetKeepAlive))
	get("keep-alive-idle-time", getting[*TCPSocket](nanoseconds((*sock.TCP).KeepAliveIdle)))
	set("keep-alive-idle-time", setting[*TCPSocket](duration((*sock.TCP).SetKeepAliveIdle)))
	get("keep-alive-interval", getting[*TCPSocket](nanoseconds((*sock.TCP).KeepAliveInterval)))
	set("keep-alive-interval", setting[*TCPSocket](duration((*sock.TCP).SetKeepAliveInterval)))
	get("keep-alive-count", getting[*TCPSocket]((*sock.TCP).KeepAliveCount))
	set("keep-alive-count", setting[*TCPSocket]((*sock.TCP).SetKeepAliveCount))
	get("hop-limit", getting[*TCPSocket]((*sock.TCP).HopLimit))
	set("hop-limit", setting[*TCPSocket]((*sock.TCP).SetHopLimit))
	get("receive-buffer-size", getting[*TCPSocket]((*sock.TCP).RecvBuffer))
	set("receive-buffer-size", setting[*TCPSocket]((*sock.TCP).SetRecvBuffer))
	get("send-buffer-size", getting[*TCPSocket]((*sock.TCP).SendBuffer))
	set("send-buffer-size", setting[*TCPSocket]((*sock.TCP).SetSendBuffer))
}
