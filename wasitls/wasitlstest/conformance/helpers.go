package conformance

import (
	"crypto/tls"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/internal/tlstest"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// What these cases share with the tests of package wasitls.
var (
	ca, good    = tlstest.CA, tlstest.Good
	guest       = tlstest.Guest
	connect     = tlstest.Connect
	closeNow    = tlstest.CloseNow
	ended       = tlstest.Ended
	timeout     = tlstest.Timeout
	fails, says = tlstest.Fails, tlstest.Says
	streamError = tlstest.StreamFails
	checkText   = tlstest.CheckText
	readAll     = tlstest.ReadAll
	noError     = tlstest.NoError
	eventually  = tlstest.Eventually
	source      = tlstest.Source
	unserved    = tlstest.Unserved
	stuck       = tlstest.Stuck
	serverWith  = tlstest.ServerWith
)

const patience = tlstest.Patience

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	tlstest.Want(t, what, got, want)
}

// config returns a configuration that trusts the test CA.
func (s suite) config() wasitls.Config {
	return wasitls.Config{Provider: s.provider, Policy: wasitls.Trust(ca().Pool())}
}

// ruled returns a configuration that trusts the test CA by a rule that change
// has changed, which is for every name.
func (s suite) ruled(change func(*wasitls.Rule)) wasitls.Config {
	c := s.config()
	change(&c.Policy.Rules[0])
	return c
}

// to returns a connection to a peer in memory.
func (s suite) to(t testing.TB, handle func(*tls.Conn, wasitlstest.Conn)) *wasitlstest.Blocking {
	t.Helper()
	return connect(t, s.config(), wasitlstest.Peer{Config: good(), Handle: handle}.Pipe())
}
