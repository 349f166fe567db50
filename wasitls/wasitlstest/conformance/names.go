package conformance

import (
	"crypto/tls"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
	"testing"
)

// TestB_SNI checks what the peer is told: the normalised name, and nothing for
// an address, which the certificate must have as iPAddress (A25, P2-84, P2-85).
func (s suite) TestB_SNI(t *testing.T) {
	for _, row := range []struct{ name, sni string }{
		{"server.test", "server.test"},
		{"SERVER.test.", "server.test"},
		{"LocalHost", "localhost"},
		{"127.0.0.1", ""},
		{"::1", ""},
		{"0:0::1", ""},
	} {
		s.run(t, row.name, func(t *testing.T) {
			hello := make(chan string, 1)
			server := good().Clone()
			server.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
				hello <- h.ServerName
				return nil, nil
			}
			h := guest(t, s.config()).Start(wasitlstest.Peer{Config: server}.Pipe(), row.name)
			conn, err := h.Wait(timeout(t))
			noError(t, err)
			closeNow(t, conn)
			want(t, "SNI", <-hello, row.sni)
		})
	}
}

// TestP2_84AddressNeedsIPSAN: a DNS name that reads like the address is not enough.
func (s suite) TestP2_84AddressNeedsIPSAN(t *testing.T) {
	server := ca().Server(wasitlstest.Modify(dnsOnly("127.0.0.1")))
	fails(t, s.config(), wasitlstest.Peer{Config: server}.Pipe(), "127.0.0.1", wasitls.ClassCertificate)
}

// TestP2_86Wildcard: a wildcard stands for one label.
func (s suite) TestP2_86Wildcard(t *testing.T) {
	server := ca().Server(wasitlstest.Names("*.server.test"))
	peer := wasitlstest.Peer{Config: server}
	conn, err := guest(t, s.config()).Start(peer.Pipe(), "A.server.test").Wait(timeout(t))
	noError(t, err)
	closeNow(t, conn)
	for _, name := range []string{"server.test", "b.a.server.test"} {
		fails(t, s.config(), peer.Pipe(), name, wasitls.ClassCertificate)
	}
}
