package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// maxPEM bounds a file of certificates: a whole system's store is a tenth.
const maxPEM = 4 << 20

// loadRoots returns the certificates that --tls-roots and --tls-ca name, nil
// for the system's alone.
func loadRoots(roots string, files []string) (*x509.CertPool, error) {
	if roots == "system" && len(files) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if roots == "system" {
		system, err := x509.SystemCertPool()
		if err != nil {
			return nil, refuse("--tls-roots=none does without them", "no system roots: %w", err)
		}
		pool = system
	}
	for _, name := range files {
		if err := addRoots(pool, name); err != nil {
			return nil, refuse(pemHint(err), "--tls-ca=%s: %w", name, withoutPath(err))
		}
	}
	return pool, nil
}

var errNoCertificates = errors.New("no certificates in it")

func pemHint(err error) string {
	if errors.Is(err, errNoCertificates) {
		return "the file must hold blocks that begin with -----BEGIN CERTIFICATE-----"
	}
	return ""
}

// addRoots adds every certificate of a PEM file, and fails for a file with
// one that cannot be read: nobody wants a part of the roots.
func addRoots(pool *x509.CertPool, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := readLimited(f, maxPEM)
	if err != nil {
		return err
	}
	found := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		found++
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return fmt.Errorf("certificate %d: %w", found, err)
		}
		pool.AddCert(c)
	}
	// pem.Decode passes over blocks that it cannot read.
	if begun := bytes.Count(text, []byte("-----BEGIN CERTIFICATE-----")); begun != found {
		return fmt.Errorf("%d of %d certificates cannot be read", begun-found, begun)
	}
	if found == 0 {
		return errNoCertificates
	}
	return nil
}
