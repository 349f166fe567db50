package config

import (
	"crypto/x509"
	"fmt"

	"github.com/wasitls/wasitls/wasitls"
)

// trusted decodes the authorities of a rule.
func (d *decoder) trusted(n node) wasitls.Roots {
	var (
		r    wasitls.Roots
		path = n.path
	)
	add := func(n node, file string, text []byte) {
		from := Source{file, d.certificates(n, file, text)}
		d.roots[path] = append(d.roots[path], from)
		r.Certificates = append(r.Certificates, from.Certificates...)
	}
	d.object(n, fields{
		"base": func(n node) { r.Base = wasitls.Base(d.choice(n, bases...)) },
		"files": func(n node) {
			for _, n := range d.items(n) {
				if text, name, ok := d.named(n, MaxCertificates, anybody); ok {
					add(n, name, text)
				}
			}
		},
		"pem": func(n node) {
			if text, ok := d.scalar(n, "certificates in PEM", "!!str"); ok {
				add(n, "", []byte(text))
			}
		},
	})
	return r
}

// certificates parses the certificates of a value, from a file if that has a
// name.
func (d *decoder) certificates(n node, file string, text []byte) []*x509.Certificate {
	all, err := ParseCertificates(text)
	if err != nil && file != "" {
		err = fmt.Errorf("%s: %w", file, err)
	}
	if err != nil {
		d.fail(n, "%w", err)
	}
	return all
}

// crls decodes the files with revocation lists of a rule.
func (d *decoder) crls(n node) []*x509.RevocationList {
	var (
		all   []*x509.RevocationList
		lines []int // of each list
	)
	for _, n := range d.items(n) {
		text, name, ok := d.named(n, MaxCRL, anybody)
		if !ok {
			continue
		}
		lists, err := ParseCRL(text)
		if err != nil {
			d.fail(n, "%s: %w", name, err)
		}
		for _, l := range lists {
			all, lines = append(all, l), append(lines, n.line)
		}
	}
	// Package wasitls counts lists, of which a file may have many.
	for i, line := range lines {
		d.lines[fmt.Sprintf("%s[%d]", n.path, i)] = line
	}
	return all
}
