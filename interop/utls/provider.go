// Package utls is a second provider of TLS for package wasitls, on uTLS. It
// proves that package wasitls needs nothing of crypto/tls but its types, and
// shows how a provider with types of its own is made. It is a module of its
// own, so that what uTLS needs is not needed by this repository.
package utls

import (
	"crypto/tls"
	"net"
	"reflect"

	utls "github.com/refraction-networking/utls"

	"github.com/wasitls/wasitls/wasitls"
)

// Provider makes connections with uTLS, without the imitation of browsers that
// it is made for. The zero value is of use.
type Provider struct{}

// Client implements wasitls.Provider.
func (Provider) Client(transport net.Conn, c *tls.Config) wasitls.Session {
	config := &utls.Config{
		ServerName:                  c.ServerName,
		RootCAs:                     c.RootCAs,
		Time:                        c.Time,
		MinVersion:                  c.MinVersion,
		MaxVersion:                  c.MaxVersion,
		NextProtos:                  c.NextProtos,
		KeyLogWriter:                c.KeyLogWriter,
		DynamicRecordSizingDisabled: c.DynamicRecordSizingDisabled,
	}
	for _, group := range c.CurvePreferences {
		config.CurvePreferences = append(config.CurvePreferences, utls.CurveID(group))
	}
	if verify := c.VerifyConnection; verify != nil {
		config.VerifyConnection = func(s utls.ConnectionState) error { return verify(state(s)) }
	}
	if get := c.GetClientCertificate; get != nil {
		config.GetClientCertificate = func(r *utls.CertificateRequestInfo) (*utls.Certificate, error) {
			return certificate(get(request(r)))
		}
	}
	if cache := c.ClientSessionCache; cache != nil {
		config.ClientSessionCache = sessions{cache}
	}
	return session{utls.Client(transport, config)}
}

// request is what a server that asks for a certificate has said.
func request(r *utls.CertificateRequestInfo) *tls.CertificateRequestInfo {
	to := &tls.CertificateRequestInfo{AcceptableCAs: r.AcceptableCAs, Version: r.Version}
	for _, scheme := range r.SignatureSchemes {
		to.SignatureSchemes = append(to.SignatureSchemes, tls.SignatureScheme(scheme))
	}
	return to
}

func certificate(c *tls.Certificate, err error) (*utls.Certificate, error) {
	if err != nil {
		return nil, err
	}
	to := &utls.Certificate{Certificate: c.Certificate, PrivateKey: c.PrivateKey, Leaf: c.Leaf}
	for _, scheme := range c.SupportedSignatureAlgorithms {
		to.SupportedSignatureAlgorithms = append(to.SupportedSignatureAlgorithms, utls.SignatureScheme(scheme))
	}
	return to, nil
}

// state is what package wasitls asks for.
func state(s utls.ConnectionState) tls.ConnectionState {
	return tls.ConnectionState{
		Version:                     s.Version,
		HandshakeComplete:           s.HandshakeComplete,
		DidResume:                   s.DidResume,
		CipherSuite:                 s.CipherSuite,
		CurveID:                     group(s),
		NegotiatedProtocol:          s.NegotiatedProtocol,
		ServerName:                  s.ServerName,
		PeerCertificates:            s.PeerCertificates,
		VerifiedChains:              s.VerifiedChains,
		SignedCertificateTimestamps: s.SignedCertificateTimestamps,
		OCSPResponse:                s.OCSPResponse,
		ECHAccepted:                 s.ECHAccepted,
	}
}

// group is what was agreed on for the key exchange. uTLS knows it and exports
// it in no way: without this rules with RequirePostQuantum could not be kept.
func group(s utls.ConnectionState) tls.CurveID {
	field := reflect.ValueOf(s).FieldByName("testingOnlyCurveID")
	if !field.IsValid() {
		return 0
	}
	return tls.CurveID(field.Uint())
}
