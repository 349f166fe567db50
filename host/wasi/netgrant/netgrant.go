// Package netgrant says what of the network a guest may use. Nothing is
// granted unless a Policy grants it.
//
// Addresses are compared as numbers, when they are used. A granted host name
// grants the addresses that this host has resolved for it, for that guest, and
// nothing else: neither the name's other addresses nor other names that share
// one of them become reachable by what the guest says.
package netgrant

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Grant names peers: the addresses in Prefix, or those that Host resolved to.
type Grant struct {
	// Host is a name in lower case without a final dot, empty if Prefix counts.
	Host   string
	Prefix netip.Prefix
	// Port is the port granted, any if AnyPort is set.
	Port    uint16
	AnyPort bool
}

// Policy is what a guest may do. The zero value is nothing.
type Policy struct {
	// Connect holds the peers that may be connected and sent to, and the names
	// that may be resolved.
	Connect []Grant
	// Listen holds the local addresses that may be listened on. The unspecified
	// address stands for all of its family.
	Listen []Grant
	// All grants the whole network, names included.
	All bool
}

// ParseConnect parses HOST[:PORT], IP[:PORT] or CIDR[:PORT]; an IPv6 address
// with a port is in brackets. Without a port all are granted.
func ParseConnect(s string) (Grant, error) {
	g, err := parse(s)
	if err == nil && !g.AnyPort && g.Port == 0 {
		err = fmt.Errorf("netgrant: %q: port 0 cannot be connected to", s)
	}
	return g, err
}

// ParseListen parses IP[:PORT] or CIDR[:PORT]. Port 0 grants a port that the
// system chooses.
func ParseListen(s string) (Grant, error) {
	g, err := parse(s)
	if err == nil && g.Host != "" {
		err = fmt.Errorf("netgrant: %q: an address to listen on is numeric", s)
	}
	return g, err
}

func parse(s string) (Grant, error) {
	host, port, any, err := splitPort(s)
	if err != nil {
		return Grant{}, err
	}
	g := Grant{Port: port, AnyPort: any}
	if strings.Contains(host, "/") {
		if g.Prefix, err = netip.ParsePrefix(host); err != nil {
			return Grant{}, fmt.Errorf("netgrant: %q is not an address range", s)
		}
		if g.Prefix != g.Prefix.Masked() {
			return Grant{}, fmt.Errorf("netgrant: %q has bits beyond its prefix; %s was meant", s, g.Prefix.Masked())
		}
		return g, unmapped(s, g.Prefix.Addr())
	}
	if a, err := netip.ParseAddr(host); err == nil {
		if a.Zone() != "" {
			return Grant{}, fmt.Errorf("netgrant: %q has a zone", s)
		}
		g.Prefix = netip.PrefixFrom(a, a.BitLen())
		return g, unmapped(s, a)
	}
	if g.Host, err = CanonicalName(host); err != nil {
		return Grant{}, fmt.Errorf("netgrant: %q is neither an address nor a host name", s)
	}
	return g, nil
}

func unmapped(s string, a netip.Addr) error {
	if a.Is4In6() {
		return fmt.Errorf("netgrant: %q is an IPv4 address written as IPv6; write it as IPv4", s)
	}
	return nil
}

// splitPort cuts the port off: "h:1", "[::1]:1", "[fd00::]/8:1", "fd00::/8".
func splitPort(s string) (host string, port uint16, any bool, err error) {
	host, text := s, ""
	if rest, ok := strings.CutPrefix(s, "["); ok {
		inside, after, closed := strings.Cut(rest, "]")
		bits, p, hasPort := strings.Cut(after, ":")
		if !closed || (bits != "" && bits[0] != '/') {
			return "", 0, false, fmt.Errorf("netgrant: %q: brackets hold an IPv6 address", s)
		}
		host, text, any = inside+bits, p, !hasPort
		if !strings.Contains(inside, ":") {
			return "", 0, false, fmt.Errorf("netgrant: %q: brackets hold an IPv6 address", s)
		}
	} else if strings.Count(s, ":") == 1 {
		host, text, _ = strings.Cut(s, ":")
	} else {
		any = true
	}
	if any {
		return host, 0, true, nil
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, false, fmt.Errorf("netgrant: %q: port is not a number from 0 to 65535", s)
	}
	return host, uint16(n), false, nil
}

// CanonicalName checks a host name and returns it in lower case, without a
// final dot. Names are ASCII: internationalised ones are in their A-label form.
func CanonicalName(name string) (string, error) {
	s := strings.ToLower(strings.TrimSuffix(name, "."))
	if s == "" || len(s) > 253 {
		return "", fmt.Errorf("netgrant: name is empty or longer than 253 bytes")
	}
	numeric := true
	for label := range strings.SplitSeq(s, ".") {
		if !validLabel(label) {
			return "", fmt.Errorf("netgrant: invalid label in name")
		}
		numeric = label[0] >= '0' && label[0] <= '9' && strings.Trim(label, "0123456789abcdefx") == ""
	}
	if numeric { // 127.1, 0x7f000001: some resolvers take them for addresses
		return "", fmt.Errorf("netgrant: name ends in a number")
	}
	return s, nil
}

func validLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return true
}

// String returns the grant as ParseConnect takes it.
func (g Grant) String() string {
	s := g.Host
	if s == "" {
		s = g.Prefix.Addr().String()
		if g.Prefix.Addr().Is6() && !g.AnyPort {
			s = "[" + s + "]"
		}
		if !g.Prefix.IsSingleIP() {
			s += "/" + strconv.Itoa(g.Prefix.Bits())
		}
	}
	if !g.AnyPort {
		s += ":" + strconv.Itoa(int(g.Port))
	}
	return s
}

func (g Grant) port(p uint16) bool { return g.AnyPort || g.Port == p }
