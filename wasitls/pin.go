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
// in base64, padded.
func ParsePin(s string) (Pin, error) {
	var p Pin
	digest, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, pinPrefix))
	copy(p[:], digest)
	if err != nil || p.String() != s { // package base64 forgives some
		return Pin{}, fmt.Errorf("wasitls: not a pin: %s and 44 characters of base64", pinPrefix)
	}
	return p, nil
}

// PinOf returns the pin of a certificate's key.
func PinOf(c *x509.Certificate) Pin { return sha256.Sum256(c.RawSubjectPublicKeyInfo) }

// String returns the pin as ParsePin reads it.
func (p Pin) String() string { return pinPrefix + base64.StdEncoding.EncodeToString(p[:]) }
