package wasitlstest

import (
	"crypto"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

	"golang.org/x/crypto/ocsp"
)

// CRL makes a list of c, from an hour ago until tomorrow, with these
// certificates on it. Each change is applied to the template.
func (c *CA) CRL(revoked []tls.Certificate, changes ...func(*x509.RevocationList)) *x509.RevocationList {
	template := &x509.RevocationList{
		Number:     big.NewInt(1),
		ThisUpdate: time.Now().Add(-time.Hour),
		NextUpdate: time.Now().Add(24 * time.Hour),
	}
	for _, r := range revoked {
		template.RevokedCertificateEntries = append(template.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber:   parse(r.Certificate[0]).SerialNumber,
			RevocationTime: time.Now().Add(-time.Minute),
		})
	}
	for _, change := range changes {
		change(template)
	}
	return must(x509.ParseRevocationList(must(x509.CreateRevocationList(rand.Reader, template, c.Certificate, c.key))))
}

// OCSP makes a response for a certificate of c, good from an hour ago until
// tomorrow. Each change is applied to the template; its Certificate is sent
// along.
func (c *CA) OCSP(of tls.Certificate, changes ...func(*ocsp.Response)) []byte {
	alone := func(r *ocsp.Response) { r.Certificate = nil }
	return c.OCSPBy(c.Identity(), of, append([]func(*ocsp.Response){alone}, changes...)...)
}

// OCSPBy is OCSP, signed by a responder whose certificate is sent along, such
// as a leaf with x509.ExtKeyUsageOCSPSigning.
func (c *CA) OCSPBy(responder, of tls.Certificate, changes ...func(*ocsp.Response)) []byte {
	by := parse(responder.Certificate[0])
	template := ocsp.Response{
		Status:       ocsp.Good,
		SerialNumber: parse(of.Certificate[0]).SerialNumber,
		ThisUpdate:   time.Now().Add(-time.Hour),
		NextUpdate:   time.Now().Add(24 * time.Hour),
		Certificate:  by,
	}
	for _, change := range changes {
		change(&template)
	}
	return must(ocsp.CreateResponse(c.Certificate, by, template, responder.PrivateKey.(crypto.Signer)))
}

// Identity returns the authority's own certificate with its key.
func (c *CA) Identity() tls.Certificate {
	return tls.Certificate{Certificate: [][]byte{c.Certificate.Raw}, PrivateKey: c.key}
}

// Staple returns a server's configuration with this certificate and response.
func Staple(c tls.Certificate, response []byte) *tls.Config {
	c.OCSPStaple = response
	return &tls.Config{Certificates: []tls.Certificate{c}}
}

// WithExtension puts an extension without content into the certificate.
func WithExtension(critical bool, id ...int) Option {
	return Modify(func(t *x509.Certificate) {
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{Id: id, Critical: critical, Value: []byte{5, 0}})
	})
}

// MustStaple puts the demand for a stapled response into the certificate
// (RFC 7633).
func MustStaple() Option {
	return Modify(func(t *x509.Certificate) {
		t.ExtraExtensions = append(t.ExtraExtensions, pkix.Extension{
			Id:    asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24},
			Value: []byte{0x30, 3, 2, 1, 5}, // SEQUENCE of one INTEGER, status_request
		})
	})
}
