package wasitls

import (
	"crypto/tls"
	"crypto/x509"
	"time"
)

// Policy says to which servers guests may talk, whom to trust there, and as
// whom to answer. It must not change after it was given to NewClient or
// Client.SetPolicy.
//
// The command reads the same fields, with the same meaning, from a file: see
// package config.
type Policy struct {
	// Rules are tried in their order; the first one with a pattern that
	// matches the server name decides.
	Rules []Rule
	// Default decides for names that no rule matches. It must be stated: the
	// zero value is an error. With Allow they get what the zero Rule says.
	Default Action
	// Identities are the client certificates that rules name, by label.
	Identities map[string]*Identity
	// Limits bound what guests use.
	Limits Limits
}

// Trust returns the policy that allows every server name and trusts the
// authorities in pool and no others, or the system's if pool is nil, with the
// defaults for all else.
func Trust(pool *x509.CertPool) *Policy {
	return &Policy{
		Rules:   []Rule{{Name: "every server", Servers: []string{"*"}, Roots: Roots{Pool: pool}}},
		Default: Deny,
	}
}

// Action is what a policy does with a server name. The zero value is not set.
type Action uint8

// The actions.
const (
	Allow Action = iota + 1
	Deny
)

// String returns the action as a policy file has it, empty for the zero value.
func (a Action) String() string { return word(a, "", "allow", "deny") }

// Rule is what a policy says about some server names. All fields but Servers
// may be left at zero, which is the default that each tells.
type Rule struct {
	// Name is for audit events and errors that the guest sees. Default: the
	// rule's place, such as "rule 3".
	Name string

	// Servers are the patterns of server names, at least one: a DNS name such
	// as "example.org"; "*.example.org" for all names with exactly one label
	// more, as in certificates (RFC 9525, section 6.3); an IP address or CIDR
	// such as "192.0.2.0/24" for server names that are addresses; "*" for
	// every name and address.
	Servers []string

	// Action says whether these servers may be talked to. Default: Allow.
	// With Deny no other field but Name and Servers may be set.
	Action Action

	// Roots are the trusted authorities. Default: the system's.
	Roots Roots

	// MinVersion and MaxVersion bound the protocol version: tls.VersionTLS12
	// or tls.VersionTLS13. Default: both are offered.
	MinVersion, MaxVersion uint16

	// Groups are the groups of the key exchange that are offered, in any
	// order: crypto/tls has its own preference. Default: those of crypto/tls.
	Groups []tls.CurveID

	// RequirePostQuantum offers only hybrid groups with ML-KEM, and hence only
	// TLS 1.3. Groups, if set too, must hold at least one of them; the others
	// are not offered.
	RequirePostQuantum bool

	// ALPN are the protocols to offer (RFC 7301), each 1 to 255 bytes, 4 KiB in all. A guest
	// of the drafts cannot learn which one the server took. Default: none.
	ALPN []string

	// Identity is the label in Policy.Identities of the client certificate for
	// servers that ask for one. Default: none is sent.
	Identity string

	// Pins are digests of public keys, one of which must be that of a
	// certificate in the verified chain. Default: no pinning.
	Pins []Pin

	// OCSP says what to do with a stapled OCSP response. Default: OCSPOff.
	OCSP OCSPMode

	// CRLs are revocation lists. A certificate of the verified chain that is
	// on its issuer's list is refused; issuers without a list are not asked. A
	// list must be whole, and one that has expired is an error, of the policy
	// and later of each connection that needs it: see docs/verification.md.
	// Default: none.
	CRLs []*x509.RevocationList

	// AllowTruncation takes a transport that ends between two records for a
	// clean end. Some servers never send close_notify; with this set a guest
	// cannot tell such a server from an attacker who cut the connection. An
	// end within a record stays an error. Default: false.
	AllowTruncation bool

	// HandshakeTimeout bounds each handshake, up to MaxTimeout. Default:
	// DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration

	// Resumption lets a guest's later handshakes resume sessions of its
	// earlier ones under the same rule. Sessions are kept in memory, for each
	// guest and rule apart. Default: false.
	Resumption bool

	// Profile says how strictly certificates are verified. Default: ProfileGo.
	Profile Profile

	// RequireResolved refuses a connection unless its address is one that this
	// guest was given for the server name when it looked that name up, or is
	// the server name itself. It is against domain fronting and rebinding.
	// Connections whose address the host does not know are refused: see
	// Addressed. Over the draft for WASI 0.3 it is the address that is received
	// from: a guest may send elsewhere, but then nobody answers. Default: false.
	RequireResolved bool
}

// Roots are trusted certificate authorities. The zero value is the system's.
type Roots struct {
	// Base is what to begin with. Default: BaseSystem.
	Base Base
	// Certificates are trusted beside the base.
	Certificates []*x509.Certificate
	// Pool, if not nil, is used instead of all others, which must be zero.
	Pool *x509.CertPool
}

// Base is a set of authorities that Roots begin with.
type Base uint8

// The bases.
const (
	BaseSystem  Base = iota // the operating system's
	BaseMozilla             // those of Mozilla, as of the build of this program
	BaseNone                // none
)

// String returns the base as a policy file has it.
func (b Base) String() string { return word(b, "system", "mozilla", "none") }

// OCSPMode says what to do with the OCSP response that a server staples to its
// certificate (RFC 6066, section 8). No response is ever fetched.
type OCSPMode uint8

// The modes.
const (
	OCSPOff        OCSPMode = iota // ignore it
	OCSPPrefer                     // it must be good if there is one; certificates with must-staple (RFC 7633) need one
	OCSPMustStaple                 // it must be there and be good
)

// String returns the mode as a policy file has it.
func (m OCSPMode) String() string { return word(m, "off", "prefer", "must-staple") }

// Profile is a set of demands on certificates beyond a chain to a root.
type Profile uint8

// The profiles.
const (
	// ProfileGo is what crypto/x509 demands.
	ProfileGo Profile = iota
	// ProfileWebPKI demands more of what public authorities have to keep
	// anyway (CA/Browser Forum, Baseline Requirements, section 7.1): see
	// docs/verification.md.
	ProfileWebPKI
)

// String returns the profile as a policy file has it.
func (p Profile) String() string { return word(p, "go", "webpki") }

// Limits bound what guests use of a Client. Zero fields are the defaults that
// each tells; all must be at least 1 otherwise.
type Limits struct {
	// ConnectionsPerGuest and Connections bound the handshakes and
	// connections that have not ended, of one guest and of all. One more fails
	// with ClassLimit. Default: DefaultConnectionsPerGuest and
	// DefaultConnections.
	ConnectionsPerGuest, Connections int

	// HandshakesPerGuest and Handshakes bound the handshakes in progress, of
	// one guest and of all. One more waits, while its deadline runs. Default:
	// DefaultHandshakesPerGuest and DefaultHandshakes.
	HandshakesPerGuest, Handshakes int

	// WriteBuffer is the largest permit of a connection's output half, in
	// bytes from MinBuffer to MaxBuffer. Default: DefaultWriteBuffer.
	WriteBuffer int

	// ReadBuffer is how much plaintext a connection receives before the guest
	// takes it, in bytes from MinBuffer to MaxBuffer. At most two records more
	// is kept. Default: DefaultReadBuffer.
	ReadBuffer int

	// Buffered bounds the bytes that all connections of all guests may buffer:
	// each reserves what its two buffers may hold while it lasts, and one that
	// cannot fails with ClassLimit. Default: no bound but the others.
	Buffered int64

	// CloseTimeout bounds the delivery of accepted data and of close_notify
	// after the output half was dropped, up to MaxTimeout. Default:
	// DefaultCloseTimeout.
	CloseTimeout time.Duration
}

// word returns the name of a small number.
func word[T ~uint8](n T, names ...string) string {
	if int(n) < len(names) {
		return names[n]
	}
	return "unknown"
}
