package wasitls

import (
	"net/netip"
	"strings"
)

// ServerName is a validated name of a TLS server: a DNS name in lower case
// without trailing dot, or an IP address. The zero value is no name.
type ServerName struct {
	host string
	ip   bool
}

// String returns the normalised name.
func (n ServerName) String() string { return n.host }

// IsIP tells whether the name is an IP address. An address is not sent to the
// peer (RFC 6066, section 3) and is compared with the certificate's iPAddress
// names only.
func (n ServerName) IsIP() bool { return n.ip }

// ParseServerName validates s and normalises it. Errors are *NameError.
//
// Accepted are DNS names of letters, digits, hyphens and underscores, in any
// case, with at most one trailing dot; IPv4 addresses in dotted decimal; IPv6
// addresses without brackets and without zone. An IPv4 address mapped into
// IPv6 is that IPv4 address.
//
// # Notes
//
// Internationalised names must come as A-labels ("xn--bcher-kva.example"): the
// mapping from what people type is a matter of the guest's locale and of
// tables that grow old, and must not differ from the one used to look up the
// address. A name whose last label is a number is an address or nothing
// ("127.1", "0x7f000001"), since other parsers would read it as one.
func ParseServerName(s string) (ServerName, error) {
	fail := func(reason string) (ServerName, error) {
		return ServerName{}, &NameError{Name: shorten(s), Reason: reason}
	}
	// Length first: s may be a hundred megabytes.
	if len(s) > maxHostLength+1 {
		return fail("longer than 253 bytes")
	}
	if s == "" {
		return fail("empty")
	}
	if strings.ContainsAny(s, ":[]") {
		return parseIPv6(s)
	}
	host := strings.TrimSuffix(s, ".")
	if len(host) > maxHostLength {
		return fail("longer than 253 bytes")
	}
	last := ""
	for label := range strings.SplitSeq(host, ".") {
		if reason := checkLabel(label); reason != "" {
			return fail(reason)
		}
		last = label
	}
	if !isNumber(last) {
		return ServerName{host: strings.ToLower(host)}, nil
	}
	addr, err := netip.ParseAddr(s) // s, not host: an address has no trailing dot
	if err != nil {
		return fail("neither a DNS name nor an IP address in its usual form")
	}
	return ServerName{host: addr.String(), ip: true}, nil
}

func parseIPv6(s string) (ServerName, error) {
	fail := func(reason string) (ServerName, error) {
		return ServerName{}, &NameError{Name: shorten(s), Reason: reason}
	}
	addr, err := netip.ParseAddr(s)
	switch {
	case strings.ContainsAny(s, "[]"):
		return fail("an IPv6 address is written without brackets here")
	case err == nil && addr.Zone() != "":
		return fail("an address with a zone names no server")
	case err == nil:
		return ServerName{host: addr.Unmap().String(), ip: true}, nil
	case strings.Contains(s, "://"):
		return fail("a URL, not a host name")
	case strings.Count(s, ":") == 1:
		return fail("contains a port")
	}
	return fail("not an IPv6 address")
}

// checkLabel returns what is wrong with one label of a DNS name, or "".
func checkLabel(label string) string {
	switch {
	case label == "":
		return "empty label"
	case len(label) > maxLabelLength:
		return "label longer than 63 bytes"
	case label[0] == '-' || label[len(label)-1] == '-':
		return "label begins or ends with a hyphen"
	}
	for i := range len(label) {
		switch c := label[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
		case c >= 0x80:
			return "not ASCII: write internationalised names as A-labels (xn--…)"
		default:
			return "contains a character that is not allowed in a host name"
		}
	}
	return ""
}

// isNumber tells whether other parsers of host names would take a name with
// this last label for an IPv4 address (WHATWG URL, "ends in a number").
func isNumber(label string) bool {
	digits, set := label, "0123456789"
	if len(label) >= 2 && label[0] == '0' && label[1]|0x20 == 'x' {
		digits, set = label[2:], "0123456789abcdefABCDEF"
	}
	return strings.Trim(digits, set) == ""
}

// brief bounds what an error repeats of a policy: a key that somebody has put
// in the wrong place is longer than that.
func brief(s string) string {
	if len(s) <= maxBrief {
		return s
	}
	return strings.ToValidUTF8(s[:maxBrief], "") + "…"
}

func shorten(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}
