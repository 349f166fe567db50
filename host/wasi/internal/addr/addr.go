// Package addr holds the address types of wasi:sockets, which its versions have
// in common.
package addr

import (
	"net/netip"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
)

// The address types. A Go array would be a list.
type (
	ipv4 struct {
		_          host.Tuple
		A, B, C, D uint8
	}
	ipv6 struct {
		_                      host.Tuple
		A, B, C, D, E, F, G, H uint16
	}
	// IP is the variant ip-address.
	IP struct {
		host.Case
		IPv4 ipv4
		IPv6 ipv6
	}
	ipv4Socket struct {
		Port    uint16
		Address ipv4
	}
	ipv6Socket struct {
		Port     uint16
		FlowInfo uint32
		Address  ipv6
		ScopeId  uint32
	}
	// Socket is the variant ip-socket-address.
	Socket struct {
		host.Case
		IPv4 ipv4Socket
		IPv6 ipv6Socket
	}
)

func (a ipv4) addr() netip.Addr { return netip.AddrFrom4([4]byte{a.A, a.B, a.C, a.D}) }

func (a ipv6) addr() netip.Addr {
	var b [16]byte
	for i, x := range [8]uint16{a.A, a.B, a.C, a.D, a.E, a.F, a.G, a.H} {
		b[2*i], b[2*i+1] = byte(x>>8), byte(x)
	}
	return netip.AddrFrom16(b)
}

func fromAddr4(a netip.Addr) ipv4 {
	b := a.As4()
	return ipv4{A: b[0], B: b[1], C: b[2], D: b[3]}
}

func fromAddr6(a netip.Addr) ipv6 {
	b := a.As16()
	at := func(i int) uint16 { return uint16(b[2*i])<<8 | uint16(b[2*i+1]) }
	return ipv6{A: at(0), B: at(1), C: at(2), D: at(3), E: at(4), F: at(5), G: at(6), H: at(7)}
}

// FromIP returns the address as WIT has it.
func FromIP(a netip.Addr) IP {
	if a.Is4() {
		return IP{IPv4: fromAddr4(a)}
	}
	return IP{Case: 1, IPv6: fromAddr6(a)}
}

// Addr returns the address as Go has it.
func (s *Socket) Addr() sock.Addr {
	if s.Case == 0 {
		return sock.Addr{AddrPort: netip.AddrPortFrom(s.IPv4.Address.addr(), s.IPv4.Port)}
	}
	return sock.Addr{
		AddrPort: netip.AddrPortFrom(s.IPv6.Address.addr(), s.IPv6.Port),
		FlowInfo: s.IPv6.FlowInfo,
		Scope:    s.IPv6.ScopeId,
	}
}

// FromSocket returns the address as WIT has it.
func FromSocket(a sock.Addr) Socket {
	if a.Addr().Is4() {
		return Socket{IPv4: ipv4Socket{a.Port(), fromAddr4(a.Addr())}}
	}
	return Socket{Case: 1, IPv6: ipv6Socket{a.Port(), a.FlowInfo, fromAddr6(a.Addr()), a.Scope}}
}

// Optional is the zero Addr for none.
func Optional(a *host.Option[Socket]) sock.Addr {
	if !a.Some {
		return sock.Addr{}
	}
	return a.Value.Addr()
}
