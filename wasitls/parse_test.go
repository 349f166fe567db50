package wasitls_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

func TestParsePin(t *testing.T) {
	key, err := x509.MarshalPKIXPublicKey(ca().Certificate.PublicKey)
	noError(t, err)
	sum := sha256.Sum256(key)
	text := "sha256/" + base64.StdEncoding.EncodeToString(sum[:])
	pin, err := wasitls.ParsePin(text)
	noError(t, err)
	want(t, "pin", pin, wasitls.Pin(sum))
	want(t, "of the certificate", wasitls.PinOf(ca().Certificate), pin)
	want(t, "text", pin.String(), text)

	digest := strings.TrimPrefix(text, "sha256/")
	for _, bad := range []string{
		"", "sha256/", digest, "sha1/" + digest, "SHA256/" + digest, "sha256//" + digest, text + "=", text + "\n", " " + text,
		strings.TrimSuffix(text, "="), "sha256/" + digest[:20] + "\n" + digest[20:], "sha256/" + base64.StdEncoding.EncodeToString(sum[:31]),
		"sha256/" + base64.URLEncoding.EncodeToString(append([]byte{0xff, 0xff}, sum[2:]...)),
		"sha256/" + strings.Repeat("A", 42) + "B=", // bits beyond the digest
		strings.Repeat("x", 1<<20),
	} {
		got, err := wasitls.ParsePin(bad)
		if err == nil {
			t.Errorf("%q is taken for %v", bad, got)
			continue
		}
		says(t, err, "44 characters of base64")
		want(t, "bounded", len(err.Error()) < 300, true)
	}
}

func TestGroupNames(t *testing.T) {
	for name, id := range map[string]tls.CurveID{
		"X25519MLKEM768": 4588, "SecP256r1MLKEM768": 4587, "SecP384r1MLKEM1024": 4589,
		"x25519": 29, "secp256r1": 23, "secp384r1": 24, "secp521r1": 25,
	} {
		want(t, "name", wasitls.GroupName(id), name)
		for _, text := range []string{name, strings.ToUpper(name), strings.ToLower(name)} {
			got, err := wasitls.ParseGroup(text)
			noError(t, err)
			want(t, text, got, id)
		}
	}
	want(t, "of none", wasitls.GroupName(0x11ff), "0x11ff")
	for _, bad := range []string{"", "P-256", "x448", "0x001d", strings.Repeat("x", 1<<20)} {
		_, err := wasitls.ParseGroup(bad)
		if err == nil {
			t.Fatalf("%q is a group", bad)
		}
		says(t, err, "is none of X25519MLKEM768, ")
		want(t, "bounded", len(err.Error()) < 400, true)
	}
}

// TestTrust: a pool and no other authority, or the system's.
func TestTrust(t *testing.T) {
	peer := wasitlstest.Peer{Config: good()}
	connect(t, wasitls.Config{Policy: wasitls.Trust(ca().Pool())}, peer.Pipe())
	for _, pool := range []*x509.CertPool{nil, x509.NewCertPool(), wasitlstest.NewCA().Pool()} {
		fails(t, wasitls.Config{Policy: wasitls.Trust(pool)}, peer.Pipe(), wasitlstest.Name, wasitls.ClassCertificate)
	}
}

// TestRootsBase: certificates are added to a base, and do not stay there for
// other rules.
func TestRootsBase(t *testing.T) {
	peer := wasitlstest.Peer{Config: good()}
	for _, base := range []wasitls.Base{wasitls.BaseSystem, wasitls.BaseMozilla, wasitls.BaseNone} {
		with := ruled(func(r *wasitls.Rule) {
			r.Roots = wasitls.Roots{Base: base, Certificates: []*x509.Certificate{ca().Certificate}}
		})
		connect(t, with, peer.Pipe())
		if base != wasitls.BaseNone {
			without := ruled(func(r *wasitls.Rule) { r.Roots = wasitls.Roots{Base: base} })
			fails(t, without, peer.Pipe(), wasitlstest.Name, wasitls.ClassCertificate)
		}
	}
}
