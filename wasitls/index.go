package wasitls

import (
	"net/netip"
	"strings"
)

// index finds the first rule for a name, however many rules there are.
type index struct {
	names  map[string]*rule // by the whole name
	below  map[string]*rule // by what follows the name's first label
	ranges []ranged         // in the order of the rules
	every  *rule
}

type ranged struct {
	prefix netip.Prefix
	rule   *rule
}

// add makes r, which comes after those there are, one for what p matches.
func (x *index) add(p pattern, r *rule) {
	switch {
	case p.prefix.IsValid():
		x.ranges = append(x.ranges, ranged{p.prefix, r})
	case p.below:
		addFirst(&x.below, p.host, r)
	case p.host != "":
		addFirst(&x.names, p.host, r)
	case x.every == nil:
		x.every = r
	}
}

func addFirst(m *map[string]*rule, key string, r *rule) {
	if *m == nil {
		*m = map[string]*rule{}
	}
	if (*m)[key] == nil {
		(*m)[key] = r
	}
}

// find returns nil if there is no rule.
func (x *index) find(name ServerName) *rule {
	if !name.ip {
		_, rest, _ := strings.Cut(name.host, ".")
		return firstOf(x.names[name.host], x.below[rest], x.every)
	}
	addr := netip.MustParseAddr(name.host)
	for i := range x.ranges {
		if x.ranges[i].prefix.Contains(addr) {
			return firstOf(x.ranges[i].rule, x.every)
		}
	}
	return x.every
}

// firstOf returns the rule that comes first in the policy.
func firstOf(rules ...*rule) (first *rule) {
	for _, r := range rules {
		if r != nil && (first == nil || r.place < first.place) {
			first = r
		}
	}
	return first
}
