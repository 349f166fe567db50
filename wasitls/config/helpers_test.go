package config

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// password is of the PKCS#12 files of these tests. It must be in no error.
const password = "correct-horse-battery-staple"

// write makes files in a folder of their own, which only this user can read,
// and returns it.
func write(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// load reads a configuration that stands beside the files of material.
func load(t testing.TB, text string) (*File, error) {
	t.Helper()
	dir := write(t, material())
	name := filepath.Join(dir, "wasitls.yaml")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "open.key"), 0o640); err != nil {
		t.Fatal(err)
	}
	return Load(name, Options{LookupEnv: environment})
}

// environment has what the files of these tests may name.
func environment(name string) (string, bool) {
	value, ok := map[string]string{
		"CERT": material()["me.pem"], "KEY": material()["me.key"], "PASSWORD": password, "EMPTY": "",
	}[name]
	return value, ok
}

func block(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// material are files with certificates and keys, good and bad.
var material = sync.OnceValue(func() map[string]string {
	ca := wasitlstest.NewCA()
	client := wasitlstest.Usage(x509.ExtKeyUsageClientAuth)
	me := ca.Intermediate().Leaf(client)
	other := ca.Leaf(client, wasitlstest.RSA(2048))
	pkcs8 := func(key any) string { return block("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(key))) }
	chain := func(ders [][]byte) string {
		var b strings.Builder
		for _, der := range ders {
			b.WriteString(block("CERTIFICATE", der))
		}
		return b.String()
	}
	leaf := must(x509.ParseCertificate(me.Certificate[0]))
	issuer := must(x509.ParseCertificate(me.Certificate[1]))
	revoked := func(until time.Duration) []byte {
		return must(x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
			Number: big.NewInt(1), ThisUpdate: time.Now().Add(-2 * time.Hour), NextUpdate: time.Now().Add(until),
		}, signing(ca.Certificate), me.PrivateKey.(*ecdsa.PrivateKey)))
	}
	list := revoked(time.Hour)
	rsaKey := other.PrivateKey.(*rsa.PrivateKey)
	return map[string]string{
		"ca.pem": string(ca.PEM()), "me.pem": chain(me.Certificate), "me.key": pkcs8(me.PrivateKey),
		"sec1.key":  block("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(me.PrivateKey.(*ecdsa.PrivateKey)))),
		"other.pem": chain(other.Certificate), "pkcs1.key": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey)),
		"two.key":       pkcs8(me.PrivateKey) + pkcs8(rsaKey),
		"open.key":      pkcs8(me.PrivateKey),
		"encrypted.key": block("ENCRYPTED PRIVATE KEY", []byte("secret")),
		"legacy.key":    "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n",
		"broken.key":    block("PRIVATE KEY", []byte("secret")),
		"broken.pem":    block("CERTIFICATE", []byte("nothing")),
		"torn.pem":      string(ca.PEM()) + "-----BEGIN CERTIFICATE-----\nMIIB\n",
		"empty.pem":     "", "large.pem": strings.Repeat("x", MaxCertificates+1),
		"expired.pem": chain(ca.Leaf(client, wasitlstest.Expired(), wasitlstest.Key(rsaKey)).Certificate),
		"early.pem":   chain(ca.Leaf(client, wasitlstest.NotYetValid(), wasitlstest.Key(rsaKey)).Certificate),
		"me.p12":      string(must(pkcs12.Modern.Encode(me.PrivateKey, leaf, []*x509.Certificate{issuer}, password))),
		"legacy.p12":  string(must(pkcs12.LegacyRC2.Encode(me.PrivateKey, leaf, nil, password))),
		"bare.p12":    string(must(pkcs12.Passwordless.Encode(me.PrivateKey, leaf, nil, ""))),
		"password":    password + "\n",
		"list.crl":    string(list), "list.pem": block("X509 CRL", list),
		"lists.pem": block("X509 CRL", list) + block("X509 CRL", revoked(-time.Hour)),
	}
})

// signing returns a copy of an authority's certificate that may sign lists.
func signing(c *x509.Certificate) *x509.Certificate {
	issuer := *c
	issuer.KeyUsage |= x509.KeyUsageCRLSign
	issuer.SubjectKeyId = []byte{1}
	return &issuer
}
