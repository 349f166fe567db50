package wasitls

import (
	"fmt"
	"net/netip"
)

// Match returns the rule that decides for a server name, its place in
// p.Rules, and which of its patterns matches. For a name that no rule matches
// the place is -1: then rule is what p.Default allows, or nil if it denies.
//
// It fails for a name that is not valid, with a *NameError, and for a pattern
// before the one that matches that is not.
func (p *Policy) Match(name string) (rule *Rule, index int, pattern string, err error) {
	server, err := ParseServerName(name)
	if err != nil {
		return nil, -1, "", err
	}
	var addr netip.Addr
	if server.ip {
		addr = netip.MustParseAddr(server.host)
	}
	for i := range p.Rules {
		for j, text := range p.Rules[i].Servers {
			parsed, err := parsePattern(text)
			if err != nil {
				return nil, -1, "", &FieldError{fmt.Sprintf("rules[%d].servers[%d]", i, j), err}
			}
			if parsed.matches(server, addr) {
				return &p.Rules[i], i, text, nil
			}
		}
	}
	if p.Default == Allow {
		fallback := fallbackRule
		return &fallback, -1, "", nil
	}
	return nil, -1, "", nil
}

// fallbackRule is for names that no rule matches, where they are allowed.
var fallbackRule = Rule{Name: "default", Servers: []string{"*"}}
