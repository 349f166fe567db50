package wasitls_test

import (
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// careless is a provider that does what it likes with what it is told.
type careless struct{ change func(*tls.Config) }

func (p careless) Client(transport net.Conn, c *tls.Config) wasitls.Session {
	p.change(c)
	return tls.Client(transport, c)
}

// TestPostQuantumOfProviders: a provider is not believed to have offered what
// it was told.
func TestPostQuantumOfProviders(t *testing.T) {
	for _, change := range []func(*tls.Config){
		func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.X25519} },
		func(c *tls.Config) { c.CurvePreferences, c.MinVersion, c.MaxVersion = nil, 0, tls.VersionTLS12 },
	} {
		c := ruled(func(r *wasitls.Rule) { r.RequirePostQuantum = true })
		c.Provider = careless{change}
		refusedFor(t, fails(t, c, unserved(t, good()), wasitlstest.Name, wasitls.ClassProtocol), "post-quantum", "is not post-quantum")
	}
}

// TestUnverified: a provider that does not ask whether the peer is all that the
// rule demands gets no connection.
func TestUnverified(t *testing.T) {
	c := ruled(func(r *wasitls.Rule) { r.Pins = []wasitls.Pin{{}} })
	c.Provider = careless{func(c *tls.Config) { c.VerifyConnection = nil }}
	says(t, fails(t, c, wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name, wasitls.ClassProtocol), "did not ask whether")
}

// TestHandshakeTimeoutPerRule: each rule has its own deadline.
func TestHandshakeTimeoutPerRule(t *testing.T) {
	p := wasitls.Trust(ca().Pool())
	hasty := p.Rules[0]
	hasty.Name, hasty.Servers, hasty.HandshakeTimeout = "hasty", []string{"hasty.test"}, 20*time.Millisecond
	p.Rules = append([]wasitls.Rule{hasty}, p.Rules...)
	c := wasitls.Config{Policy: p}
	patient := guest(t, c).Start(stuck(t), wasitlstest.Name)
	err := fails(t, c, stuck(t), "hasty.test", wasitls.ClassTimeout)
	says(t, err, "no connection within 20ms")
	want(t, "timed out", errors.Is(err, wasitls.ErrTimeout), true)
	want(t, "the other has ended", patient.Ready(), false)
	patient.Cancel()
	<-patient.Done()
}
