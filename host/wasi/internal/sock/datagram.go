package sock

import "github.com/wasitls/wasitls/host/wasi/stream"

// A UDP socket is used either by the functions in this file, or by its
// streams.

// Bind is StartBind and FinishBind.
func (u *UDP) Bind(to Addr) error {
	if err := u.StartBind(to); err != nil {
		return err
	}
	return u.FinishBind()
}

// ensureBound binds the socket to a port of the system's choice if it is not
// bound.
func (u *UDP) ensureBound() error {
	if u.bound {
		return nil
	}
	return u.Bind(u.family.any())
}

// Connect makes an address the only peer of the socket.
func (u *UDP) Connect(peer Addr) error {
	if err := u.checkPeer(peer); err != nil {
		return err
	}
	if err := u.ensureBound(); err != nil {
		return err
	}
	return u.connect(peer)
}

// Disconnect takes Connect back.
func (u *UDP) Disconnect() error {
	if !u.peer.IsValid() {
		return InvalidState
	}
	return u.connect(Addr{})
}

// Receive takes the next datagram, WouldBlock if there is none. Those of peers
// that are not granted are dropped, a few at a time.
func (u *UDP) Receive() (Datagram, error) {
	if !u.bound {
		return Datagram{}, InvalidState
	}
	buf := stream.NewChunk()
	defer stream.FreeChunk(buf)
	for range MaxDatagrams {
		d, err := u.receive(buf[:])
		if err != nil || d.Data != nil {
			return d, err
		}
	}
	return Datagram{}, WouldBlock
}

// Send sends a datagram, WouldBlock while the system takes none. Without a
// peer it goes to the socket's.
func (u *UDP) Send(d Datagram) error {
	if d.Peer.IsValid() {
		if err := u.checkPeer(d.Peer); err != nil {
			return err
		}
		if err := u.ensureBound(); err != nil {
			return err
		}
	}
	return u.send(d)
}

// Readable tells when Receive has something to return.
func (u *UDP) Readable() stream.Pollable { return u.fd.readable }

// Writable tells when Send may go on.
func (u *UDP) Writable() stream.Pollable { return u.fd.writable }
