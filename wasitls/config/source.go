package config

import (
	"crypto/x509"
	"strings"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/secret"
)

// identities decodes the identities by their labels.
func (d *decoder) identities(n node, w *Workload) map[string]*wasitls.Identity {
	all := map[string]*wasitls.Identity{}
	d.each(n, func(label string, _, n node) {
		// Those that fail are there all the same: rules may name them.
		all[label] = new(wasitls.Identity)
		if !d.stated(n) {
			return
		}
		if i := d.identity(n, w); i != nil {
			all[label] = i
		}
	})
	return all
}

// identity decodes one identity; it is nil if that failed.
func (d *decoder) identity(n node, w *Workload) *wasitls.Identity {
	var certificate, key, p12, password node
	note := func(where *node) func(node) { return func(n node) { *where = n } }
	ok := d.object(n, fields{
		"certificate": note(&certificate), "key": note(&key),
		"pkcs12": note(&p12), "password": note(&password),
	})
	pem, bag := certificate.yaml != nil || key.yaml != nil, p12.yaml != nil || password.yaml != nil
	switch {
	case !ok || d.failed(n.path):
	case pem && bag:
		d.fail(n, "certificate and key, and pkcs12 and password, exclude each other")
	case certificate.yaml != nil && key.yaml != nil:
		return d.fromPEM(certificate, key, w)
	case p12.yaml != nil:
		return d.fromPKCS12(p12, password, w)
	default:
		d.fail(n, "has either certificate and key, or pkcs12 with its password")
	}
	return nil
}

func (d *decoder) fromPEM(certificate, key node, w *Workload) *wasitls.Identity {
	var chain []*x509.Certificate
	text, found := d.source(certificate, w, MaxCertificates, anybody)
	if found {
		chain = d.certificates(certificate, "", text.Reveal())
	}
	key.private = true
	private, ok := d.source(key, w, MaxKey, owner)
	if !ok {
		return nil
	}
	signer, err := ParseKey(private)
	if err != nil {
		d.fail(key, "%w", err)
		return nil
	}
	if len(chain) == 0 {
		return nil
	}
	i, err := wasitls.NewIdentity(chain, signer)
	if err != nil {
		d.fail(key, "it is not the key of the certificate")
	}
	return i
}

func (d *decoder) fromPKCS12(file, password node, w *Workload) *wasitls.Identity {
	file.private = true
	text, ok := d.source(file, w, MaxKey, owner)
	var pass secret.Value
	if password.yaml != nil {
		password.private = true
		var found bool
		pass, found = d.password(password, w)
		ok = ok && found
	}
	if !ok {
		return nil
	}
	i, err := ParsePKCS12(text, pass)
	switch {
	case err == ErrPassword && password.yaml != nil:
		d.fail(password, "%w", err)
	case err == ErrPassword:
		d.fail(file, "it needs a password: add a line password")
	case err != nil:
		d.fail(file, "%w", unprefixed(err))
	}
	return i
}

// password decodes where a password is. It is not in the file itself, and ends
// before a line's end.
func (d *decoder) password(n node, w *Workload) (secret.Value, bool) {
	if n.yaml.Kind != mapping {
		d.fail(n, "is not written here: name {env: VARIABLE}, {file: NAME} or {secret: NAME}")
		return secret.Value{}, false
	}
	v, ok := d.source(n, w, MaxKey, owner)
	return trimmed(v), ok
}

// source decodes where a text is, and gets it: the name of a file, or an
// object with one of file, env and secret.
func (d *decoder) source(n node, w *Workload, max int64, who readers) (secret.Value, bool) {
	if n.yaml.Kind != mapping {
		return d.fileSource(n, max, who)
	}
	var (
		value secret.Value
		found bool
		count int
	)
	ok := d.object(n, fields{
		"file": func(n node) { value, found = d.fileSource(n, max, who); count++ },
		"env": func(n node) {
			count++
			if name, ok := d.text(n); ok {
				text, _ := d.options.LookupEnv(name)
				if found = text != ""; !found {
					d.fail(n, "the variable is not set, or empty")
				}
				value = secret.New([]byte(text))
			}
		},
		"secret": func(n node) {
			count++
			if name, ok := d.text(n); ok {
				if value, found = w.secret(name); !found && !d.failed("workload.secrets."+name) {
					d.fail(n, "the section workload has no such secret")
				}
			}
		},
	})
	if ok && count != 1 && !d.failed(n.path) {
		d.fail(n, "has one of file, env and secret")
	}
	return value, ok && found && count == 1
}

// secret returns one of the workload's secrets.
func (w *Workload) secret(name string) (secret.Value, bool) {
	if w == nil {
		return secret.Value{}, false
	}
	v, ok := w.Secrets[name]
	return v, ok
}

// fileSource reads a file that the value names.
func (d *decoder) fileSource(n node, max int64, who readers) (secret.Value, bool) {
	if n.yaml.Kind == scalar && strings.ContainsRune(n.yaml.Value, '\n') {
		d.fail(n, "is not written here: name a file, {env: VARIABLE} or {secret: NAME}")
		return secret.Value{}, false
	}
	text, _, ok := d.named(n, max, who)
	return secret.New(text), ok
}

// trimmed returns a password without the end of line that editors add.
func trimmed(v secret.Value) secret.Value {
	b := v.Reveal()
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		if n := len(b); n > 0 && b[n-1] == '\r' {
			b = b[:n-1]
		}
	}
	return secret.New(b)
}
