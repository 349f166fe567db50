package interop

import "crypto/tls"

const (
	smallBody = 200
	largeBody = 1 << 20
)

// Cases returns the columns in their order: first what must succeed, then what
// must be refused.
func Cases() []Case {
	const unknown = "x509: certificate signed by unknown authority"
	v13, v12 := uint16(tls.VersionTLS13), uint16(tls.VersionTLS12)
	all := []Case{
		{Name: "1.3-ecdsa", About: "TLS 1.3 only, ECDSA P-256 leaf", Version: v13, Leaf: "ecdsa"},
		{Name: "1.3-rsa", About: "TLS 1.3 only, RSA 2048 leaf", Version: v13, Leaf: "rsa"},
		{Name: "1.3-ed25519", About: "TLS 1.3 only, Ed25519 leaf", Version: v13, Leaf: "ed25519"},
		{Name: "1.2-ecdsa", About: "TLS 1.2 only, ECDSA P-256 leaf", Version: v12, Leaf: "ecdsa"},
		{Name: "1.2-rsa", About: "TLS 1.2 only, RSA 2048 leaf", Version: v12, Leaf: "rsa"},
		{Name: "1.2-ed25519", About: "TLS 1.2 only, Ed25519 leaf", Version: v12, Leaf: "ed25519"},
		{Name: "hrr", About: "TLS 1.3 only, P-384 only (socat: P-256 only): the server answers with a HelloRetryRequest", Version: v13, Leaf: "ecdsa", Group: tls.CurveP384},
		{Name: "1MiB", About: "a body of 1 MiB, compared byte for byte", Version: v13, Leaf: "ecdsa", Size: largeBody},
		{Name: "ip", About: "the URL names 127.0.0.1: no SNI, an IP address in the certificate", Version: v13, Leaf: "ecdsa", Host: "127.0.0.1"},
		{Name: "untrusted", About: "the chain ends in a root that the client does not trust", Version: v13, Leaf: "untrusted", Refused: []string{unknown}},
		{Name: "no-chain", About: "the server leaves out the intermediate certificate", Version: v13, Leaf: "no-chain", Refused: []string{unknown}},
		{Name: "wrong-name", About: "the certificate is for another name", Version: v13, Leaf: "wrong-name", Refused: []string{"x509: certificate is valid for other.example, not localhost"}},
		{Name: "expired", About: "the certificate has ended", Version: v13, Leaf: "expired", Refused: []string{"x509: certificate has expired or is not yet valid"}},
		{Name: "too-early", About: "the certificate is not valid yet", Version: v13, Leaf: "too-early", Refused: []string{"x509: certificate has expired or is not yet valid"}},
		{Name: "1.1", About: "the server speaks TLS 1.1 and nothing newer", Version: tls.VersionTLS11, Leaf: "ecdsa", Refused: []string{"tls: protocol version not supported", "tls: server selected unsupported protocol version"}},
	}
	for i := range all {
		if all[i].Host == "" {
			all[i].Host = "localhost"
		}
		if all[i].Size == 0 {
			all[i].Size = smallBody
		}
	}
	return all
}
