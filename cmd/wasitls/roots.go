package main

import (
	"crypto/x509"
	"errors"

	"github.com/wasitls/wasitls/wasitls/config"
)

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
		certificates, err := config.LoadCertificates(name)
		if err != nil {
			return nil, refuse(pemHint(err), "--tls-ca=%s: %w", name, err)
		}
		for _, c := range certificates {
			pool.AddCert(c)
		}
	}
	return pool, nil
}

func pemHint(err error) string {
	if errors.Is(err, config.ErrNoCertificates) {
		return "the file must hold blocks that begin with -----BEGIN CERTIFICATE-----"
	}
	return ""
}
