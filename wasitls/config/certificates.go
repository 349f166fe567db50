package config

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// ErrNoCertificates is the error of a text without a block that begins with
// -----BEGIN CERTIFICATE-----.
var ErrNoCertificates = errors.New("no certificates in it")

// LoadCertificates reads a PEM file of at most MaxCertificates bytes: see
// ParseCertificates.
func LoadCertificates(file string) ([]*x509.Certificate, error) {
	text, err := readFile(file, MaxCertificates, anybody)
	if err != nil {
		return nil, err
	}
	return ParseCertificates(text)
}

// ParseCertificates returns the certificates of a PEM text (RFC 7468), at
// least one. It fails for a text with one that cannot be read: nobody wants a
// part of the roots. Other blocks are passed over.
func ParseCertificates(text []byte) ([]*x509.Certificate, error) {
	const kind, what = "CERTIFICATE", "certificates"
	var all []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != kind {
			continue
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(all)+1, err)
		}
		all = append(all, c)
	}
	if err := complete(text, kind, what, len(all)); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, ErrNoCertificates
	}
	return all, nil
}

// ParseCRL returns the revocation lists of a PEM text (blocks X509 CRL, RFC
// 7468, section 6), at least one, or the one that der is.
func ParseCRL(text []byte) ([]*x509.RevocationList, error) {
	const kind, what = "X509 CRL", "revocation lists"
	if !bytes.Contains(text, []byte("-----BEGIN ")) {
		l, err := x509.ParseRevocationList(text)
		if err != nil {
			return nil, errors.New("not a revocation list, neither PEM nor DER")
		}
		return []*x509.RevocationList{l}, nil
	}
	var all []*x509.RevocationList
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != kind {
			continue
		}
		l, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("revocation list %d: %w", len(all)+1, err)
		}
		all = append(all, l)
	}
	if err := complete(text, kind, what, len(all)); err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errors.New("no revocation lists in it")
	}
	return all, nil
}

// complete tells whether all blocks of a kind were read: pem.Decode passes over
// those that it cannot.
func complete(text []byte, kind, what string, read int) error {
	if begun := bytes.Count(text, []byte("-----BEGIN "+kind+"-----")); begun != read {
		return fmt.Errorf("%d of %d %s cannot be read", begun-read, begun, what)
	}
	return nil
}
