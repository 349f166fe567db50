package wasitls

import (
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
)

// group is one of the registry "TLS Supported Groups".
type group struct {
	name   string
	id     tls.CurveID
	hybrid bool // with ML-KEM
}

// groups are those of crypto/tls.
var groups = []group{
	{"X25519MLKEM768", tls.X25519MLKEM768, true},
	{"SecP256r1MLKEM768", tls.SecP256r1MLKEM768, true},
	{"SecP384r1MLKEM1024", tls.SecP384r1MLKEM1024, true},
	{"x25519", tls.X25519, false},
	{"secp256r1", tls.CurveP256, false},
	{"secp384r1", tls.CurveP384, false},
	{"secp521r1", tls.CurveP521, false},
}

// ParseGroup returns the group with that name in the registry "TLS Supported
// Groups", in any case.
func ParseGroup(s string) (tls.CurveID, error) {
	var known []string
	for _, g := range groups {
		if strings.EqualFold(g.name, s) {
			return g.id, nil
		}
		known = append(known, g.name)
	}
	return 0, fmt.Errorf("wasitls: group %q is none of %s", brief(s), strings.Join(known, ", "))
}

// GroupName returns the group's name in the registry, or its number if it is
// none of crypto/tls.
func GroupName(id tls.CurveID) string {
	if g, ok := groupOf(id); ok {
		return g.name
	}
	return fmt.Sprintf("0x%04x", uint16(id))
}

func groupOf(id tls.CurveID) (g group, ok bool) {
	i := slices.IndexFunc(groups, func(g group) bool { return g.id == id })
	if i < 0 {
		return g, false
	}
	return groups[i], true
}

// hybrids returns the groups with ML-KEM among those given, or all if none is.
func hybrids(among []tls.CurveID) []tls.CurveID {
	var all []tls.CurveID
	for _, g := range groups {
		if g.hybrid && (len(among) == 0 || slices.Contains(among, g.id)) {
			all = append(all, g.id)
		}
	}
	return all
}
