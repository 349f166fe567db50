package sockets

import (
	"context"
	"sync"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/addr"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
)

// UDPSocket is the resource wasi:sockets/types udp-socket.
type UDPSocket struct {
	mu sync.Mutex // sending and receiving are on goroutines of their own
	s  *sock.UDP
}

var udpResource = host.NewResource("udp-socket", func(_ *host.Call, u *UDPSocket) error {
	u.s.Drop()
	return nil
})

// use calls f while nobody else uses the socket.
func (u *UDPSocket) use(f func(*sock.UDP) error) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	return f(u.s)
}

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
	method("bind", do(func(a *udpAddr) error {
		return a.Self.use(func(s *sock.UDP) error { return s.Bind(a.Addr.Addr()) })
	}))
	method("connect", do(func(a *udpAddr) error {
		return a.Self.use(func(s *sock.UDP) error { return s.Connect(a.Addr.Addr()) })
	}))
	method("disconnect", do(func(a *struct{ Self *UDPSocket }) error { return a.Self.use((*sock.UDP).Disconnect) }))
	method("send", wait(send))
	method("receive", wait(receive))
	method("get-address-family", host.Func(func(_ *host.Call, a *struct{ Self *UDPSocket }) (uint8, error) {
		return uint8(a.Self.s.Family()), nil
	}))
}

func send(ctx context.Context, a *struct {
	Self *UDPSocket
	Data []byte
	To   host.Option[addr.Socket]
}) (host.None, error) {
	d := sock.Datagram{Data: a.Data, Peer: addr.Optional(&a.To)}
	return host.None{}, retry(ctx, a.Self.s.Writable(), func() error {
		return a.Self.use(func(s *sock.UDP) error { return s.Send(d) })
	})
}

func receive(ctx context.Context, a *struct{ Self *UDPSocket }) (got datagram, err error) {
	err = retry(ctx, a.Self.s.Readable(), func() error {
		return a.Self.use(func(s *sock.UDP) error {
			d, err := s.Receive()
			if err == nil {
				got = datagram{Data: d.Data, From: addr.FromSocket(d.Peer)}
			}
			return err
		})
	})
	return got, err
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
