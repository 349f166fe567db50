package sock

import (
	"net/netip"

	"golang.org/x/sys/unix"
)

// sockaddr converts an address whose family was checked.
func sockaddr(a netip.AddrPort, scope uint32) unix.Sockaddr {
	if a.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(a.Port()), ZoneId: scope, Addr: a.Addr().As16()}
}

// Addr is a socket address with what IPv6 adds to it.
type Addr struct {
	netip.AddrPort
	FlowInfo, Scope uint32
}

func fromSockaddr(sa unix.Sockaddr) Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return Addr{AddrPort: netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))}
	case *unix.SockaddrInet6:
		return Addr{AddrPort: netip.AddrPortFrom(netip.AddrFrom16(sa.Addr), uint16(sa.Port)), Scope: sa.ZoneId}
	}
	return Addr{}
}

// Family is an IP version.
type Family uint8

// The families, in the order of WASI.
const (
	IPv4 Family = iota
	IPv6
)

func (f Family) domain() int {
	if f == IPv4 {
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// takes tells whether the address is of the family. IPv4 addresses written as
// IPv6 are of neither, nor are the IPv4-compatible ones, deprecated since 2006.
func (f Family) takes(a netip.Addr) bool {
	if f == IPv4 {
		return a.Is4()
	}
	if !a.Is6() || a.Is4In6() {
		return false
	}
	b := a.As16()
	for _, x := range b[:12] {
		if x != 0 {
			return true
		}
	}
	return a.IsUnspecified() || a == netip.IPv6Loopback()
}

func unicast(a netip.Addr) bool {
	return !a.IsMulticast() && a != netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

func validRemote(a netip.AddrPort) bool { return !a.Addr().IsUnspecified() && a.Port() != 0 }

// socket makes a non-blocking socket. IPv6 sockets are IPv6 only. TCP sockets,
// and those they accept, send at once, as Go's do: WASI has no option for it,
// and a small write that waits for the peer's delayed acknowledgement costs 40 ms.
func socket(f Family, typ int) (int, error) {
	s, err := unix.Socket(f.domain(), typ|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if f == IPv6 {
		err = unix.SetsockoptInt(s, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err == nil && typ == unix.SOCK_STREAM {
		err = unix.SetsockoptInt(s, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	if err != nil {
		unix.Close(s)
		return -1, err
	}
	return s, nil
}
