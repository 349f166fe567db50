package config

import (
	"crypto/x509"

	"github.com/wasitls/wasitls/wasitls"
)

// roots decodes the authorities of a rule.
func (d *decoder) roots(n node) wasitls.Roots {
	var r wasitls.Roots
	d.object(n, fields{
		"base": func(n node) { r.Base = wasitls.Base(d.choice(n, bases...)) },
		"files": func(n node) {
			for _, n := range d.items(n) {
				if text, name, ok := d.named(n, MaxCertificates, anybody); ok {
					r.Certificates = append(r.Certificates, d.certificates(n, name+": ", text)...)
				}
			}
		},
		"pem": func(n node) {
			if text, ok := d.text(n); ok {
				r.Certificates = append(r.Certificates, d.certificates(n, "", []byte(text))...)
			}
		},
	})
	return r
}

// certificates parses the certificates of a value; from begins what is said if
// it cannot.
func (d *decoder) certificates(n node, from string, text []byte) []*x509.Certificate {
	all, err := ParseCertificates(text)
	if err != nil {
		d.fail(n, "%s%w", from, err)
	}
	return all
}

// crls decodes the files with revocation lists of a rule.
func (d *decoder) crls(n node) []*x509.RevocationList {
	var all []*x509.RevocationList
	for _, n := range d.items(n) {
		text, name, ok := d.named(n, MaxCRL, anybody)
		if !ok {
			continue
		}
		lists, err := ParseCRL(text)
		if err != nil {
			d.fail(n, "%s: %w", name, err)
		}
		all = append(all, lists...)
	}
	return all
}
