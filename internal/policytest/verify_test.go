package policytest

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// leaf returns a server's certificate of our authority.
func leaf(options ...wasitlstest.Option) tls.Certificate {
	return ours.Leaf(append([]wasitlstest.Option{wasitlstest.Names(names...)}, options...)...)
}

// showing is a site with this certificate, and a stapled response if there is
// one.
func showing(c tls.Certificate, staple ...byte) site {
	return site{change: func(config *tls.Config) {
		config.Certificates = wasitlstest.Staple(c, staple).Certificates
	}}
}

func pins(of ...*x509.Certificate) func(*wasitls.Policy) {
	return rule(func(r *wasitls.Rule) {
		for _, c := range of {
			r.Pins = append(r.Pins, wasitls.PinOf(c))
		}
	})
}

func stapled(mode wasitls.OCSPMode) func(*wasitls.Policy) {
	return rule(func(r *wasitls.Rule) { r.OCSP = mode })
}

func parsed(c tls.Certificate) *x509.Certificate {
	x, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		panic(err)
	}
	return x
}

// What servers show: a certificate like any other, another one, one that is
// revoked, one that demands a stapled response, and one that public
// authorities would not make.
var (
	plain, other = leaf(), leaf()
	revoked      = leaf()
	mustStaple   = leaf(wasitlstest.MustStaple())
	careless     = leaf(wasitlstest.Usage())
	list         = ours.CRL([]tls.Certificate{revoked})

	good = ours.OCSP(plain)
	bad  = ours.OCSP(revoked, func(r *ocsp.Response) {
		r.Status, r.RevokedAt = ocsp.Revoked, time.Now().Add(-time.Minute)
	})
	stale = ours.OCSP(plain, func(r *ocsp.Response) {
		r.ThisUpdate, r.NextUpdate = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
	})
)

// verification are the proofs of the fields by which servers are verified
// beyond their chain.
var verification = map[string]map[string]proof{
	"Pins": {
		"of the leaf": contrast{
			allowed:   side{policy: pins(parsed(plain)), site: showing(plain)},
			forbidden: side{policy: pins(parsed(plain)), site: showing(other)},
			says:      `refused by rule "every server", pins: no certificate of the chain has a pinned key`,
		},
		"of an authority": contrast{
			allowed:   side{policy: pins(system.Certificate, ours.Certificate)},
			forbidden: side{policy: pins(system.Certificate)},
			says:      `refused by rule "every server", pins: no certificate of the chain has a pinned key`,
		},
	},
	"OCSP": {
		"off": contrast{
			allowed:   side{policy: stapled(wasitls.OCSPOff), site: showing(revoked, bad...)},
			forbidden: side{policy: stapled(wasitls.OCSPPrefer), site: showing(revoked, bad...)},
			says:      `refused by rule "every server", ocsp: the server's certificate, serial number`,
		},
		"prefer": contrast{
			allowed:   side{policy: stapled(wasitls.OCSPPrefer), site: showing(plain)},
			forbidden: side{policy: stapled(wasitls.OCSPPrefer), site: showing(plain, stale...)},
			says:      `refused by rule "every server", ocsp: the stapled response has expired`,
		},
		"prefer, by the certificate": contrast{
			allowed:   side{policy: stapled(wasitls.OCSPPrefer), site: showing(mustStaple, ours.OCSP(mustStaple)...)},
			forbidden: side{policy: stapled(wasitls.OCSPPrefer), site: showing(mustStaple)},
			says:      `ocsp: the server has stapled no OCSP response, which its certificate requires (must-staple)`,
		},
		"must-staple": contrast{
			allowed:   side{policy: stapled(wasitls.OCSPMustStaple), site: showing(plain, good...)},
			forbidden: side{policy: stapled(wasitls.OCSPMustStaple), site: showing(plain)},
			says:      `ocsp: the server has stapled no OCSP response, which the rule requires`,
		},
		"of another": contrast{
			allowed:   side{policy: stapled(wasitls.OCSPMustStaple), site: showing(plain, good...)},
			forbidden: side{policy: stapled(wasitls.OCSPMustStaple), site: showing(other, good...)},
			says:      `refused by rule "every server", ocsp: the stapled response`,
		},
	},
	"CRLs": {
		"on the list": contrast{
			allowed:   side{policy: lists(list), site: showing(plain)},
			forbidden: side{policy: lists(list), site: showing(revoked)},
			says:      `was revoked by its issuer at `,
		},
	},
	"Profile": {
		"webpki": contrast{
			allowed:   side{policy: profile(wasitls.ProfileWebPKI), site: showing(strict())},
			forbidden: side{policy: profile(wasitls.ProfileWebPKI), site: showing(careless)},
			says:      `refused by rule "every server", profile: `,
		},
		"go": contrast{
			allowed:   side{policy: profile(wasitls.ProfileGo), site: showing(careless)},
			forbidden: side{policy: profile(wasitls.ProfileWebPKI), site: showing(careless)},
			says:      `it does not say what it is for (extended key usage)`,
		},
	},
}

func lists(all ...*x509.RevocationList) func(*wasitls.Policy) {
	return rule(func(r *wasitls.Rule) { r.CRLs = slices.Clone(all) })
}

func profile(p wasitls.Profile) func(*wasitls.Policy) {
	return rule(func(r *wasitls.Rule) { r.Profile = p })
}

// strict returns a certificate as the profile demands it.
func strict() tls.Certificate {
	return leaf(wasitlstest.Modify(func(x *x509.Certificate) { x.Subject.CommonName = "" }))
}
