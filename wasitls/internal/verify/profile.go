package verify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// Bounds of the profile.
const (
	minRSA = 2048 // bits
	maxRSA = 8192 // bits: crypto/tls verifies no longer ones

	// maxSerial is the longest positive number in 20 octets, in bits
	// (RFC 5280, section 4.1.2.2).
	maxSerial = 20*8 - 1
)

var (
	commonName     = asn1.ObjectIdentifier{2, 5, 4, 3}
	extKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	subjectAltName = asn1.ObjectIdentifier{2, 5, 29, 17}
	subjectKeyID   = asn1.ObjectIdentifier{2, 5, 29, 14}
	authorityKeyID = asn1.ObjectIdentifier{2, 5, 29, 35}
)

// profile demands what public authorities must keep (CA/Browser Forum,
// Baseline Requirements for TLS Server Certificates, section 7.1; RFC 5280)
// and crypto/x509 does not ask for.
func (d *Demands) profile(chain []*x509.Certificate, _ *Peer) error {
	if !d.Strict {
		return nil
	}
	if err := server(chain[0]); err != nil {
		return fmt.Errorf("the server's certificate: %w", err)
	}
	for i, c := range chain {
		root := i > 0 && i == len(chain)-1
		if err := common(c, i == 0, root); err != nil {
			return fmt.Errorf("certificate %s: %w", named(c), err)
		}
	}
	return nil
}

// common checks what concerns every certificate of a chain. Of roots it looks at
// the key only: the host has chosen them, and some that Mozilla trusts have the
// serial number 0, or lack a subject key identifier.
func common(c *x509.Certificate, leaf, root bool) error {
	if err := key(c); err != nil || root {
		return err
	}
	for _, id := range []asn1.ObjectIdentifier{subjectKeyID, authorityKeyID} {
		if critical(c, id) {
			return errors.New("a key identifier is critical")
		}
	}
	switch {
	case !leaf && len(c.SubjectKeyId) == 0:
		return errors.New("no subject key identifier")
	case len(c.AuthorityKeyId) == 0:
		return errors.New("no authority key identifier")
	case c.SerialNumber.Sign() <= 0:
		return errors.New("the serial number is not positive")
	case c.SerialNumber.BitLen() > maxSerial:
		return errors.New("the serial number is longer than 20 octets")
	}
	return nil
}

// key checks kind and size of a public key.
func key(c *x509.Certificate) error {
	if c.PublicKeyAlgorithm == x509.DSA {
		return errors.New("a DSA key")
	}
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		switch bits := k.N.BitLen(); {
		case bits < minRSA || bits > maxRSA || bits%8 != 0:
			return fmt.Errorf("an RSA key of %d bits, not of %d to %d in whole octets", bits, minRSA, maxRSA)
		case k.E < 3 || k.E%2 == 0:
			return fmt.Errorf("an RSA key with the exponent %d", k.E)
		}
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P224() {
			return errors.New("a key on the curve P-224")
		}
	}
	return nil
}

// server checks what concerns leaves.
func server(c *x509.Certificate) error {
	switch {
	case c.IsCA:
		return errors.New("it is that of an authority")
	case c.KeyUsage&x509.KeyUsageCertSign != 0:
		return errors.New("its key may sign certificates")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New("its key may not sign handshakes (RFC 8446, section 4.4.2.2)")
	case len(c.ExtKeyUsage) == 0 && len(c.UnknownExtKeyUsage) == 0:
		return errors.New("it does not say what it is for (extended key usage)")
	case slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageAny):
		return errors.New("it says to be for any purpose (extended key usage)")
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageServerAuth):
		return errors.New("it is not for servers (extended key usage)")
	case critical(c, extKeyUsage):
		return errors.New("its extended key usage is critical")
	case !slices.ContainsFunc(c.Extensions, func(x pkix.Extension) bool { return x.Id.Equal(subjectAltName) }):
		return errors.New("it has no subject alternative names")
	}
	for _, a := range c.Subject.Names {
		if a.Type.Equal(commonName) {
			if name, ok := a.Value.(string); !ok || !isAlternative(c, name) {
				return fmt.Errorf("its common name %.64q is none of its alternative names", fmt.Sprint(a.Value))
			}
		}
	}
	for _, name := range c.DNSNames {
		if domain, ok := strings.CutPrefix(name, "*."); ok && isPublic(domain) {
			return fmt.Errorf("it is for %.64q, which is everything below a public suffix", name)
		}
	}
	return nil
}

// isAlternative tells whether a common name repeats an alternative name, letter
// by letter.
func isAlternative(c *x509.Certificate, name string) bool {
	return slices.Contains(c.DNSNames, name) || slices.ContainsFunc(c.IPAddresses, func(ip net.IP) bool { return ip.String() == name })
}

// isPublic tells whether names below a domain belong to different owners, by
// the registry of the top-level domain. What the owner of a domain has put on
// the list, such as github.io, may well have one certificate for all.
func isPublic(domain string) bool {
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	suffix, registry := publicsuffix.PublicSuffix(domain)
	return suffix == domain && (registry || !strings.Contains(domain, "."))
}

func critical(c *x509.Certificate, id asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(c.Extensions, func(x pkix.Extension) bool { return x.Critical && x.Id.Equal(id) })
}
