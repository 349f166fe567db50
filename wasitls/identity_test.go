package wasitls_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// identity returns one with that key, and its chain.
func identity(t *testing.T, key crypto.Signer, options ...wasitlstest.Option) (*wasitls.Identity, []*x509.Certificate) {
	t.Helper()
	leaf := ca().Intermediate().Leaf(append(options, wasitlstest.Key(key))...)
	var chain []*x509.Certificate
	for _, der := range leaf.Certificate {
		c, err := x509.ParseCertificate(der)
		noError(t, err)
		chain = append(chain, c)
	}
	i, err := wasitls.NewIdentity(chain, key)
	noError(t, err)
	return i, chain
}

// publicOnly is a key that cannot be compared.
type publicOnly struct{}

func (publicOnly) Public() crypto.PublicKey { return "a key" }

func (publicOnly) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) { return nil, nil }

func TestNewIdentity(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	_, other, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	i, chain := identity(t, key)
	want(t, "certificate", i.Certificate(), chain[0])
	for _, row := range []struct {
		chain []*x509.Certificate
		key   crypto.Signer
		text  string
	}{
		{nil, key, "no certificate"},
		{[]*x509.Certificate{nil}, key, "no certificate"},
		{[]*x509.Certificate{chain[0], nil}, key, "no certificate"},
		{chain, nil, "no key"},
		{chain, other, "the key is not that of the certificate"},
		{chain, publicOnly{}, "the key is not that of the certificate"},
		{chain[1:], key, "the key is not that of the certificate"},
	} {
		i, err := wasitls.NewIdentity(row.chain, row.key)
		if i != nil || err == nil {
			t.Fatalf("made an identity: want %q", row.text)
		}
		says(t, err, "wasitls: identity: "+row.text)
	}
}

// TestIdentityTimes: an identity that is of no use now is an error of the policy.
func TestIdentityTimes(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	for text, i := range map[string]*wasitls.Identity{
		"expired":          first(identity(t, key, wasitlstest.Expired())),
		"not valid before": first(identity(t, key, wasitlstest.NotYetValid())),
		"no certificate":   {},
	} {
		p := &wasitls.Policy{Default: wasitls.Deny, Identities: map[string]*wasitls.Identity{"me": i}}
		err := p.Validate(time.Now())
		want(t, "an error", err != nil, true)
		says(t, err, "identities.me: ")
		says(t, err, text)
	}
}

func first[T, U any](v T, _ U) T { return v }

// TestIdentityIsPrintedWithoutKey: whatever prints an identity, or what it is
// in, prints nothing of the key.
func TestIdentityIsPrintedWithoutKey(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	noError(t, err)
	scalar, err := curve.Bytes()
	noError(t, err)
	factors, err := rsa.GenerateKey(rand.Reader, 2048)
	noError(t, err)
	for _, row := range []struct {
		key    crypto.Signer
		secret []byte
	}{{edwards, edwards.Seed()}, {curve, scalar}, {factors, factors.Primes[0].Bytes()}} {
		i, chain := identity(t, row.key)
		fingerprint := wasitls.Fingerprint(chain[0])
		hidden := struct{ inner wasitls.Identity }{*i}
		policy := wasitls.Policy{Identities: map[string]*wasitls.Identity{"me": i}}
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			named := fmt.Sprintf(verb, i)
			if verb != "%T" && !strings.Contains(named, fingerprint) {
				t.Errorf("%s of an identity is %q", verb, named)
			}
			for _, text := range []string{named, fmt.Sprintf(verb, *i), fmt.Sprintf(verb, policy), fmt.Sprintf(verb, &policy), fmt.Sprintf(verb, hidden)} {
				withoutKey(t, verb, text, row.secret)
			}
		}
		for _, v := range []any{i, *i, policy, hidden} {
			text, err := json.Marshal(v)
			noError(t, err)
			withoutKey(t, "JSON", string(text), row.secret)
			var log bytes.Buffer
			slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v)
			slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v)
			withoutKey(t, "slog", log.String(), row.secret)
		}
	}
	want(t, "of none", fmt.Sprint(wasitls.Identity{}), "no identity")
	want(t, "of nil", fmt.Sprint((*wasitls.Identity)(nil)), "<nil>")
}

// withoutKey looks for some bytes of a key as any verb may show them.
func withoutKey(t *testing.T, how, text string, secret []byte) {
	t.Helper()
	part := secret[4:12]
	decimal := strings.Trim(fmt.Sprint(part), "[]")
	for _, form := range []string{
		string(part), hex.EncodeToString(part), strings.ToUpper(hex.EncodeToString(part)),
		decimal, strings.ReplaceAll(decimal, " ", ","), strings.Trim(fmt.Sprintf("%#v", part), "[]byte{}"),
		fmt.Sprintf("% x", part),
	} {
		if strings.Contains(text, form) {
			t.Errorf("%s shows the key: %q", how, text)
		}
	}
}
