package config

import (
	"bytes"
	"errors"

	"github.com/hashicorp/go-envparse"

	"github.com/wasitls/wasitls/wasitls/secret"
)

// secrets decodes the secrets by their names.
func (d *decoder) secrets(n node, w *Workload) {
	d.each(n, func(name string, _, n node) {
		n.private = true
		if !d.stated(n) {
			return
		}
		if n.yaml.Kind != mapping {
			d.fail(n, "is not written here: name {file: NAME}, {file: NAME, key: KEY} or {env: VARIABLE}")
			return
		}
		if v, ok := d.secret(n); ok {
			w.Secrets[name] = v
		}
	})
}

// secret decodes where a secret is, and gets it as it is, to the byte.
func (d *decoder) secret(n node) (secret.Value, bool) {
	var file, key, env, literal node
	note := func(where *node) func(node) { return func(n node) { *where = n } }
	ok := d.object(n, fields{"file": note(&file), "key": note(&key), "env": note(&env), "value": note(&literal)})
	if !ok || d.failed(n.path) {
		return secret.Value{}, false
	}
	count := 0
	for _, n := range []node{file, env, literal} {
		if n.yaml != nil {
			count++
		}
	}
	if count != 1 || key.yaml != nil && file.yaml == nil {
		d.fail(n, "has one of file, env and value; key goes with file")
		return secret.Value{}, false
	}
	var text []byte
	switch {
	case file.yaml != nil:
		text, ok = d.secretFile(file, key)
	case env.yaml != nil:
		name, named := d.text(env)
		if !named {
			return secret.Value{}, false
		}
		value, _ := d.options.LookupEnv(name)
		text = []byte(value)
	case !d.options.AllowLiteralSecrets:
		d.fail(literal, "secrets do not stand in this file; for development, --allow-literal-secrets allows it")
		return secret.Value{}, false
	default:
		var s string
		s, ok = d.scalar(literal, "text: if it looks like a number, put it in quotes", "!!str")
		text = []byte(s)
	}
	if ok && len(text) == 0 {
		d.fail(n, "the secret is empty, or its variable is not set")
	}
	return secret.New(text), ok && len(text) > 0
}

// secretFile reads a secret from a file, or one entry of it if it has a key.
func (d *decoder) secretFile(file, key node) ([]byte, bool) {
	name, ok := d.text(file)
	if !ok {
		return nil, false
	}
	text, err := d.project.read(name, MaxSecret, owner)
	if err != nil {
		d.fail(file, "%w", err)
		return nil, false
	}
	if key.yaml == nil {
		return text, true
	}
	entry, ok := d.text(key)
	if !ok {
		return nil, false
	}
	entries, err := envparse.Parse(bytes.NewReader(text))
	if err != nil {
		line := 0
		var at *envparse.ParseError
		if errors.As(err, &at) {
			line = at.Line
		}
		// What it says may quote the line.
		d.fail(file, "line %d of it is not of the form NAME=VALUE", line)
		return nil, false
	}
	value, ok := entries[entry]
	if !ok {
		d.fail(key, "the file has no such entry")
	}
	return []byte(value), ok
}
