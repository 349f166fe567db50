package stream

import "net"

// Half is a stream that is one direction of a connection.
type Half interface{ Connection() Connection }

// Connection is what two Halves belong to. It is comparable.
type Connection interface {
	// Take turns the two streams into a connection, if nothing is buffered in
	// them and nothing is in progress; else they stay as they are. The streams
	// are then used only through the connection, whose Close drops both.
	Take() (net.Conn, bool)
}

// RemoteAddr returns the address of the peer that a stream comes from or goes
// to, as far as that is a connection's; nil if it is none, or not known.
func RemoteAddr(s any) net.Addr {
	a, ok := s.(interface{ RemoteAddr() net.Addr })
	if !ok {
		return nil
	}
	return a.RemoteAddr()
}

// TakeConn returns the connection below two streams, if they are the two
// directions of one and it can be had: see Connection.
func TakeConn(in Input, out Output) (net.Conn, bool) {
	i, ok := in.(Half)
	if !ok {
		return nil, false
	}
	o, ok := out.(Half)
	if !ok || i.Connection() != o.Connection() {
		return nil, false
	}
	return i.Connection().Take()
}
