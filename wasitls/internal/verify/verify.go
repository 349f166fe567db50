// Package verify checks of a peer's certificates what crypto/tls does not:
// pinned keys, revocation by lists and by a stapled OCSP response, and a
// profile that is stricter than that of crypto/x509. It is given chains that
// crypto/x509 has built and verified. It fetches nothing.
package verify

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Skew is how far a signer's clock may be ahead of the host's when it says
// from when on an OCSP response or a revocation list holds. There is none at
// the end: what has expired has expired.
const Skew = 5 * time.Minute

// Demands are what must hold of one chain. The zero value demands nothing.
type Demands struct {
	Strict bool                // the profile of profile.go
	Pins   [][sha256.Size]byte // digests of public keys, one of which must be in the chain; none: no matter
	Lists  Lists
	Staple Staple
}

// Peer is what a peer has shown.
type Peer struct {
	Chains [][]*x509.Certificate // verified; each with the leaf first and the root last
	Staple []byte                // the OCSP response, empty if there is none
	Now    time.Time
}

// Error says which demand is not met.
type Error struct {
	Demand string // the field of a policy file: "profile", "pins", "crls" or "ocsp"
	Err    error
}

func (e *Error) Error() string { return e.Demand + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// order is that of the checks: what costs no signature comes first.
var order = []struct {
	demand string
	check  func(*Demands, []*x509.Certificate, *Peer) error
}{
	{"profile", (*Demands).profile},
	{"pins", (*Demands).pins},
	{"crls", (*Demands).lists},
	{"ocsp", (*Demands).staple},
}

// Check finds a chain that meets all demands. Good tells that a stapled
// response was asked for, was there and said so. The error is an *Error, of
// the chain that came furthest.
func (d *Demands) Check(p Peer) (good bool, err error) {
	if !d.Strict && len(d.Pins) == 0 && len(d.Lists) == 0 && d.Staple == Ignore {
		return false, nil
	}
	furthest, failure := -1, &Error{"profile", errors.New("there is no verified chain to look at")}
	for _, chain := range p.Chains {
		met, err := d.meet(chain, &p)
		if err == nil {
			return d.Staple != Ignore && len(p.Staple) > 0, nil
		}
		if met > furthest {
			furthest, failure = met, &Error{order[met].demand, err}
		}
	}
	return false, failure
}

// meet returns how many of the demands a chain meets before the error.
func (d *Demands) meet(chain []*x509.Certificate, p *Peer) (int, error) {
	if len(chain) == 0 {
		return 0, errors.New("the verified chain is empty")
	}
	for i, o := range order {
		if err := o.check(d, chain, p); err != nil {
			return i, err
		}
	}
	return len(order), nil
}

// pins looks for a pinned key anywhere in the chain.
func (d *Demands) pins(chain []*x509.Certificate, _ *Peer) error {
	if len(d.Pins) == 0 {
		return nil
	}
	for _, c := range chain {
		if slices.Contains(d.Pins, sha256.Sum256(c.RawSubjectPublicKeyInfo)) {
			return nil
		}
	}
	leaf := sha256.Sum256(chain[0].RawSubjectPublicKeyInfo)
	return fmt.Errorf("no certificate of the chain has a pinned key; the server's key is sha256/%s", base64.StdEncoding.EncodeToString(leaf[:]))
}

// fresh tells why something signed does not hold now, nil if it does.
func fresh(what string, from, until, now time.Time) error {
	switch {
	case until.IsZero():
		return fmt.Errorf("%s does not say when it expires (nextUpdate)", what)
	case now.Add(Skew).Before(from):
		return fmt.Errorf("%s holds from %s on, and it is %s", what, utc(from), utc(now))
	case now.After(until):
		return fmt.Errorf("%s has expired at %s, and it is %s", what, utc(until), utc(now))
	}
	return nil
}

func utc(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// weak tells whether a signature rests on a digest that is broken. The
// functions of crypto/x509 that check lists and responses allow SHA-1.
func weak(a x509.SignatureAlgorithm) bool {
	switch a {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		return true
	}
	return false
}

// named returns how errors call a certificate: its subject, in bounds.
func named(c *x509.Certificate) string {
	const most = 80
	name := c.Subject.String()
	if len(name) > most {
		name = name[:most] + "..."
	}
	return fmt.Sprintf("%q", name)
}
