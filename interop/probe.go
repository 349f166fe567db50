package interop

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// probe looks at a started server and reports how it differs from what the case
// asks for. It trusts anything and goes down to TLS 1.0, so that it also sees
// what a client must refuse: without it a refusal would not show that it is for
// the right reason.
func probe(ctx context.Context, addr string, c Case, l leaf) error {
	ctx, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	d := tls.Dialer{
		NetDialer: &net.Dialer{},
		Config: &tls.Config{
			ServerName:         "localhost",
			InsecureSkipVerify: true,
			MinVersion:         tls.VersionTLS10,
		},
	}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	cs := conn.(*tls.Conn).ConnectionState()
	conn.Close() // before the next one: some servers serve one connection at a time
	switch {
	case cs.Version != c.Version:
		return fmt.Errorf("probe: the server speaks %s, want %s", tls.VersionName(cs.Version), tls.VersionName(c.Version))
	case !bytes.Equal(cs.PeerCertificates[0].Raw, l.der):
		return fmt.Errorf("probe: the server shows the certificate %s, want %s", cs.PeerCertificates[0].Subject, c.Leaf)
	case len(cs.PeerCertificates) != l.sent:
		return fmt.Errorf("probe: the server sends %d certificates, want %d", len(cs.PeerCertificates), l.sent)
	case c.Group != 0 && !cs.HelloRetryRequest:
		return fmt.Errorf("probe: group %v without a HelloRetryRequest, want %v with one", cs.CurveID, c.Group)
	}
	// The version is offered alone: without it there must be no handshake.
	for _, other := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		if other == c.Version {
			continue
		}
		cfg := d.Config.Clone()
		cfg.MinVersion, cfg.MaxVersion = other, other
		o := tls.Dialer{NetDialer: d.NetDialer, Config: cfg}
		if conn, err := o.DialContext(ctx, "tcp", addr); err == nil {
			conn.Close()
			return fmt.Errorf("probe: the server also speaks %s", tls.VersionName(other))
		}
	}
	return nil
}
