package wasitls

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/wasitls/wasitls/wasitls/internal/verify"
)

// permit tells why the policy does not allow the handshake, nil if it does.
func (o *origin) permit() error {
	switch {
	case o.rule == nil:
		return &PolicyError{Reason: fmt.Sprintf("no rule allows server name %q", o.name)}
	case o.rule.Action == Deny:
		return &PolicyError{o.rule.Name, fmt.Sprintf("server name %q is denied", o.name)}
	case o.rule.RequireResolved && !o.address.IsValid():
		return &PolicyError{o.rule.Name, fmt.Sprintf("the address of the connection is not known, and must be one that was looked up for %q", o.name)}
	case o.rule.RequireResolved && !o.resolved():
		return &PolicyError{o.rule.Name, fmt.Sprintf("the connection is not to an address that was looked up for %q", o.name)}
	}
	return nil
}

// resolved tells whether the connection's address is the server's, as far as
// the guest was told.
func (o *origin) resolved() bool {
	addr := o.address.Addr()
	if o.name.ip {
		return addr.WithZone("").String() == o.name.host
	}
	resolved := o.guest.config.Resolved
	return resolved != nil && resolved(o.name.host, addr)
}

// verify does what the rule demands beyond crypto/tls, which has verified the
// chain and the name by now. It is called on resumption, too. An error ends the
// handshake with the alert bad_certificate: crypto/tls sends no other one then.
func (o *origin) verify(s tls.ConnectionState) error {
	// With crypto/tls that cannot be: nothing else was offered, and what is
	// resumed gets a key exchange of its own. Other providers are to be trusted
	// with less.
	if o.rule.RequirePostQuantum && (s.Version < tls.VersionTLS13 || len(hybrids([]tls.CurveID{s.CurveID})) == 0) {
		return &VerificationError{o.rule.Name, "post-quantum", fmt.Errorf("the key exchange of %s with group %s is not post-quantum", tls.VersionName(s.Version), GroupName(s.CurveID))}
	}
	good, err := o.rule.demands.Check(verify.Peer{
		Chains: s.VerifiedChains,
		Staple: s.OCSPResponse,
		Now:    o.guest.client.config.Time(),
	})
	if err != nil {
		var unmet *verify.Error
		if !errors.As(err, &unmet) {
			return err
		}
		return &VerificationError{o.rule.Name, unmet.Demand, unmet.Err}
	}
	if good {
		o.ocsp = "good"
	}
	return nil
}

// VerificationError says what a rule demands of a peer and the peer does not
// meet. It is the cause of a HandshakeError of ClassCertificate, or of
// ClassProtocol for "post-quantum".
type VerificationError struct {
	Rule string
	// Field is the rule's field as a policy file has it: "profile", "pins",
	// "crls", "ocsp" or "post-quantum".
	Field string
	Err   error
}

func (e *VerificationError) Error() string {
	return fmt.Sprintf("refused by rule %q, %s: %v", e.Rule, e.Field, e.Err)
}

// Unwrap returns the cause.
func (e *VerificationError) Unwrap() error { return e.Err }

// identify answers a server that asks for a certificate. What authorities the
// server says it knows is not asked: with one identity there is no choice.
func (o *origin) identify(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	o.identified = true
	return o.rule.identity.certificate(), nil
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
