package verify

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// List is a revocation list (RFC 5280, section 5) that is ready to be asked.
// It is safe for concurrent use.
type List struct {
	crl     *x509.RevocationList
	entries map[string]int // their places in the list, by serial number

	mu       sync.Mutex
	verdicts map[string]error // of signedBy, by the issuer's certificate
}

// maxVerdicts bounds what a list remembers: an issuer has few certificates.
const maxVerdicts = 16

// Lists are lists by the subject of their issuer, byte by byte: so crypto/x509
// compares names, too.
type Lists map[string][]*List

// Add puts a list to the others.
func (ls Lists) Add(l *List) {
	issuer := string(l.crl.RawIssuer)
	ls[issuer] = append(ls[issuer], l)
}

var (
	deltaIndicator    = asn1.ObjectIdentifier{2, 5, 29, 27}
	distributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}
)

// NewList prepares a list. It fails for lists that do not hold at that time,
// and for those that say less or other than a whole list of their issuer:
// deltas, partitions, lists of several issuers, unknown critical extensions.
// Whether the issuer has signed it shows only when the issuer is seen.
func NewList(crl *x509.RevocationList, now time.Time) (*List, error) {
	switch {
	case len(crl.RawTBSRevocationList) == 0:
		return nil, errors.New("not a parsed list: see x509.ParseRevocationList")
	case weak(crl.SignatureAlgorithm):
		return nil, fmt.Errorf("signed with %v, which is not secure", crl.SignatureAlgorithm)
	}
	for _, x := range crl.Extensions {
		switch {
		case x.Id.Equal(deltaIndicator):
			return nil, errors.New("a delta list, which is no whole list")
		case x.Id.Equal(distributionPoint):
			return nil, errors.New("it has an issuing distribution point, so it may be no whole list of its issuer")
		case x.Critical:
			return nil, fmt.Errorf("unknown critical extension %v", x.Id)
		}
	}
	if err := fresh("the list", crl.ThisUpdate, crl.NextUpdate, now); err != nil {
		return nil, err
	}
	l := &List{
		crl:      crl,
		entries:  make(map[string]int, len(crl.RevokedCertificateEntries)),
		verdicts: map[string]error{},
	}
	for i, e := range crl.RevokedCertificateEntries {
		if slices.ContainsFunc(e.Extensions, func(x pkix.Extension) bool { return x.Critical }) {
			return nil, fmt.Errorf("the entry of serial number %x has a critical extension, which none is known", e.SerialNumber)
		}
		if e.SerialNumber.Sign() >= 0 { // crypto/x509 refuses certificates with others
			l.entries[string(e.SerialNumber.Bytes())] = i
		}
	}
	return l, nil
}

// lists looks every certificate but the root up.
func (d *Demands) lists(chain []*x509.Certificate, p *Peer) error {
	for i := range len(chain) - 1 {
		if err := d.Lists.check(chain[i], chain[i+1], p.Now); err != nil {
			return err
		}
	}
	return nil
}

// check looks a certificate up in the lists of its issuer, if there are any.
// One of them must hold now. All of them are asked, also those that do not:
// nobody is taken off a list before the certificate has expired.
func (ls Lists) check(c, issuer *x509.Certificate, now time.Time) error {
	var failure error
	holds := false
	for _, l := range ls[string(issuer.RawSubject)] {
		if err := l.signedBy(issuer); err != nil {
			if !l.namesOther(issuer) {
				failure = fmt.Errorf("the list of %s is not signed by its key: %w", named(issuer), err)
			}
			continue
		}
		if i, ok := l.entries[string(c.SerialNumber.Bytes())]; ok {
			return fmt.Errorf("%s, serial number %x, was revoked by its issuer at %s", named(c), c.SerialNumber, utc(l.crl.RevokedCertificateEntries[i].RevocationTime))
		}
		if err := fresh("the list of "+named(issuer), l.crl.ThisUpdate, l.crl.NextUpdate, now); err != nil {
			failure = err
			continue
		}
		holds = true
	}
	if holds {
		return nil
	}
	return failure
}

// namesOther tells whether a list says to be signed by another key: that of
// another authority with that name, or an older one. It is asked after the
// signature only, since one key may have several identifiers.
func (l *List) namesOther(issuer *x509.Certificate) bool {
	return len(l.crl.AuthorityKeyId) > 0 && len(issuer.SubjectKeyId) > 0 && !bytes.Equal(l.crl.AuthorityKeyId, issuer.SubjectKeyId)
}

// signedBy checks a list's signature, but not again and again: to hash a list
// of megabytes takes longer than a handshake.
func (l *List) signedBy(issuer *x509.Certificate) error {
	l.mu.Lock()
	err, known := l.verdicts[string(issuer.Raw)]
	l.mu.Unlock()
	if known {
		return err
	}
	err = l.crl.CheckSignatureFrom(issuer)
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.verdicts) >= maxVerdicts {
		clear(l.verdicts)
	}
	l.verdicts[string(issuer.Raw)] = err
	return err
}
