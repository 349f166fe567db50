package wasitls

import (
	"crypto/x509"
	"fmt"
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

// roots returns the pool, nil for the system's, which crypto/x509 then loads
// when it needs it.
func (c *compiler) roots(field string, r Roots) *x509.CertPool {
	if r.Pool != nil {
		if r.Base != 0 || r.Certificates != nil {
			c.fail(field, "a pool excludes all other fields")
		}
		return r.Pool
	}
	var pool *x509.CertPool
	switch r.Base {
	case BaseSystem:
		if len(r.Certificates) == 0 {
			return nil
		}
		var err error
		if pool, err = x509.SystemCertPool(); err != nil {
			c.fail(field+".base", "no system roots: %w", scrub(err))
			return nil
		}
	case BaseMozilla:
		pool = mozilla().Clone()
	case BaseNone:
		pool = x509.NewCertPool()
		if len(r.Certificates) == 0 {
			c.fail(field, "no authority is trusted: add certificates, or deny the servers")
		}
	default:
		c.fail(field+".base", "neither system, mozilla nor none")
		return nil
	}
	for i, x := range r.Certificates {
		if x == nil {
			c.fail(fmt.Sprintf("%s.certificates[%d]", field, i), "no certificate")
			continue
		}
		pool.AddCert(x)
	}
	return pool
}
