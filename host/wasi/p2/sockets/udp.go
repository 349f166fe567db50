package sockets

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/addr"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
)

// UDPSocket is the resource wasi:sockets/udp udp-socket.
type UDPSocket struct {
	io.Parent
	s *sock.UDP
}

// incoming and outgoing are the resources incoming-datagram-stream and
// outgoing-datagram-stream.
type (
	incoming struct {
		io.Parent
		s *sock.Incoming
	}
	outgoing struct {
		io.Parent
		s *sock.Outgoing
	}
)

var (
	udpResource      = host.NewResource("udp-socket", dropper(func(u *UDPSocket) { u.s.Drop() }))
	incomingResource = host.NewResource("incoming-datagram-stream", dropper(func(i *incoming) { i.s.Drop() }))
	outgoingResource = host.NewResource("outgoing-datagram-stream", dropper(func(o *outgoing) { o.s.Drop() }))
)

type (
	udpSelf    struct{ Self *UDPSocket }
	udpStreams struct {
		_   host.Tuple
		In  *incoming
		Out *outgoing
	}
	incomingDatagram struct {
		Data          []byte
		RemoteAddress addr.Socket
	}
	outgoingDatagram struct {
		Data          []byte
		RemoteAddress host.Option[addr.Socket]
	}
)

func bindUDP(l *host.Linker) {
	create := l.Interface("wasi:sockets/udp-create-socket@" + Version)
	create.Func("create-udp-socket", try(func(c *host.Call, a *struct{ Family uint8 }) (*UDPSocket, error) {
		n, err := network(c)
		if err != nil {
			return nil, err
		}
		s, err := n.UDP(sock.Family(a.Family))
		return &UDPSocket{s: s}, err
	}))
	i := l.Interface("wasi:sockets/udp@" + Version)
	i.Resource("udp-socket", udpResource)
	bindUDPSocket(i)
	bindIncoming(i)
	bindOutgoing(i)
}

func bindUDPSocket(i *host.Interface) {
	method := func(name string, f host.Fn) { i.Func("[method]udp-socket."+name, f) }
	self := func(u *UDPSocket) *sock.UDP { return u.s }
	method("start-bind", do(func(a *struct {
		Self    *UDPSocket
		Network *Network
		Addr    addr.Socket
	}) error {
		return a.Self.s.StartBind(a.Addr.Addr())
	}))
	method("finish-bind", do(func(a *udpSelf) error { return a.Self.s.FinishBind() }))
	method("stream", try(func(_ *host.Call, a *struct {
		Self *UDPSocket
		Peer host.Option[addr.Socket]
	}) (udpStreams, error) {
		in, out, err := a.Self.s.Streams(addr.Optional(&a.Peer))
		return udpStreams{In: &incoming{s: in}, Out: &outgoing{s: out}}, err
	}))
	method("local-address", try(func(_ *host.Call, a *udpSelf) (addr.Socket, error) {
		at, err := a.Self.s.LocalAddr()
		return addr.FromSocket(at), err
	}))
	method("remote-address", try(func(_ *host.Call, a *udpSelf) (addr.Socket, error) {
		at, err := a.Self.s.RemoteAddr()
		return addr.FromSocket(at), err
	}))
	method("address-family", host.Func(func(_ *host.Call, a *udpSelf) (uint8, error) { return uint8(a.Self.s.Family()), nil }))
	method("unicast-hop-limit", get(self, (*sock.UDP).HopLimit))
	method("set-unicast-hop-limit", set(self, (*sock.UDP).SetHopLimit))
	method("receive-buffer-size", get(self, (*sock.UDP).RecvBuffer))
	method("set-receive-buffer-size", set(self, (*sock.UDP).SetRecvBuffer))
	method("send-buffer-size", get(self, (*sock.UDP).SendBuffer))
	method("set-send-buffer-size", set(self, (*sock.UDP).SetSendBuffer))
	method("subscribe", host.Func(func(_ *host.Call, a *udpSelf) (*io.Pollable, error) {
		return a.Self.Subscribe(a.Self.s), nil
	}))
}

func bindIncoming(i *host.Interface) {
	i.Resource("incoming-datagram-stream", incomingResource)
	i.Func("[method]incoming-datagram-stream.receive", try(func(_ *host.Call, a *struct {
		Self *incoming
		Max  uint64
	}) ([]incomingDatagram, error) {
		got, err := a.Self.s.Receive(a.Max)
		out := make([]incomingDatagram, len(got))
		for i, d := range got {
			out[i] = incomingDatagram{d.Data, addr.FromSocket(d.Peer)}
		}
		return out, err
	}))
	i.Func("[method]incoming-datagram-stream.subscribe", host.Func(func(_ *host.Call, a *struct{ Self *incoming }) (*io.Pollable, error) {
		return a.Self.Subscribe(a.Self.s), nil
	}))
}

func bindOutgoing(i *host.Interface) {
	type self struct{ Self *outgoing }
	i.Resource("outgoing-datagram-stream", outgoingResource)
	i.Func("[method]outgoing-datagram-stream.check-send", try(func(_ *host.Call, a *self) (uint64, error) {
		n, err := a.Self.s.CheckSend()
		return uint64(n), err
	}))
	i.Func("[method]outgoing-datagram-stream.send", try(func(_ *host.Call, a *struct {
		Self      *outgoing
		Datagrams []outgoingDatagram
	}) (uint64, error) {
		ds := make([]sock.Datagram, len(a.Datagrams))
		for i := range a.Datagrams {
			ds[i] = sock.Datagram{Data: a.Datagrams[i].Data, Peer: addr.Optional(&a.Datagrams[i].RemoteAddress)}
		}
		n, err := a.Self.s.Send(ds)
		return uint64(n), err
	}))
	i.Func("[method]outgoing-datagram-stream.subscribe", host.Func(func(_ *host.Call, a *self) (*io.Pollable, error) {
		return a.Self.Subscribe(a.Self.s), nil
	}))
}
