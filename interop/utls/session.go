package utls

import (
	"context"
	"crypto/tls"
	"errors"

	utls "github.com/refraction-networking/utls"
)

// session is a connection whose state and errors are those of crypto/tls.
type session struct{ conn *utls.Conn }

func (s session) HandshakeContext(ctx context.Context) error {
	return translate(s.conn.HandshakeContext(ctx))
}

func (s session) Read(p []byte) (int, error) {
	n, err := s.conn.Read(p)
	return n, translate(err)
}

func (s session) Write(p []byte) (int, error) {
	n, err := s.conn.Write(p)
	return n, translate(err)
}

func (s session) CloseWrite() error { return translate(s.conn.CloseWrite()) }

func (s session) ConnectionState() tls.ConnectionState { return state(s.conn.ConnectionState()) }

// translate returns the error of crypto/tls for the errors that uTLS has types
// of its own for. Alerts are *net.OpError in both.
func translate(err error) error {
	var (
		verify *utls.CertificateVerificationError
		header utls.RecordHeaderError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &verify):
		return &tls.CertificateVerificationError{UnverifiedCertificates: verify.UnverifiedCertificates, Err: verify.Err}
	case errors.As(err, &header):
		return tls.RecordHeaderError{Msg: header.Msg, RecordHeader: header.RecordHeader}
	}
	return err
}

// sessions keeps sessions of uTLS in a cache for those of crypto/tls, as what
// an application may add to one of them.
type sessions struct{ cache tls.ClientSessionCache }

func (s sessions) Get(key string) (*utls.ClientSessionState, bool) {
	kept, ok := s.cache.Get(key)
	if !ok || kept == nil {
		return nil, false
	}
	ticket, carrier, err := kept.ResumptionState()
	if err != nil || carrier == nil || len(carrier.Extra) != 1 {
		return nil, false
	}
	state, err := utls.ParseSessionState(carrier.Extra[0])
	if err != nil {
		return nil, false
	}
	own, err := utls.NewResumptionState(ticket, state)
	return own, err == nil
}

func (s sessions) Put(key string, own *utls.ClientSessionState) {
	if own == nil {
		s.cache.Put(key, nil)
		return
	}
	ticket, state, err := own.ResumptionState()
	if err != nil || state == nil {
		return
	}
	text, err := state.Bytes()
	if err != nil {
		return
	}
	kept, err := tls.NewResumptionState(ticket, &tls.SessionState{Extra: [][]byte{text}})
	if err != nil {
		return
	}
	s.cache.Put(key, kept)
}
