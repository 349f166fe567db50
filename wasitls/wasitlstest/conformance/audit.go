package conformance

import (
	"crypto/tls"
	"io"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// audited returns a configuration whose events are sent to the channel.
func (s suite) audited() (wasitls.Config, chan wasitls.Event) {
	events := make(chan wasitls.Event, 9)
	c := s.config()
	c.Audit = func(e wasitls.Event) { events <- e }
	return c, events
}

func (s suite) TestAudit(t *testing.T) {
	c, events := s.audited()
	peer := wasitlstest.Peer{Config: good(), Handle: func(t *tls.Conn, _ wasitlstest.Conn) {
		io.ReadFull(t, make([]byte, 5))
		io.WriteString(t, "and back")
		t.CloseWrite()
		io.Copy(io.Discard, t)
	}}
	conn := connect(t, c, peer.Pipe())
	e := <-events
	noError(t, e.Err)
	want(t, "kind", e.Kind, wasitls.Connected)
	want(t, "name", e.ServerName, wasitlstest.Name)
	want(t, "rule", e.Rule, "every server")
	want(t, "version", e.State.Version, tls.VersionTLS13)
	want(t, "duration", e.Duration > 0, true)
	number := e.Connection

	io.WriteString(conn, "there")
	data, err := readAll(t, conn)
	noError(t, err)
	want(t, "data", data, "and back")
	conn.Conn.CloseOutput()
	eventually(t, "close_notify", func() bool { return conn.Conn.Output().End() != nil })
	closeNow(t, conn.Conn)
	e = <-events
	noError(t, e.Err)
	want(t, "kind", e.Kind, wasitls.Closed)
	want(t, "connection", e.Connection, number)
	want(t, "sent", e.Sent, 5)
	want(t, "received", e.Received, 8)
	want(t, "close_notify sent", e.CloseSent, true)
	want(t, "close_notify received", e.CloseReceived, true)
}

func (s suite) TestAuditRefused(t *testing.T) {
	c, events := s.audited()
	peer := wasitlstest.Peer{Config: good()}
	fails(t, c, peer.Pipe(), "not a name", wasitls.ClassName)
	e := <-events
	want(t, "kind", e.Kind, wasitls.Refused)
	want(t, "name", e.ServerName, "")
	want(t, "rule", e.Rule, "")
	want(t, "error", e.Err != nil, true)

	fails(t, c, peer.Pipe(), "other.test", wasitls.ClassCertificate)
	e = <-events
	want(t, "kind", e.Kind, wasitls.Refused)
	want(t, "name", e.ServerName, "other.test")
	want(t, "error", e.Err != nil, true)
}

// TestAuditTruncated: an end without close_notify is told as what it is, and
// also where the rule lets the guest not see it.
func (s suite) TestAuditTruncated(t *testing.T) {
	for _, allow := range []bool{false, true} {
		c, events := s.audited()
		c.Policy.Rules[0].AllowTruncation = allow
		conn := connect(t, c, wasitlstest.Peer{Config: good(), Handle: func(t *tls.Conn, below wasitlstest.Conn) {
			io.WriteString(t, "cut")
			below.CloseWrite()
			io.Copy(io.Discard, below)
		}}.Pipe())
		<-events
		_, err := readAll(t, conn)
		want(t, "an error", err != nil, !allow)
		closeNow(t, conn.Conn)
		e := <-events
		want(t, "an error told", e.Err != nil, !allow)
		want(t, "close_notify received", e.CloseReceived, false)
		want(t, "truncated", e.Truncated, true)
		want(t, "end", e.End(), "truncated")
		want(t, "received", e.Received, 3)
	}
}
