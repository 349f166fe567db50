package wasitls

import (
	"crypto"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// Identity is a client certificate with its key. The key stays in here: it is
// in no text, log or error, and guests have no way to it. NewIdentity makes
// one; a policy with the zero value is invalid.
type Identity struct {
	// A function, since nothing that prints by reflection looks into one: for
	// some verbs package fmt follows even pointers. Nil in the zero value.
	certificate func() *tls.Certificate
}

// NewIdentity returns an identity of a certificate, followed by those that
// link it to an authority the server knows, and of its key: of package crypto,
// or in hardware or a service. It fails if the key is not that of the
// certificate.
func NewIdentity(chain []*x509.Certificate, key crypto.Signer) (*Identity, error) {
	if len(chain) == 0 || slices.Contains(chain, nil) {
		return nil, errors.New("wasitls: identity: no certificate")
	}
	if key == nil {
		return nil, errors.New("wasitls: identity: no key")
	}
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !public.Equal(chain[0].PublicKey) {
		return nil, errors.New("wasitls: identity: the key is not that of the certificate")
	}
	c := &tls.Certificate{PrivateKey: key, Leaf: chain[0]}
	for _, x := range chain {
		c.Certificate = append(c.Certificate, x.Raw)
	}
	return &Identity{func() *tls.Certificate { return c }}, nil
}

// Certificate returns the certificate, without its key; nil of the zero value.
func (i Identity) Certificate() *x509.Certificate {
	if i.certificate == nil {
		return nil
	}
	return i.certificate().Leaf
}

// valid tells why the certificate is of no use at that time.
func (i *Identity) valid(now time.Time) error {
	c := i.certificate().Leaf
	switch {
	case now.After(c.NotAfter):
		return fmt.Errorf("the certificate has expired on %s", c.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(c.NotBefore):
		return fmt.Errorf("the certificate is not valid before %s", c.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// Fingerprint returns the SHA-256 digest of a certificate in hexadecimal, of
// small letters and without colons.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// String names the certificate.
func (i Identity) String() string {
	c := i.Certificate()
	if c == nil {
		return "no identity"
	}
	return printable(fmt.Sprintf("%s (sha256 %s)", c.Subject, Fingerprint(c)))
}

// Format implements fmt.Formatter: no verb reaches the key.
func (i Identity) Format(f fmt.State, _ rune) { fmt.Fprint(f, i.String()) }

// LogValue implements slog.LogValuer.
func (i Identity) LogValue() slog.Value { return slog.StringValue(i.String()) }

// MarshalText implements encoding.TextMarshaler, for whatever prints by it.
func (i Identity) MarshalText() ([]byte, error) { return []byte(i.String()), nil }
