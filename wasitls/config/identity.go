package config

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/secret"
)

// LoadIdentity reads a client certificate and its key from PEM files: see
// ParseIdentity. The key's file must not be open to others: see docs/policy.md.
func LoadIdentity(certificate, key string) (*wasitls.Identity, error) {
	text, err := readFile(certificate, MaxCertificates, anybody)
	if err != nil {
		return nil, err
	}
	private, err := readFile(key, MaxKey, owner)
	if err != nil {
		return nil, err
	}
	return ParseIdentity(text, secret.New(private))
}

// ParseIdentity returns the identity of a PEM text with a certificate, followed
// by those that link it to an authority, and of one with its key: see ParseKey.
func ParseIdentity(certificate []byte, key secret.Value) (*wasitls.Identity, error) {
	chain, err := ParseCertificates(certificate)
	if err != nil {
		return nil, err
	}
	signer, err := ParseKey(key)
	if err != nil {
		return nil, err
	}
	return wasitls.NewIdentity(chain, signer)
}

// ParseKey returns the one private key in a PEM text, as PKCS#8 (RFC 5958),
// PKCS#1 (RFC 8017) or SEC1 (RFC 5915). It must not be encrypted. No error has
// anything of the text in it.
func ParseKey(text secret.Value) (crypto.Signer, error) {
	var found crypto.Signer
	for block, rest := pem.Decode(text.Reveal()); block != nil; block, rest = pem.Decode(rest) {
		var (
			key any
			err error
		)
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY", block.Headers["DEK-Info"] != "":
			return nil, errors.New("the key is encrypted: decrypt it with openssl pkey, or use a PKCS#12 file with a password")
		case block.Type == "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case block.Type == "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case block.Type == "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		default:
			continue
		}
		signer, ok := key.(crypto.Signer)
		switch {
		case err != nil || !ok:
			return nil, errors.New("the key in it cannot be read, or is of a kind that does not sign")
		case found != nil:
			return nil, errors.New("more than one key in it")
		}
		found = signer
	}
	if found == nil {
		return nil, errors.New("no key in it: a block that begins with -----BEGIN PRIVATE KEY----- is needed")
	}
	return found, nil
}

// LoadPKCS12 reads an identity from a file: see ParsePKCS12. The file must not
// be open to others: see docs/policy.md.
func LoadPKCS12(file string, password secret.Value) (*wasitls.Identity, error) {
	text, err := readFile(file, MaxKey, owner)
	if err != nil {
		return nil, err
	}
	return ParsePKCS12(secret.New(text), password)
}

// ErrPassword is the error of a PKCS#12 file for which the password is wrong.
var ErrPassword = errors.New("the password is wrong")

// ParsePKCS12 returns the identity in a PKCS#12 file (RFC 7292), in DER, with
// one key and its certificate. No error has anything of the two secrets in it.
func ParsePKCS12(file, password secret.Value) (*wasitls.Identity, error) {
	if isCostly(file.Reveal()) {
		return nil, fmt.Errorf("the key of the file takes more than %d iterations to derive", maxIterations)
	}
	key, leaf, others, err := pkcs12.DecodeChain(file.Reveal(), string(password.Reveal()))
	var unknown pkcs12.NotImplementedError
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, ErrPassword
	case errors.As(err, &unknown):
		return nil, errors.New("PKCS#12 with something that is not supported: write it anew with openssl pkcs12 -export")
	case err != nil:
		return nil, errors.New("not a PKCS#12 file in DER, with one key and its certificate")
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("the key in it is of a kind that does not sign")
	}
	return wasitls.NewIdentity(append([]*x509.Certificate{leaf}, others...), signer)
}
