// Package secret keeps values out of sight: passwords, tokens, private keys.
//
// A Value shows itself to nobody: not to fmt, whatever the verb, not to
// log/slog, not to encoders. Only Reveal gives it, which makes each use easy
// to find.
package secret

import (
	"bytes"
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// redacted stands for every value, of whatever length.
const redacted = "[secret]"

// Value is a secret. The zero value is an empty one. It is safe for concurrent
// use, and copies of it are the same secret.
type Value struct{ hold func() []byte }

// New returns b as a secret. It takes a copy.
func New(b []byte) Value {
	b = bytes.Clone(b)
	// In a function, where nothing that walks values finds it.
	return Value{func() []byte { return b }}
}

// Reveal returns the secret, which the caller must not change, print or keep.
func (v Value) Reveal() []byte {
	if v.hold == nil {
		return nil
	}
	return v.hold()
}

// IsEmpty tells whether there is nothing to hide.
func (v Value) IsEmpty() bool { return len(v.Reveal()) == 0 }

// Equal compares two secrets in a time that depends on their length only.
func (v Value) Equal(other Value) bool {
	return subtle.ConstantTimeCompare(v.Reveal(), other.Reveal()) == 1
}

// String returns a text that is the same for all secrets.
func (Value) String() string { return redacted }

// Format implements fmt.Formatter, for every verb.
func (Value) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue implements slog.LogValuer.
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler, and so JSON and YAML.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
