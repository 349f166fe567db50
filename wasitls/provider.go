package wasitls

import (
	"context"
	"crypto/tls"
	"io"
	"net"
)

// Provider is an implementation of TLS. The default is CryptoTLS. Package
// conformance, below wasitlstest, tests whether one does what is said here. It
// is safe for concurrent use.
type Provider interface {
	// Client returns the client's side of a connection on transport. It does
	// not block, and nothing is read or sent before Session.HandshakeContext.
	// The deadlines of transport do nothing, and its addresses say nothing.
	//
	// The provider must do what config says in these fields, which are as in
	// crypto/tls: ServerName (an IP address is not sent), RootCAs, Time,
	// MinVersion, MaxVersion, CurvePreferences (no other group may be offered),
	// NextProtos, GetClientCertificate, ClientSessionCache, VerifyConnection
	// and KeyLogWriter. Others are not set, or are hints. config belongs to the
	// provider, but what it points to does not.
	//
	// It must verify the server's certificate, ask for a stapled OCSP response
	// (RFC 6066, section 8), refuse renegotiation, send no early data, and
	// bound what a peer can send without end and without data.
	//
	// VerifyConnection must be called in each handshake, also on resumption,
	// after the provider's own verification and before data is sent. Its error
	// ends the handshake with an alert.
	//
	// Sessions to resume may be kept nowhere but in ClientSessionCache; a
	// provider with a form of its own puts it in tls.SessionState.Extra. It
	// need not resume any.
	Client(transport net.Conn, config *tls.Config) Session
}

// Session is one connection of a Provider, before and after its handshake.
// Everything is as for *tls.Conn, which is one. One goroutine reads while
// another writes: neither may wait for the other, but for the answer to a
// KeyUpdate.
//
// Errors of the transport must be wrapped, or passed on as they are. When the
// transport ends, so do all calls: by io.EOF between two records, by
// io.ErrUnexpectedEOF within one. After any error but the following, each call
// returns an error.
//
// A transport's error that is a net.Error with Timeout and Temporary is for one
// read only, anywhere within a record, and passed on: the next read must
// continue where that one stopped.
//
// For the class of other errors this package looks for
// *tls.CertificateVerificationError, tls.RecordHeaderError, *net.OpError with
// Op "remote error" for alerts, and what VerifyConnection returned. Their text
// reaches guests and logs: no keys and no plaintext may be in it.
type Session interface {
	// HandshakeContext returns after the whole handshake: the client's Finished
	// was sent. ctx does not end; whoever gives up closes the transport.
	HandshakeContext(ctx context.Context) error
	// Read returns io.EOF after the peer's close_notify.
	io.Reader
	// Write has given all to the transport when it returns.
	io.Writer
	// CloseWrite sends close_notify, and nothing else: reading goes on. It is
	// called once, after the last Write.
	CloseWrite() error
	// ConnectionState is asked for after the handshake only, at any time and by
	// any goroutine. What is used of it is Version, CipherSuite, CurveID,
	// NegotiatedProtocol, ECHAccepted, DidResume and PeerCertificates; and, in
	// what VerifyConnection gets, VerifiedChains and OCSPResponse as well, on
	// resumption those of the first handshake.
	ConnectionState() tls.ConnectionState
}

// CryptoTLS is the provider that is used if there is no other: crypto/tls.
type CryptoTLS struct{}

// Client implements Provider.
func (CryptoTLS) Client(transport net.Conn, config *tls.Config) Session {
	return tls.Client(transport, config)
}
