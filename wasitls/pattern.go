package wasitls

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// pattern is one of Rule.Servers. The zero value matches every name.
type pattern struct {
	host   string       // the name
	below  bool         // the name has one label more, before host
	prefix netip.Prefix // of addresses, if valid
}

// parsePattern reads one of Rule.Servers.
func parsePattern(s string) (pattern, error) {
	var p pattern
	if s == "*" {
		return p, nil
	}
	if strings.Contains(s, "/") {
		return p, p.parseRange(s)
	}
	rest, wild := strings.CutPrefix(s, "*.")
	name, err := ParseServerName(rest)
	if err != nil {
		var invalid *NameError
		errors.As(err, &invalid)
		return p, fmt.Errorf("pattern %q: %s", brief(s), invalid.Reason)
	}
	switch {
	case wild && name.ip:
		return p, fmt.Errorf("pattern %q: a range of addresses is written 192.0.2.0/24", brief(s))
	case wild:
		p.host, p.below = name.host, true
	case name.ip:
		addr := netip.MustParseAddr(name.host)
		p.prefix = netip.PrefixFrom(addr, addr.BitLen())
	default:
		p.host = name.host
	}
	return p, nil
}

func (p *pattern) parseRange(s string) error {
	prefix, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return fmt.Errorf("pattern %q: not a range of addresses", brief(s))
	case prefix.Addr().Is4In6():
		return fmt.Errorf("pattern %q: an IPv4 range is written as IPv4", brief(s))
	case prefix != prefix.Masked():
		return fmt.Errorf("pattern %q has bits beyond its prefix; %s was meant", brief(s), prefix.Masked())
	}
	p.prefix = prefix
	return nil
}

// matches tells whether the pattern matches a name; addr is that of a name
// that is one. The index finds rules by the same.
func (p *pattern) matches(name ServerName, addr netip.Addr) bool {
	switch {
	case p.prefix.IsValid():
		return p.prefix.Contains(addr)
	case p.host == "":
		return true
	case p.below:
		_, rest, _ := strings.Cut(name.host, ".")
		return !name.ip && rest == p.host
	}
	return !name.ip && name.host == p.host
}
