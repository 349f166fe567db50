package sock

import (
	"net/netip"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// UDP is a UDP socket (wasi:sockets/udp udp-socket). It and its streams are
// used by one goroutine at a time.
type UDP struct {
	net     *Net
	fd      *fd
	family  Family
	bound   bool
	pending bool // a bind
	// listen is set when anybody may send to the address it is bound to.
	listen bool
	peer   netip.AddrPort
	// generation counts the stream pairs: only those of the last one work.
	generation int
}

// UDP makes a UDP socket.
func (n *Net) UDP(f Family) (*UDP, error) {
	fd, err := n.socket(f, unix.SOCK_DGRAM)
	if err != nil {
		return nil, err
	}
	return &UDP{net: n, fd: fd, family: f}, nil
}

// StartBind binds the socket. Nothing is left to wait for.
func (u *UDP) StartBind(to Addr) error {
	switch {
	case u.pending:
		return ConcurrencyConflict
	case u.bound:
		return InvalidState
	case !u.family.takes(to.Addr()):
		return InvalidArgument
	case !u.net.Grants.Bind(to.AddrPort):
		return AccessDenied
	}
	err := u.fd.control(func(s int) error { return unix.Bind(s, sockaddr(to.AddrPort, to.Scope)) })
	if err != nil {
		return code(err)
	}
	u.bound, u.pending = true, true
	u.listen = u.net.Grants.Listen(to.AddrPort)
	return nil
}

// FinishBind ends StartBind.
func (u *UDP) FinishBind() error {
	if !u.pending {
		return NotInProgress
	}
	u.pending = false
	return nil
}

// Streams returns the datagrams that arrive and a sink for those to send, to
// and from one peer if the address is valid. Streams returned earlier end.
func (u *UDP) Streams(peer Addr) (*Incoming, *Outgoing, error) {
	if u.pending || !u.bound {
		return nil, nil, InvalidState
	}
	if peer.IsValid() {
		if err := u.checkPeer(peer); err != nil {
			return nil, nil, err
		}
	}
	if err := u.connect(peer); err != nil {
		return nil, nil, err
	}
	u.generation++
	u.fd.acquire()
	u.fd.acquire()
	return &Incoming{udp: u, generation: u.generation}, &Outgoing{udp: u, generation: u.generation}, nil
}

// checkPeer is nil if the guest may send to that address.
func (u *UDP) checkPeer(peer Addr) error {
	switch {
	case !u.family.takes(peer.Addr()) || !validRemote(peer.AddrPort):
		return InvalidArgument
	case !u.net.Grants.Connect(peer.AddrPort):
		return AccessDenied
	}
	return nil
}

// connect sets the socket's peer, or takes it away.
func (u *UDP) connect(peer Addr) error {
	err := u.fd.control(func(s int) error {
		if u.peer.IsValid() {
			if err := unconnect(s); err != nil {
				return err
			}
		}
		if !peer.IsValid() {
			return nil
		}
		return unix.Connect(s, sockaddr(peer.AddrPort, peer.Scope))
	})
	if err != nil {
		u.peer = netip.AddrPort{}
		return code(err)
	}
	u.peer = peer.AddrPort
	return nil
}

// LocalAddr returns the address the socket is bound to.
func (u *UDP) LocalAddr() (Addr, error) {
	if !u.bound || u.pending {
		return Addr{}, InvalidState
	}
	return u.fd.localAddr()
}

// RemoteAddr returns the one peer of the socket.
func (u *UDP) RemoteAddr() (Addr, error) {
	if !u.peer.IsValid() {
		return Addr{}, InvalidState
	}
	return u.fd.peerAddr()
}

// Family, and the rest up to SetSendBuffer, are properties of the socket.
func (u *UDP) Family() Family               { return u.family }
func (u *UDP) HopLimit() (uint8, error)     { return u.fd.hopLimit(u.family) }
func (u *UDP) SetHopLimit(v uint8) error    { return u.fd.setHopLimit(u.family, v) }
func (u *UDP) RecvBuffer() (uint64, error)  { return u.fd.bufferSize(unix.SO_RCVBUF) }
func (u *UDP) SetRecvBuffer(v uint64) error { return u.fd.setBufferSize(unix.SO_RCVBUF, v) }
func (u *UDP) SendBuffer() (uint64, error)  { return u.fd.bufferSize(unix.SO_SNDBUF) }
func (u *UDP) SetSendBuffer(v uint64) error { return u.fd.setBufferSize(unix.SO_SNDBUF, v) }

// Ready implements stream.Pollable: binding never waits.
func (u *UDP) Ready() bool { return true }

// Notify implements stream.Pollable.
func (u *UDP) Notify(f func()) (stop func()) { return stream.Always{}.Notify(f) }

// Drop gives the socket up. It is closed when its streams are dropped too.
func (u *UDP) Drop() { u.fd.release() }

// Datagram is a datagram with the peer it is from or for.
type Datagram struct {
	Data []byte
	Peer Addr
}

// Incoming is the datagrams that arrive.
type Incoming struct {
	udp        *UDP
	generation int
	dropped    bool
}

// Receive takes up to limit datagrams that are there. Those of peers that are
// not granted are dropped.
func (i *Incoming) Receive(limit uint64) ([]Datagram, error) {
	if i.generation != i.udp.generation {
		return nil, InvalidState
	}
	var got []Datagram
	buf := stream.NewChunk()
	defer stream.FreeChunk(buf)
	for looked := 0; looked < MaxDatagrams && uint64(len(got)) < limit; looked++ {
		d, err := i.udp.receive(buf[:])
		switch {
		case err == WouldBlock, err != nil && len(got) > 0:
			return got, nil
		case err != nil:
			return nil, err
		case d.Data == nil:
			continue
		}
		got = append(got, d)
	}
	return got, nil
}

func (u *UDP) receive(buf []byte) (Datagram, error) {
	var n int
	var from unix.Sockaddr
	err := u.fd.control(func(s int) (err error) {
		for {
			n, from, err = unix.Recvfrom(s, buf, 0)
			if err != unix.EINTR {
				return err
			}
		}
	})
	if err != nil {
		return Datagram{}, code(err)
	}
	peer := fromSockaddr(from)
	if !u.listen && !u.net.Grants.Connect(peer.AddrPort) {
		return Datagram{}, nil
	}
	return Datagram{append(make([]byte, 0, n), buf[:n]...), peer}, nil
}

// Ready implements stream.Pollable.
func (i *Incoming) Ready() bool { return i.udp.fd.readable.Ready() }

// Notify implements stream.Pollable.
func (i *Incoming) Notify(f func()) (stop func()) { return i.udp.fd.readable.Notify(f) }

// Drop gives the stream up.
func (i *Incoming) Drop() {
	if !i.dropped {
		i.dropped = true
		i.udp.fd.release()
	}
}

// Outgoing sends datagrams.
type Outgoing struct {
	udp        *UDP
	generation int
	permit     int
	dropped    bool
}

// CheckSend returns how many datagrams the next Send may hold.
func (o *Outgoing) CheckSend() (int, error) {
	if o.generation != o.udp.generation {
		return 0, InvalidState
	}
	o.permit = 0
	if o.Ready() {
		o.permit = MaxDatagrams
	}
	return o.permit, nil
}

// Send sends datagrams and returns how many went. An error is that of the
// first; a later one is found again by the next Send. Without a permit for
// them it is stream.ErrPermit. A datagram without a peer goes to the socket's.
func (o *Outgoing) Send(ds []Datagram) (int, error) {
	if o.generation != o.udp.generation {
		return 0, InvalidState
	}
	if len(ds) > o.permit {
		return 0, stream.ErrPermit
	}
	o.permit -= len(ds)
	for n, d := range ds {
		err := o.udp.send(d)
		switch {
		case err == WouldBlock, err != nil && n > 0:
			return n, nil
		case err != nil:
			return 0, err
		}
	}
	return len(ds), nil
}

func (u *UDP) send(d Datagram) error {
	if len(d.Data) > MaxDatagram {
		return DatagramTooLarge
	}
	var to unix.Sockaddr
	switch {
	case !d.Peer.IsValid() && !u.peer.IsValid():
		return InvalidArgument
	case !d.Peer.IsValid():
	case !u.family.takes(d.Peer.Addr()) || !validRemote(d.Peer.AddrPort):
		return InvalidArgument
	case u.peer.IsValid() && d.Peer.AddrPort != u.peer:
		return InvalidArgument
	case !u.net.Grants.Connect(d.Peer.AddrPort):
		return AccessDenied
	case !u.peer.IsValid():
		to = sockaddr(d.Peer.AddrPort, d.Peer.Scope)
	}
	return code(u.fd.control(func(s int) error {
		for {
			err := sendto(s, d.Data, to)
			if err != unix.EINTR {
				return err
			}
		}
	}))
}

func sendto(s int, p []byte, to unix.Sockaddr) error {
	if to == nil {
		_, err := unix.SendmsgN(s, p, nil, nil, 0)
		return err
	}
	return unix.Sendto(s, p, 0, to)
}

// Ready implements stream.Pollable.
func (o *Outgoing) Ready() bool { return o.udp.fd.writable.Ready() }

// Notify implements stream.Pollable.
func (o *Outgoing) Notify(f func()) (stop func()) { return o.udp.fd.writable.Notify(f) }

// Drop gives the stream up.
func (o *Outgoing) Drop() {
	if !o.dropped {
		o.dropped = true
		o.udp.fd.release()
	}
}
