package verify

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/ocsp"
)

// Staple says what to do with the OCSP response that a peer has stapled.
type Staple uint8

// What to do with it.
const (
	Ignore  Staple = iota
	Prefer         // it must be good if there is one; the certificate may demand one (RFC 7633)
	Require        // it must be there and be good
)

// maxStaple bounds a response, in bytes. One with a certificate has 1 to 3 KiB.
const maxStaple = 32 << 10

// staple checks the response for the leaf (RFC 6960, section 3.2).
func (d *Demands) staple(chain []*x509.Certificate, p *Peer) error {
	leaf, issuer := chain[0], chain[min(1, len(chain)-1)]
	switch {
	case d.Staple == Ignore:
		return nil
	case len(p.Staple) > maxStaple:
		return fmt.Errorf("the stapled response has %d bytes, more than %d", len(p.Staple), maxStaple)
	case len(p.Staple) > 0:
	case d.Staple == Require:
		return errors.New("the server has stapled no OCSP response, which the rule requires")
	case demandsStaple(leaf):
		return errors.New("the server has stapled no OCSP response, which its certificate requires (must-staple)")
	default:
		return nil
	}
	if err := affordable(p.Staple); err != nil {
		return err
	}
	// Without an issuer, which x/crypto/ocsp takes for the signer of whatever
	// certificate comes along: it looks neither at that certificate's purpose
	// nor at its dates, nor for whose certificates the response is.
	r, err := ocsp.ParseResponseForCert(p.Staple, leaf, nil)
	if err != nil {
		return fmt.Errorf("the stapled response is of no use: %w", err)
	}
	if err := concerns(r, leaf, issuer); err != nil {
		return err
	}
	if err := d.signer(r, issuer, p.Now); err != nil {
		return err
	}
	if err := fresh("the stapled response", r.ThisUpdate, r.NextUpdate, p.Now); err != nil {
		return err
	}
	switch r.Status {
	case ocsp.Good:
		return nil
	case ocsp.Revoked:
		return fmt.Errorf("the server's certificate, serial number %x, was revoked at %s", leaf.SerialNumber, utc(r.RevokedAt))
	default:
		return fmt.Errorf("the responder does not know the server's certificate, serial number %x", leaf.SerialNumber)
	}
}

// affordable refuses a response whose signature would take long to verify:
// x/crypto/ocsp does that with the key of whatever certificate comes along,
// however large it is, before anybody has asked whether it may sign.
func affordable(staple []byte) error {
	var response struct {
		Status   asn1.Enumerated
		Response struct {
			Type  asn1.ObjectIdentifier
			Basic []byte
		} `asn1:"explicit,tag:0,optional"`
	}
	var basic struct {
		Data         asn1.RawValue
		Algorithm    pkix.AlgorithmIdentifier
		Signature    asn1.BitString
		Certificates []asn1.RawValue `asn1:"explicit,tag:0,optional"`
	}
	if _, err := asn1.Unmarshal(staple, &response); err != nil || len(response.Response.Basic) == 0 {
		return nil // an error, which has no signature: ParseResponseForCert tells it
	}
	if _, err := asn1.Unmarshal(response.Response.Basic, &basic); err != nil {
		return fmt.Errorf("the stapled response is of no use: %w", err)
	}
	for _, der := range basic.Certificates {
		c, err := x509.ParseCertificate(der.FullBytes)
		if err != nil {
			return fmt.Errorf("the stapled response is of no use: %w", err)
		}
		if key, ok := c.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() > maxRSA {
			return fmt.Errorf("the stapled response has an RSA key of %d bits, more than %d", key.N.BitLen(), maxRSA)
		}
	}
	return nil
}

// signer checks that the issuer has signed a response, or somebody to whom it
// has given a certificate for that (RFC 6960, section 4.2.2.2).
func (d *Demands) signer(r *ocsp.Response, issuer *x509.Certificate, now time.Time) error {
	if weak(r.SignatureAlgorithm) {
		return fmt.Errorf("the stapled response is signed with %v, which is not secure", r.SignatureAlgorithm)
	}
	signer := issuer
	switch c := r.Certificate; {
	case c == nil:
		if err := r.CheckSignatureFrom(issuer); err != nil {
			return fmt.Errorf("the stapled response is not signed by the issuer of the server's certificate: %w", err)
		}
	case c.Equal(issuer): // by whose key it is signed: ParseResponseForCert has seen to that
	default:
		if err := delegated(c, issuer, now); err != nil {
			return fmt.Errorf("the stapled response is signed by %s, which may not: %w", named(c), err)
		}
		if err := d.Lists.check(c, issuer, now); err != nil {
			return fmt.Errorf("the signer of the stapled response: %w", err)
		}
		signer = c
	}
	_, key, err := digests(crypto.SHA1, signer)
	if err != nil {
		return err
	}
	if !bytes.Equal(r.RawResponderName, signer.RawSubject) && !bytes.Equal(r.ResponderKeyHash, key) {
		return errors.New("the stapled response names another responder than the one that has signed it")
	}
	return nil
}

// delegated tells why c may not sign responses for an issuer, nil if it may.
func delegated(c, issuer *x509.Certificate, now time.Time) error {
	switch {
	case !bytes.Equal(c.RawIssuer, issuer.RawSubject):
		return errors.New("another issuer has issued it")
	case !slices.Contains(c.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning):
		return errors.New("it is not for OCSP signing")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return errors.New("its key is not for signatures")
	case len(c.UnhandledCriticalExtensions) > 0:
		return fmt.Errorf("it has the unknown critical extension %v", c.UnhandledCriticalExtensions[0])
	case now.Before(c.NotBefore), now.After(c.NotAfter):
		return fmt.Errorf("it is valid from %s to %s, and it is %s", utc(c.NotBefore), utc(c.NotAfter), utc(now))
	}
	return c.CheckSignatureFrom(issuer)
}

// responseData is ResponseData of RFC 6960, section 4.2.1, as far as needed.
type responseData struct {
	Version     int `asn1:"optional,default:0,explicit,tag:0"`
	ResponderID asn1.RawValue
	ProducedAt  time.Time `asn1:"generalized"`
	Responses   []struct {
		CertID struct {
			Hash      pkix.AlgorithmIdentifier
			Name, Key []byte
			Serial    *big.Int
		}
	}
	Extensions []pkix.Extension `asn1:"optional,explicit,tag:1"`
}

// concerns checks that a response is for a leaf of this issuer: serial numbers
// are unique for each issuer only.
func concerns(r *ocsp.Response, leaf, issuer *x509.Certificate) error {
	var data responseData
	if _, err := asn1.Unmarshal(r.TBSResponseData, &data); err != nil {
		return fmt.Errorf("the stapled response is of no use: %w", err)
	}
	for _, x := range data.Extensions {
		if x.Critical {
			return fmt.Errorf("the stapled response has the unknown critical extension %v", x.Id)
		}
	}
	name, key, err := digests(r.IssuerHash, issuer)
	if err != nil {
		return err
	}
	for _, one := range data.Responses {
		if id := one.CertID; id.Serial.Cmp(leaf.SerialNumber) == 0 { // the one that ParseResponseForCert took
			if bytes.Equal(id.Name, name) && bytes.Equal(id.Key, key) {
				return nil
			}
			break
		}
	}
	return errors.New("the stapled response is for a certificate of another issuer")
}

// digests returns those of an issuer's name and key (RFC 6960, section 4.1.1).
func digests(h crypto.Hash, issuer *x509.Certificate) (name, key []byte, err error) {
	der, err := ocsp.CreateRequest(issuer, issuer, &ocsp.RequestOptions{Hash: h})
	if err != nil {
		return nil, nil, err
	}
	r, err := ocsp.ParseRequest(der)
	if err != nil {
		return nil, nil, err
	}
	return r.IssuerNameHash, r.IssuerKeyHash, nil
}

var tlsFeature = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}

// demandsStaple tells whether a certificate lists status_request among the
// features that its server has (RFC 7633). A list that cannot be read counts.
func demandsStaple(c *x509.Certificate) bool {
	const statusRequest = 5 // RFC 6066, section 8
	for _, x := range c.Extensions {
		if x.Id.Equal(tlsFeature) {
			var features []int
			rest, err := asn1.Unmarshal(x.Value, &features)
			return err != nil || len(rest) > 0 || slices.Contains(features, statusRequest)
		}
	}
	return false
}
