package sockets

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/addr"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// UDPSocket is the resource wasi:sockets/types udp-socket.
type UDPSocket struct{ s *sock.UDP }

var udpResource = host.NewResource("udp-socket", func(_ *host.Call, u *UDPSocket) error {
	u.s.Drop()
	return nil
})

func (u *UDPSocket) socket() *sock.UDP { return u.s }

type (
	udpAddr struct {
		Self *UDPSocket
		Addr addr.Socket
	}
	datagram struct {
		_    host.Tuple
		Data []byte
		From addr.Socket
	}
)

func bindUDP(i *host.Interface) {
	i.Func("[static]udp-socket.create", try(func(c *host.Call, a *struct{ Family uint8 }) (*UDPSocket, error) {
		n, err := network(c.Store())
		if err != nil {
			return nil, err
		}
		s, err := n.UDP(sock.Family(a.Family))
		return &UDPSocket{s: s}, err
	}))
	method := func(name string, f host.Fn) { i.Func("[method]udp-socket."+name, f) }
	method("bind", do(func(a *udpAddr) error { return a.Self.s.Bind(a.Addr.Addr()) }))
	method("connect", do(func(a *udpAddr) error { return a.Self.s.Connect(a.Addr.Addr()) }))
	method("disconnect", do(func(a *struct{ Self *UDPSocket }) error { return a.Self.s.Disconnect() }))
	method("send", await(send))
	method("receive", await(receive))
	method("get-address-family", host.Func(func(_ *host.Call, a *struct{ Self *UDPSocket }) (uint8, error) {
		return uint8(a.Self.s.Family()), nil
	}))
}

func send(a *struct {
	Self *UDPSocket
	Data []byte
	To   host.Option[addr.Socket]
}) (stream.Pollable, func() (host.None, error), error) {
	d := sock.Datagram{Data: a.Data, Peer: addr.Optional(&a.To)}
	return a.Self.s.Writable(), func() (none host.None, err error) { return none, a.Self.s.Send(d) }, nil
}

func receive(a *struct{ Self *UDPSocket }) (stream.Pollable, func() (datagram, error), error) {
	return a.Self.s.Readable(), func() (datagram, error) {
		d, err := a.Self.s.Receive()
		if err != nil {
			return datagram{}, err
		}
		return datagram{Data: d.Data, From: addr.FromSocket(d.Peer)}, nil
	}, nil
}

func bindUDPOptions(i *host.Interface) {
	get := func(name string, f host.Fn) { i.Func("[method]udp-socket.get-"+name, f) }
	set := func(name string, f host.Fn) { i.Func("[method]udp-socket.set-"+name, f) }
	get("local-address", getting[*UDPSocket](socketAddr((*sock.UDP).LocalAddr)))
	get("remote-address", getting[*UDPSocket](socketAddr((*sock.UDP).RemoteAddr)))
	get("unicast-hop-limit", getting[*UDPSocket]((*sock.UDP).HopLimit))
	set("unicast-hop-limit", setting[*UDPSocket]((*sock.UDP).SetHopLimit))
	get("receive-buffer-size", getting[*UDPSocket]((*sock.UDP).RecvBuffer))
	set("receive-buffer-size", setting[*UDPSocket]((*sock.UDP).SetRecvBuffer))
	get("send-buffer-size", getting[*UDPSocket]((*sock.UDP).SendBuffer))
	set("send-buffer-size", setting[*UDPSocket]((*sock.UDP).SetSendBuffer))
}
