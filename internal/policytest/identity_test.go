package policytest

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// identity returns a client certificate of an authority for someone.
func identity(t testing.TB, of *wasitlstest.CA, someone string) *wasitls.Identity {
	t.Helper()
	leaf := of.Leaf(wasitlstest.Usage(x509.ExtKeyUsageClientAuth), wasitlstest.Modify(func(x *x509.Certificate) {
		x.Subject = pkix.Name{CommonName: someone}
	}))
	x, err := x509.ParseCertificate(leaf.Certificate[0])
	noError(t, err)
	i, err := wasitls.NewIdentity([]*x509.Certificate{x}, leaf.PrivateKey.(crypto.Signer))
	noError(t, err)
	return i
}

// asks is a site that asks for a client certificate of our authority.
func asks(version uint16) site {
	return site{change: func(c *tls.Config) {
		c.MinVersion, c.MaxVersion = version, version
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ours.Pool()
	}}
}

// known is the client that the server has seen.
func known(as string) func(*testing.T, *visit) {
	return func(t *testing.T, v *visit) {
		t.Helper()
		got := "nobody"
		if len(v.state.PeerCertificates) > 0 {
			got = v.state.PeerCertificates[0].Subject.CommonName
		}
		want(t, "client", got, as)
	}
}

// as answers with an identity.
func as(i *wasitls.Identity) func(*wasitls.Policy) {
	return func(p *wasitls.Policy) {
		p.Identities = map[string]*wasitls.Identity{"me": i}
		p.Rules[0].Identity = "me"
	}
}

// identity12: in TLS 1.2 a server refuses a client within the handshake.
func identity12(t *testing.T, d draft) {
	contrast{
		allowed:   side{policy: as(identity(t, ours, "guest")), site: asks(tls.VersionTLS12), seen: known("guest")},
		forbidden: side{site: asks(tls.VersionTLS12)},
		says:      "wasitls: handshake: remote error: tls: handshake failure",
	}.prove(t, d)
	contrast{
		allowed:   side{policy: as(identity(t, ours, "guest")), site: asks(tls.VersionTLS12), seen: known("guest")},
		forbidden: side{policy: as(identity(t, system, "stranger")), site: asks(tls.VersionTLS12)},
		says:      "wasitls: handshake: remote error: tls: unknown certificate authority",
	}.prove(t, d)
}

// identity13: in TLS 1.3 the client's handshake is over before the server has
// seen its certificate. That it is refused shows at the first read (RFC 8446,
// section 4.4.2.4), and what was written meanwhile never reaches the server's
// application.
func identity13(t *testing.T, d draft) {
	contrast{
		allowed:   side{policy: as(identity(t, ours, "guest")), site: asks(tls.VersionTLS13), seen: known("guest")},
		forbidden: side{site: asks(tls.VersionTLS13)},
		says:      "wasitls: read: remote error: tls: certificate required",
	}.prove(t, d)
	contrast{
		allowed:   side{policy: as(identity(t, ours, "guest")), site: asks(tls.VersionTLS13), seen: known("guest")},
		forbidden: side{policy: as(identity(t, system, "stranger")), site: asks(tls.VersionTLS13)},
		says:      "wasitls: read: remote error: tls: unknown certificate authority",
	}.prove(t, d)

	// The host knows the order of things.
	r := asks(tls.VersionTLS13).serve(t)
	events := make(chan wasitls.Event, 9)
	c := client(t, nil, func(e wasitls.Event) { events <- e })
	instance{client: c}.start(t, d.get, r.url(wasitlstest.Name)).fails(t, "certificate required")
	want(t, "first", receive(t, events, "event").Kind, wasitls.Connected)
	e := receive(t, events, "event")
	want(t, "then", e.Kind, wasitls.Closed)
	if e.Err == nil || !strings.Contains(e.Err.Error(), "certificate required") {
		t.Errorf("event: %v", e.Err)
	}
}

// identityByLabel: each rule answers as whom it says, or as nobody.
func identityByLabel(t *testing.T, d draft) {
	one, two := identity(t, ours, "one"), identity(t, ours, "two")
	policy := func(p *wasitls.Policy) {
		p.Identities = map[string]*wasitls.Identity{"first": one, "second": two}
		trust := p.Rules[0].Roots
		p.Rules = []wasitls.Rule{
			{Servers: []string{"a.test"}, Roots: trust, Identity: "first"},
			{Servers: []string{"b.test"}, Roots: trust, Identity: "second"},
			{Servers: []string{"*"}, Roots: trust},
		}
	}
	for name, client := range map[string]string{"a.test": "one", "b.test": "two"} {
		contrast{
			allowed:   side{policy: policy, site: asks(0), name: name, seen: known(client)},
			forbidden: side{policy: policy, site: asks(0), name: "a.b.test"},
			says:      "certificate required",
		}.prove(t, d)
	}
}
