package config

import (
	"encoding/asn1"
	"math/big"
)

// maxIterations bounds the derivation of a key from a password, which takes
// seconds then. OpenSSL writes 2048.
const maxIterations = 5_000_000

// isCostly tells whether a PKCS#12 file asks for more iterations than that,
// which whoever reads it would have to do. Wherever it states their number (RFC
// 7292, section 4 and appendix C; RFC 8018, appendix A.2) it is an INTEGER that
// follows the salt, an OCTET STRING.
func isCostly(der []byte) bool {
	afterSalt := false
	for len(der) > 0 {
		var v asn1.RawValue
		rest, err := asn1.Unmarshal(der, &v)
		if err != nil {
			return false // for whoever parses it
		}
		universal := v.Class == asn1.ClassUniversal
		if universal && v.Tag == asn1.TagInteger && afterSalt {
			if n := new(big.Int).SetBytes(v.Bytes); n.Cmp(big.NewInt(maxIterations)) > 0 {
				return true
			}
		}
		afterSalt = universal && v.Tag == asn1.TagOctetString
		// DER is within octet strings, too.
		if (v.IsCompound || afterSalt) && isCostly(v.Bytes) {
			return true
		}
		der = rest
	}
	return false
}
