package wasitls

import (
	"context"
	"crypto/tls"
	"io"
	"net"
)

// Provider is an implementation of TLS. The default is crypto/tls. Package
// conformance tests one.
type Provider interface {
	// Client returns the client's side of a connection on transport. It does
	// not block, and nothing is sent before Session.HandshakeContext.
	//
	// The provider must do what config says in these fields, which are as in
	// crypto/tls: ServerName (an IP address is not sent), RootCAs, Time,
	// MinVersion, MaxVersion, CurvePreferences, NextProtos,
	// GetClientCertificate, ClientSessionCache (or never resume),
	// VerifyConnection (also on resumption) and KeyLogWriter. Others are not
	// set, or are hints. It must ask for a stapled OCSP response.
	Client(transport net.Conn, config *tls.Config) Session
}

// Session is one connection of a Provider, before and after its handshake.
// Everything is as for *tls.Conn, which is one: reading and writing may happen
// at the same time, and a clean end of reading is io.EOF.
//
// Errors of the transport must be wrapped, or passed on as they are. A
// transport's error that is a net.Error with Timeout and Temporary is for one
// read only: the next must continue where that one stopped. For the class of
// other errors this package looks for *tls.CertificateVerificationError,
// tls.RecordHeaderError, *net.OpError with Op "remote error" for alerts, and
// what VerifyConnection returned.
type Session interface {
	HandshakeContext(ctx context.Context) error
	io.Reader
	io.Writer
	// CloseWrite sends close_notify.
	CloseWrite() error
	// ConnectionState is asked for after the handshake only. What a rule may
	// demand is looked for in it, and in what VerifyConnection gets: Version,
	// CurveID, PeerCertificates, VerifiedChains and OCSPResponse, on resumption
	// those of the first handshake.
	ConnectionState() tls.ConnectionState
}

// cryptoTLS is the default provider.
type cryptoTLS struct{}

func (cryptoTLS) Client(transport net.Conn, config *tls.Config) Session {
	return tls.Client(transport, config)
}
