package wasitls

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
)

// Pin is the SHA-256 digest of a certificate's subjectPublicKeyInfo (RFC 7469,
// section 2.4).
type Pin [sha256.Size]byte

const pinPrefix = "sha256/"

// ParsePin reads a pin as curl and others write it: "sha256/" and the digest
// in base64.
func ParsePin(s string) (Pin, error) {
	var p Pin
	text, ok := strings.CutPrefix(s, pinPrefix)
	digest, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(digest) != len(p) {
		return p, fmt.Errorf("wasitls: pin %q: not %s and 44 characters of base64", shorten(s), pinPrefix)
	}
	return Pin(digest), nil
}

// PinOf returns the pin of a certificate's key.
func PinOf(c *x509.Certificate) Pin { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// String returns the pin as ParsePin reads it.
func (p Pin) String() string { return pinPrefix + base64.StdEncoding.EncodeToString(p[:]) }
