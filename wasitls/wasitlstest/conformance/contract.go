package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// The parts of the contract of wasitls.Provider that a guest does not see.

// client returns what a provider gets for a client that trusts the test CA.
func (s suite) client() *tls.Config {
	return &tls.Config{RootCAs: ca().Pool(), ServerName: wasitlstest.Name}
}

// TestClientSendsNothing: not before its handshake begins.
func (s suite) TestClientSendsNothing(t *testing.T) {
	near, far := wasitlstest.Pipe()
	defer far.Close()
	watched := wasitlstest.Watch(near)
	s.provider.Client(watched, s.client())
	noError(t, far.CloseWrite())
	want(t, "reads", watched.Reads.Load(), 0)
	want(t, "writes", watched.Writes.Load(), 0)
	noError(t, near.Close())
}

// TestVerifyConnection: it is asked once in each handshake, resumed or not, is
// given what rules are about, and has the last word.
func (s suite) TestVerifyConnection(t *testing.T) {
	refused := errors.New("not this one")
	leaf := ca().Intermediate().Leaf()
	leaf.OCSPStaple = []byte("a response")
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s.run(t, tls.VersionName(version), func(t *testing.T) {
			peer := wasitlstest.Peer{
				Config: &tls.Config{Certificates: []tls.Certificate{leaf}, MaxVersion: version},
				Handle: wasitlstest.Say("hello"),
			}
			cache := tls.NewLRUClientSessionCache(1)
			handshake := func(verdict error) (asked []tls.ConnectionState, err error) {
				config := s.client()
				config.ClientSessionCache = cache
				config.VerifyConnection = func(state tls.ConnectionState) error {
					asked = append(asked, state)
					return verdict
				}
				below := peer.Pipe()
				defer below.Close()
				session := s.provider.Client(below, config)
				if err := session.HandshakeContext(context.Background()); err != nil {
					return asked, err
				}
				data, err := io.ReadAll(session)
				want(t, "data", string(data), "hello")
				return asked, err
			}
			for i, verdict := range []error{nil, nil, refused, refused} {
				asked, err := handshake(verdict)
				if (err != nil) != (verdict != nil) || verdict != nil && !errors.Is(err, verdict) {
					t.Fatalf("handshake %d with verdict %v: %v", i, verdict, err)
				}
				want(t, "asked", len(asked), 1)
				state := asked[0]
				want(t, "version", state.Version, version)
				want(t, "certificates", len(state.PeerCertificates), 2)
				want(t, "chains", len(state.VerifiedChains), 1)
				want(t, "the first chain", len(state.VerifiedChains[0]), 3)
				want(t, "OCSP response", string(state.OCSPResponse), "a response")
			}
		})
	}
}

// TestRefusedBeforeData: a server of TLS 1.2 learns by an alert that it was
// refused by VerifyConnection; that of TLS 1.3 has finished by then and reads
// the alert where it expects data.
func (s suite) TestRefusedBeforeData(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s.run(t, tls.VersionName(version), func(t *testing.T) {
			told := make(chan error, 1)
			server := good().Clone()
			server.MaxVersion = version
			near := wasitlstest.Peer{
				Config: server,
				Failed: func(err error) { told <- err },
				Handle: func(tc *tls.Conn, _ wasitlstest.Conn) {
					n, err := tc.Read(make([]byte, 1))
					told <- fmt.Errorf("%d bytes, %w", n, err)
				},
			}.Pipe()
			defer near.Close()
			config := s.client()
			config.VerifyConnection = func(tls.ConnectionState) error { return errors.New("no") }
			if s.provider.Client(near, config).HandshakeContext(context.Background()) == nil {
				t.Fatal("handshake succeeded")
			}
			err := <-told
			says(t, err, "remote error: tls: ")
			want(t, "data came before", strings.HasPrefix(err.Error(), "1"), false)
		})
	}
}
