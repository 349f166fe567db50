package wasitls

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
)

// pattern matches server names: see Rule.Servers.
type pattern struct {
	text   string
	every  bool
	host   string       // the name, or what follows "*" with its dot
	below  bool         // one label more than host
	prefix netip.Prefix // of addresses, if valid
}

// parsePattern reads one of Rule.Servers.
func parsePattern(s string) (pattern, error) {
	p := pattern{text: s}
	if s == "*" {
		p.every = true
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
		return p, fmt.Errorf("pattern %q: %s", shorten(s), invalid.Reason)
	}
	switch {
	case wild && name.ip:
		return p, fmt.Errorf("pattern %q: a range of addresses is written 192.0.2.0/24", shorten(s))
	case wild:
		p.host, p.below = "."+name.host, true
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
		return fmt.Errorf("pattern %q: not a range of addresses", shorten(s))
	case prefix.Addr().Is4In6():
		return fmt.Errorf("pattern %q: an IPv4 range is written as IPv4", shorten(s))
	case prefix != prefix.Masked():
		return fmt.Errorf("pattern %q has bits beyond its prefix; %s was meant", shorten(s), prefix.Masked())
	}
	p.prefix = prefix
	return nil
}

// matches tells whether the pattern matches a name; addr is that of a name
// that is one.
func (p *pattern) matches(name ServerName, addr netip.Addr) bool {
	switch {
	case p.every:
		return true
	case name.ip:
		return p.prefix.IsValid() && p.prefix.Contains(addr)
	case p.below:
		label, rest, _ := strings.Cut(name.host, ".")
		return len(label)+len(p.host) == len(name.host) && rest == p.host[1:]
	}
	return p.host != "" && p.host == name.host
}
