package interop

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestRevocationByOpenSSL: OCSP responses and revocation lists that openssl
// has made mean what they say.
func TestRevocationByOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed (package openssl)")
	}
	ca := wasitlstest.NewCA()
	o := authority{t: t, openssl: openssl, dir: t.TempDir()}
	named := wasitlstest.Modify(func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: wasitlstest.Name} })
	valid, revoked, unknown := ca.Leaf(named), ca.Leaf(named), ca.Leaf(named)
	o.keep("ca", ca.Identity())
	o.keep("responder", ca.Leaf(wasitlstest.Usage(x509.ExtKeyUsageOCSPSigning), wasitlstest.RSA(2048)))
	o.index(valid, revoked)

	check := func(what, field, text string, leaf tls.Certificate, change func(*wasitls.Rule)) {
		t.Helper()
		policy := wasitls.Trust(ca.Pool())
		policy.Rules[0].Profile = wasitls.ProfileWebPKI
		change(&policy.Rules[0])
		client, err := wasitls.NewClient(wasitls.Config{Policy: policy})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		peer := wasitlstest.Peer{Config: &tls.Config{Certificates: []tls.Certificate{leaf}}}
		conn, err := client.NewGuest(wasitls.GuestConfig{}).Handshake(t.Context(), peer.Pipe(), wasitlstest.Name)
		if err == nil {
			conn.Close()
			<-conn.Done()
		}
		var refused *wasitls.VerificationError
		switch {
		case text == "" && err == nil:
		case text != "" && errors.As(err, &refused) && refused.Field == field && strings.Contains(err.Error(), text):
		default:
			t.Errorf("%s: want %q, got %v", what, text, err)
		}
	}

	for _, signer := range [][]string{
		{"-rsigner", "ca.pem", "-rkey", "ca.key"},
		{"-rsigner", "ca.pem", "-rkey", "ca.key", "-resp_no_certs"},
		{"-rsigner", "ca.pem", "-rkey", "ca.key", "-resp_key_id", "-resp_no_certs"},
		{"-rsigner", "responder.pem", "-rkey", "responder.key"},
		{"-rsigner", "responder.pem", "-rkey", "responder.key", "-resp_key_id", "-rmd", "sha512"},
	} {
		for _, c := range []struct {
			what string
			leaf tls.Certificate
			text string
		}{{"valid", valid, ""}, {"revoked", revoked, "was revoked at"}, {"unknown", unknown, "does not know"}} {
			c.leaf.OCSPStaple = o.respond(c.leaf, signer...)
			check(fmt.Sprint(c.what, " ", signer), "ocsp", c.text, c.leaf, func(r *wasitls.Rule) { r.OCSP = wasitls.OCSPMustStaple })
		}
	}
	list := o.list()
	for _, c := range []struct {
		what string
		leaf tls.Certificate
		text string
	}{{"valid", valid, ""}, {"revoked", revoked, "was revoked by its issuer at"}} {
		check(c.what+" by list", "crls", c.text, c.leaf, func(r *wasitls.Rule) { r.CRLs = []*x509.RevocationList{list} })
	}
}

// authority is a folder in which openssl acts for one.
type authority struct {
	t       *testing.T
	openssl string
	dir     string
}

func (o *authority) run(args ...string) {
	o.t.Helper()
	cmd := exec.CommandContext(o.t.Context(), o.openssl, args...)
	cmd.Dir = o.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		o.t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
}

func (o *authority) write(name string, b []byte) {
	o.t.Helper()
	if err := os.WriteFile(filepath.Join(o.dir, name), b, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

func (o *authority) read(name string) []byte {
	o.t.Helper()
	b, err := os.ReadFile(filepath.Join(o.dir, name))
	if err != nil {
		o.t.Fatal(err)
	}
	return b
}

func (o *authority) keep(name string, c tls.Certificate) {
	o.t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		o.t.Fatal(err)
	}
	o.write(name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]}))
	o.write(name+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))
}

// index writes what openssl knows of certificates, in the format of its
// command ca.
func (o *authority) index(valid, revoked tls.Certificate) {
	o.t.Helper()
	stamp := func(d time.Duration) string { return time.Now().UTC().Add(d).Format("060102150405Z") }
	serial := func(c tls.Certificate) string {
		x, err := x509.ParseCertificate(c.Certificate[0])
		if err != nil {
			o.t.Fatal(err)
		}
		hex := fmt.Sprintf("%X", x.SerialNumber)
		if len(hex)%2 == 1 {
			hex = "0" + hex
		}
		return hex
	}
	o.write("index.txt", fmt.Appendf(nil, "V\t%s\t\t%s\tunknown\t/CN=a\nR\t%s\t%s,keyCompromise\t%s\tunknown\t/CN=b\n",
		stamp(24*time.Hour), serial(valid), stamp(24*time.Hour), stamp(-time.Hour), serial(revoked)))
}

// respond returns what openssl ocsp answers for a certificate.
func (o *authority) respond(c tls.Certificate, signer ...string) []byte {
	o.t.Helper()
	o.keep("leaf", c)
	o.run("ocsp", "-issuer", "ca.pem", "-cert", "leaf.pem", "-no_nonce", "-reqout", "request")
	o.run(append([]string{"ocsp", "-index", "index.txt", "-CA", "ca.pem", "-reqin", "request", "-respout", "response", "-ndays", "1"}, signer...)...)
	return o.read("response")
}

// list returns what openssl ca makes of its index.
func (o *authority) list() *x509.RevocationList {
	o.t.Helper()
	o.write("crlnumber", []byte("01\n"))
	o.write("ca.cnf", []byte("[ca]\ndefault_ca = this\n[this]\ndatabase = index.txt\ncrlnumber = crlnumber\ndefault_md = sha256\ncrl_extensions = crl\n[crl]\nauthorityKeyIdentifier = keyid:always\n"))
	o.run("ca", "-config", "ca.cnf", "-gencrl", "-cert", "ca.pem", "-keyfile", "ca.key", "-crldays", "1", "-out", "list.pem")
	block, _ := pem.Decode(o.read("list.pem"))
	if block == nil {
		o.t.Fatal("openssl ca made no list")
	}
	list, err := x509.ParseRevocationList(block.Bytes)
	if err != nil {
		o.t.Fatal(err)
	}
	return list
}
