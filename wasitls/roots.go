package wasitls

import (
	"crypto/x509"
	"sync"

	mozillaroots "golang.org/x/crypto/x509roots/fallback/bundle"
)

// mozilla returns a pool of the authorities that Mozilla trusts for TLS. They
// are parsed once, for all rules; it must not be changed.
var mozilla = sync.OnceValue(func() *x509.CertPool {
	pool := x509.NewCertPool()
	for root := range mozillaroots.Roots() {
		c, err := x509.ParseCertificate(root.Certificate)
		if err != nil {
			continue // newer than this Go
		}
		if root.Constraint != nil {
			pool.AddCertWithConstraint(c, root.Constraint)
		} else {
			pool.AddCert(c)
		}
	}
	return pool
})
