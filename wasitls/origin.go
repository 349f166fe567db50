package wasitls

import (
	"crypto/tls"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"
)

// origin is what stays known of a handshake as long as its connection lasts:
// whose it is, what the policy says of it, and what the peer has shown.
type origin struct {
	guest   *Guest
	number  uint64
	name    ServerName
	rule    *rule  // nil if none matches
	entry   *entry // nil if it was refused
	address netip.AddrPort
	start   time.Time

	// Of the handshake's goroutine.
	identified bool // the client certificate was asked for
	verified   bool // the peer is all that the rule demands
	ocsp       string
	seen       State // for the event of a failure
}

// connections counts the handshakes of the process, to tell them apart.
var connections atomic.Uint64

// tlsFor returns what the provider gets for a handshake.
func (o *origin) tlsFor() *tls.Config {
	r, c := o.rule, &o.guest.client.config
	config := r.config.Clone()
	config.ServerName = o.name.host
	config.Time = c.Time
	config.KeyLogWriter = c.KeyLog
	config.ClientSessionCache = r.sessionsOf(o.guest)
	config.VerifyConnection = o.look
	if r.identity != nil {
		config.GetClientCertificate = o.identify
	}
	return config
}

// look remembers what is known of the peer before it is judged.
func (o *origin) look(s tls.ConnectionState) error {
	err := o.verify(s)
	o.verified = err == nil
	o.seen = o.state(s)
	return err
}

// state is what was negotiated, with what the handshake knows of it.
func (o *origin) state(s tls.ConnectionState) State {
	state := State{
		ServerName:       o.name.String(),
		Version:          s.Version,
		Suite:            s.CipherSuite,
		Group:            s.CurveID,
		ALPN:             s.NegotiatedProtocol,
		ECH:              s.ECHAccepted,
		Resumed:          s.DidResume,
		OCSP:             o.ocsp,
		PeerCertificates: s.PeerCertificates,
	}
	if o.identified {
		state.Identity = o.rule.Identity
	}
	return state
}

// shown is what is known of the peer when the handshake has failed.
func (o *origin) shown(failure *HandshakeError) State {
	var unverified *tls.CertificateVerificationError
	if errors.As(failure, &unverified) {
		return State{ServerName: o.name.String(), PeerCertificates: unverified.UnverifiedCertificates}
	}
	seen := o.seen
	if o.identified { // in TLS 1.2 that comes after the look at the peer
		seen.Identity = o.rule.Identity
	}
	return seen
}

// leave says that nothing is left of the handshake or of its connection.
func (o *origin) leave() {
	if o.entry != nil {
		o.guest.client.gate.leave(o.entry)
	}
}

// audit fills in what is known of every event, and tells it.
func (o *origin) audit(e Event) {
	tell := o.guest.client.config.Audit
	if tell == nil {
		return
	}
	e.Time = time.Now()
	e.Connection, e.Guest, e.Address = o.number, o.guest.config.Name, o.address
	e.ServerName, e.Duration = o.name.String(), e.Time.Sub(o.start)
	switch {
	case o.rule != nil:
		e.Rule = o.rule.Name
	case o.name.host != "":
		e.Rule = "default"
	}
	tell(e)
}
