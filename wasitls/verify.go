package wasitls

import (
	"crypto/tls"
	"fmt"
)

// permit tells why the policy does not allow the handshake, nil if it does.
func (h *Handshake) permit() error {
	switch {
	case h.rule == nil:
		return &PolicyError{Reason: fmt.Sprintf("no rule allows server name %q", h.name)}
	case h.rule.Action == Deny:
		return &PolicyError{h.rule.Name, fmt.Sprintf("server name %q is denied", h.name)}
	case h.rule.RequireResolved && !h.address.IsValid():
		return &PolicyError{h.rule.Name, fmt.Sprintf("the address of the connection is not known, and must be one that was looked up for %q", h.name)}
	case h.rule.RequireResolved && !h.resolved():
		return &PolicyError{h.rule.Name, fmt.Sprintf("the connection is not to an address that was looked up for %q", h.name)}
	}
	return nil
}

// resolved tells whether the connection's address is the server's, as far as
// the guest was told.
func (h *Handshake) resolved() bool {
	addr := h.address.Addr()
	if h.name.ip {
		return addr.WithZone("").String() == h.name.host
	}
	resolved := h.guest.config.Resolved
	return resolved != nil && resolved(h.name.host, addr)
}

// verify does what the rule demands beyond crypto/tls, which has verified the
// chain and the name by now. It is called on resumption, too.
func (h *Handshake) verify(s tls.ConnectionState) error {
	return nil
}

// identify answers a server that asks for a certificate. What authorities the
// server says it knows is not asked: with one identity there is no choice.
func (h *Handshake) identify(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	h.identified = true
	return &h.rule.identity.certificate, nil
}

// PolicyError says why the policy refuses a connection. Nothing was sent.
type PolicyError struct {
	Rule   string // empty if no rule matches
	Reason string
}

func (e *PolicyError) Error() string {
	if e.Rule == "" {
		return "refused by policy: " + e.Reason
	}
	return fmt.Sprintf("refused by policy, rule %q: %s", e.Rule, e.Reason)
}
