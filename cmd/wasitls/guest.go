package main

import (
	"crypto/x509"
	"path/filepath"
	"strings"

	"github.com/wasitls/wasitls/host/wasi/netgrant"
)

// tlsDraft is the version of wasi:tls served.
const tlsDraft = "0.2.0-draft"

// tlsHint goes with the import that is missing without the flag.
const tlsHint = "wasi:tls is experimental: run with --experimental-tls"

// tlsOffer is wasi:tls for a guest.
type tlsOffer struct {
	roots *x509.CertPool // nil: the system's
}

// guest is a run of a component: what it is granted.
type guest struct {
	args      []string // the guest's, its name first
	env       [][2]string
	dirs      []dirGrant
	network   netgrant.Policy
	maxMemory int64
	std       stdio
	tls       *tlsOffer // nil: not offered
}

// guest returns what the flags grant. Files that they name are read.
func (f *runFlags) guest(std stdio) (*guest, error) {
	g := &guest{
		args:      append([]string{guestName(f.component)}, f.args...),
		env:       f.env,
		dirs:      f.dirs,
		network:   f.network,
		maxMemory: f.maxMemory,
		std:       std,
	}
	if f.tls {
		roots, err := loadRoots(f.tlsRoots, f.tlsCA)
		if err != nil {
			return nil, err
		}
		g.tls = &tlsOffer{roots}
	}
	return g, nil
}

// guestName is the guest's own name for itself, its first argument.
func guestName(component string) string {
	name := strings.TrimSuffix(filepath.Base(component), ".gz")
	return strings.TrimSuffix(name, ".wasm")
}
