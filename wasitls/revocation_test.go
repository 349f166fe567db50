package wasitls_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

func prefer(r *wasitls.Rule)     { r.OCSP = wasitls.OCSPPrefer }
func mustStaple(r *wasitls.Rule) { r.OCSP = wasitls.OCSPMustStaple }

func hours(n int) time.Time { return time.Now().Add(time.Duration(n) * time.Hour) }

// TestOCSP is A24 with each mode that looks at staples.
func TestOCSP(t *testing.T) {
	leaf := ca().Leaf()
	middle := ca().Intermediate()
	below := middle.Leaf()
	demanding := ca().Leaf(wasitlstest.MustStaple())
	staple := func(changes ...func(*ocsp.Response)) *tls.Config {
		return wasitlstest.Staple(leaf, ca().OCSP(leaf, changes...))
	}
	refused := func(id, text string, changes ...func(*ocsp.Response)) demand {
		return demand{id, prefer, staple(changes...), "ocsp", text}
	}
	demands(t,
		demand{"good", prefer, staple(), "", ""},
		demand{"good, required", mustStaple, staple(), "", ""},
		demand{"good, with SHA-256 for the issuer", mustStaple, staple(func(r *ocsp.Response) { r.IssuerHash = crypto.SHA256 }), "", ""},
		demand{"good, of an intermediate", mustStaple, wasitlstest.Staple(below, middle.OCSP(below)), "", ""},
		demand{"good, demanded by the certificate", prefer, wasitlstest.Staple(demanding, ca().OCSP(demanding)), "", ""},
		demand{"the issuer's certificate comes along", mustStaple, wasitlstest.Staple(below, middle.OCSPBy(middle.Identity(), below)), "", ""},
		demand{"none", prefer, serving(leaf), "", ""},
		demand{"none, required", mustStaple, serving(leaf), "ocsp", "no OCSP response, which the rule requires"},
		demand{"none, demanded by the certificate", prefer, serving(demanding), "ocsp", "no OCSP response, which its certificate requires"},
		demand{"none, an unreadable demand", prefer, ca().Server(wasitlstest.WithExtension(false, 1, 3, 6, 1, 5, 5, 7, 1, 24)), "ocsp", "which its certificate requires"},

		refused("revoked", "was revoked at ", func(r *ocsp.Response) { r.Status, r.RevokedAt = ocsp.Revoked, hours(-2) }),
		refused("unknown", "does not know the server's certificate", func(r *ocsp.Response) { r.Status = ocsp.Unknown }),
		refused("expired", "has expired at ", func(r *ocsp.Response) { r.NextUpdate = time.Now().Add(-time.Second) }),
		refused("for ever", "does not say when it expires", func(r *ocsp.Response) { r.NextUpdate = time.Time{} }),
		refused("of tomorrow", "holds from ", func(r *ocsp.Response) { r.ThisUpdate = hours(1) }),
		demand{"of a clock ahead", prefer, staple(func(r *ocsp.Response) { r.ThisUpdate = time.Now().Add(3 * time.Minute) }), "", ""},
		refused("signed with SHA-1", "ECDSA-SHA1, which is not secure", func(r *ocsp.Response) { r.SignatureAlgorithm = x509.ECDSAWithSHA1 }),
		refused("unknown critical extension", "critical extension", func(r *ocsp.Response) {
			r.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}),
		refused("another serial number", "no response matching", func(r *ocsp.Response) { r.SerialNumber = parsed(t, ca().Leaf()).SerialNumber }),
		demand{"of another authority", prefer, wasitlstest.Staple(leaf, wasitlstest.NewCA().OCSP(leaf)), "ocsp", "another issuer"},
		demand{"of another authority, signed here", prefer, wasitlstest.Staple(leaf, wasitlstest.NewCA().OCSPBy(ca().Identity(), leaf)), "ocsp", "another issuer"},
		demand{"of the root for a leaf below", prefer, wasitlstest.Staple(below, ca().OCSP(below)), "ocsp", "another issuer"},
		demand{"of the right name with the wrong key", prefer, wasitlstest.Staple(leaf, ca().OCSPBy(wasitlstest.NewCA().Identity(), leaf, func(r *ocsp.Response) { r.Certificate = nil })), "ocsp", "not signed by the issuer"},
		demand{"an error", prefer, wasitlstest.Staple(leaf, ocsp.TryLaterErrorResponse), "ocsp", "try later"},
		demand{"garbage", prefer, wasitlstest.Staple(leaf, []byte("no OCSP response at all")), "ocsp", "of no use"},
		demand{"more than 32 KiB", prefer, wasitlstest.Staple(leaf, []byte(strings.Repeat("x", 40_000))), "ocsp", "40000 bytes"},
	)
}

// TestOCSPDelegated: the issuer may let somebody else sign responses, by a
// certificate that says so.
func TestOCSPDelegated(t *testing.T) {
	leaf := ca().Leaf()
	signing := wasitlstest.Usage(x509.ExtKeyUsageOCSPSigning)
	by := func(responder tls.Certificate) *tls.Config {
		return wasitlstest.Staple(leaf, ca().OCSPBy(responder, leaf))
	}
	other := wasitlstest.NewCA()
	withdrawn := ca().Leaf(signing)
	demands(t,
		demand{"delegated", mustStaple, by(ca().Leaf(signing)), "", ""},
		demand{"to an RSA key", mustStaple, by(ca().Leaf(signing, wasitlstest.RSA(2048))), "", ""},
		demand{"to a server", mustStaple, by(ca().Leaf()), "ocsp", "not for OCSP signing"},
		demand{"to the server itself", mustStaple, by(leaf), "ocsp", "not for OCSP signing"},
		demand{"for any purpose", mustStaple, by(ca().Leaf(wasitlstest.Usage(x509.ExtKeyUsageAny))), "ocsp", "not for OCSP signing"},
		demand{"not to sign", mustStaple, by(ca().Leaf(signing, wasitlstest.KeyUsage(x509.KeyUsageKeyAgreement))), "ocsp", "key is not for signatures"},
		demand{"until a minute ago", mustStaple, by(ca().Leaf(signing, wasitlstest.Expired())), "ocsp", "it is valid from"},
		demand{"from in an hour", mustStaple, by(ca().Leaf(signing, wasitlstest.NotYetValid())), "ocsp", "it is valid from"},
		demand{"unknown critical extension", mustStaple, by(ca().Leaf(signing, wasitlstest.WithExtension(true, 1, 2, 3, 4))), "ocsp", "critical extension 1.2.3.4"},
		demand{"by another authority", mustStaple, by(other.Leaf(signing)), "ocsp", "x509"},
		demand{"by an authority below", mustStaple, by(ca().Intermediate().Leaf(signing)), "ocsp", "another issuer has issued it"},
		demand{"by itself", mustStaple, by(ca().Leaf(signing, wasitlstest.SelfSigned())), "ocsp", "another issuer has issued it"},
		demand{"with SHA-1", mustStaple, by(ca().Leaf(signing, wasitlstest.Modify(func(c *x509.Certificate) { c.SignatureAlgorithm = x509.ECDSAWithSHA1 }))), "ocsp", "insecure algorithm"},
		demand{"and withdrawn", func(r *wasitls.Rule) {
			r.OCSP, r.CRLs = wasitls.OCSPMustStaple, []*x509.RevocationList{ca().CRL([]tls.Certificate{withdrawn})}
		}, by(withdrawn), "ocsp", "was revoked by its issuer"},
	)
}

// TestOCSPState: the state tells of a response that was looked at.
func TestOCSPState(t *testing.T) {
	leaf := ca().Leaf()
	server := wasitlstest.Staple(leaf, ca().OCSP(leaf))
	for _, row := range []struct {
		mode   wasitls.OCSPMode
		server *tls.Config
		state  string
	}{
		{wasitls.OCSPOff, server, ""},
		{wasitls.OCSPPrefer, server, "good"},
		{wasitls.OCSPPrefer, serving(leaf), ""},
		{wasitls.OCSPMustStaple, server, "good"},
	} {
		conn := connect(t, ruled(func(r *wasitls.Rule) { r.OCSP = row.mode }), wasitlstest.Peer{Config: row.server}.Pipe())
		want(t, row.mode.String(), conn.Conn.State().OCSP, row.state)
	}
}

func lists(l ...*x509.RevocationList) func(*wasitls.Rule) {
	return func(r *wasitls.Rule) { r.CRLs = l }
}

// TestCRLs: every certificate but the root is looked up in its issuer's list.
func TestCRLs(t *testing.T) {
	middle := ca().Intermediate()
	leaf, other := middle.Leaf(), middle.Leaf()
	ofMiddle := tls.Certificate{Certificate: [][]byte{middle.Certificate.Raw}}
	type certs = []tls.Certificate
	namesake := wasitlstest.NewCA().Intermediate() // another key with that name
	mute := ca().Intermediate(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	forged := *middle.CRL(nil)
	forged.Signature = append([]byte{}, forged.Signature...)
	forged.Signature[len(forged.Signature)-1] ^= 1
	ofMute := *middle.CRL(nil) // of its name and key, by force
	ofMute.AuthorityKeyId = mute.Certificate.SubjectKeyId
	demands(t,
		demand{"on no list", lists(ca().CRL(nil), middle.CRL(certs{other})), serving(leaf), "", ""},
		demand{"revoked", lists(middle.CRL(certs{other, leaf})), serving(leaf), "crls", "was revoked by its issuer at "},
		demand{"the intermediate revoked", lists(ca().CRL(certs{ofMiddle})), serving(leaf), "crls", "wasitls test intermediate"},
		demand{"the serial number on the root's list", lists(ca().CRL(certs{leaf})), serving(leaf), "", ""},
		demand{"on the list of an older key", lists(namesake.CRL(certs{leaf})), serving(leaf), "", ""},
		demand{"on one of two lists", lists(middle.CRL(nil), middle.CRL(certs{leaf})), serving(leaf), "crls", "was revoked"},
		demand{"no list of the issuer", lists(wasitlstest.NewCA().CRL(certs{leaf})), serving(leaf), "", ""},
		demand{"a forged list", lists(&forged), serving(leaf), "crls", "is not signed by its key"},
		demand{"a forged list beside a good one", lists(&forged, middle.CRL(nil)), serving(leaf), "", ""},
		demand{"an issuer that signs no lists", lists(&ofMute), serving(mute.Leaf()), "crls", "is not signed by its key"},
	)
}

// TestCRLsOverTime: a list that has expired since the policy was made refuses.
func TestCRLsOverTime(t *testing.T) {
	list := ca().CRL(nil, func(l *x509.RevocationList) { l.NextUpdate = hours(2) })
	c := ruled(lists(list))
	now := time.Now()
	c.Time = func() time.Time { return now }
	g := guest(t, c)
	try := func() error {
		conn, err := g.Start(wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name).Wait(timeout(t))
		if err == nil {
			closeNow(t, conn)
		}
		return err
	}
	noError(t, try())
	now = now.Add(3 * time.Hour)
	refusedFor(t, try(), "crls", "has expired at ")
	noError(t, g.Client().SetPolicy(ruled(lists(ca().CRL(nil))).Policy))
	noError(t, try())
}

// TestCRLsThatAreNoLists: what is wrong with a list by itself is an error of
// the policy.
func TestCRLsThatAreNoLists(t *testing.T) {
	critical := func(critical bool, id ...int) []pkix.Extension {
		return []pkix.Extension{{Id: id, Critical: critical, Value: []byte{5, 0}}}
	}
	for _, row := range []struct {
		text   string
		change func(*x509.RevocationList)
	}{
		{"has expired at ", func(l *x509.RevocationList) { l.NextUpdate = time.Now().Add(-time.Second) }},
		{"holds from ", func(l *x509.RevocationList) { l.ThisUpdate, l.NextUpdate = hours(1), hours(2) }},
		{"a delta list", func(l *x509.RevocationList) { l.ExtraExtensions = critical(true, 2, 5, 29, 27) }},
		{"issuing distribution point", func(l *x509.RevocationList) { l.ExtraExtensions = critical(true, 2, 5, 29, 28) }},
		{"issuing distribution point", func(l *x509.RevocationList) { l.ExtraExtensions = critical(false, 2, 5, 29, 28) }},
		{"unknown critical extension 1.2.3.4", func(l *x509.RevocationList) { l.ExtraExtensions = critical(true, 1, 2, 3, 4) }},
		{"has a critical extension", func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].ExtraExtensions = critical(true, 2, 5, 29, 29)
		}},
		{"ECDSA-SHA1, which is not secure", func(l *x509.RevocationList) { l.SignatureAlgorithm = x509.ECDSAWithSHA1 }},
	} {
		p := wasitls.Trust(ca().Pool())
		p.Rules[0].CRLs = []*x509.RevocationList{ca().CRL(nil), ca().CRL([]tls.Certificate{ca().Leaf()}, row.change)}
		err := p.Validate(time.Now())
		var field *wasitls.FieldError
		if !errors.As(err, &field) || field.Field != "rules[0].crls[1]" || !strings.Contains(err.Error(), row.text) {
			t.Errorf("error does not say %q: %v", row.text, err)
		}
	}
	p := wasitls.Trust(ca().Pool())
	p.Rules[0].CRLs = []*x509.RevocationList{{NextUpdate: hours(1)}}
	says(t, p.Validate(time.Now()), "rules[0].crls[0]: not a parsed list")
	p.Rules[0].CRLs = []*x509.RevocationList{ca().CRL(nil, func(l *x509.RevocationList) { l.ExtraExtensions = critical(false, 1, 2, 3, 4) })}
	noError(t, p.Validate(time.Now()))
}

// TestResumptionAfterRevocation: a list that has expired refuses resumption.
func TestResumptionAfterRevocation(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		server := serverWith(func(s *tls.Config) { s.MinVersion, s.MaxVersion = version, version })
		var resumed atomic.Bool
		c := ruled(lists(ca().CRL(nil, func(l *x509.RevocationList) { l.NextUpdate = hours(2) })))
		c.Policy.Rules[0].Resumption = true
		c.Provider = careless{func(c *tls.Config) {
			verify := c.VerifyConnection
			c.VerifyConnection = func(s tls.ConnectionState) error {
				resumed.Store(s.DidResume)
				return verify(s)
			}
		}}
		var late atomic.Bool
		c.Time = func() time.Time {
			if late.Load() {
				return hours(3)
			}
			return time.Now()
		}
		g := guest(t, c)
		conn, err := g.Start(wasitlstest.Peer{Config: server, Handle: wasitlstest.Say("hello")}.Pipe(), wasitlstest.Name).Wait(timeout(t))
		noError(t, err)
		_, err = readAll(t, wasitlstest.NewBlocking(conn))
		noError(t, err)
		closeNow(t, conn)
		late.Store(true)
		_, err = g.Start(wasitlstest.Peer{Config: server}.Pipe(), wasitlstest.Name).Wait(timeout(t))
		refusedFor(t, err, "crls", "has expired at ")
		want(t, "resumed", resumed.Load(), true)
	}
}

// TestResumptionIsVerified: what was stapled to the first handshake is checked
// again when the session is resumed, as are the lists. The handshake after one
// that was refused is a full one.
func TestResumptionIsVerified(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		leaf := ca().Leaf()
		server := wasitlstest.Staple(leaf, ca().OCSP(leaf, func(r *ocsp.Response) { r.NextUpdate = hours(2) }))
		server.MinVersion, server.MaxVersion = version, version
		c := ruled(func(r *wasitls.Rule) {
			r.Resumption, r.OCSP, r.Profile = true, wasitls.OCSPMustStaple, wasitls.ProfileGo
			r.Pins, r.CRLs = []wasitls.Pin{wasitls.PinOf(ca().Certificate)}, []*x509.RevocationList{ca().CRL(nil)}
		})
		now := time.Now()
		c.Time = func() time.Time { return now }
		server.Time = c.Time
		g := guest(t, c)
		visit := func(resumed bool) error {
			conn, err := g.Start(wasitlstest.Peer{Config: server, Handle: wasitlstest.Say("hello")}.Pipe(), wasitlstest.Name).Wait(timeout(t))
			if err != nil {
				return err
			}
			_, err = readAll(t, wasitlstest.NewBlocking(conn)) // the ticket comes before the end
			noError(t, err)
			want(t, tls.VersionName(version)+" resumed", conn.State().Resumed, resumed)
			want(t, "OCSP", conn.State().OCSP, "good")
			closeNow(t, conn)
			return nil
		}
		noError(t, visit(false))
		noError(t, visit(true))
		now = now.Add(3 * time.Hour)
		refusedFor(t, visit(true), "ocsp", "has expired at ")
		server.Certificates[0].OCSPStaple = ca().OCSP(leaf)
		noError(t, visit(false))
		noError(t, visit(true))
	}
}
