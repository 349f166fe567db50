package policytest

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestPostgresPlain: what a server says in the clear, before TLS, is at most a
// refusal. Whoever is on the way can put more there, which must not be taken for
// what the server says over TLS (CVE-2021-23222 in PostgreSQL's own client).
func TestPostgresPlain(t *testing.T) {
	// AuthenticationOk, a row with the column x, ReadyForQuery.
	const session = "R\x00\x00\x00\x08\x00\x00\x00\x00" + "Z\x00\x00\x00\x05I" + "D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x01x" + "Z\x00\x00\x00\x05I"
	for _, d := range drafts {
		guest := map[string]string{"0.2": "pg-query", "0.3": "pg-query-p3"}[d.version]
		for _, tt := range []struct{ what, answer, reason string }{
			{"without TLS", "N", "the server does not offer TLS"},
			{"without TLS, with a session", "N" + session, "the server does not offer TLS"},
			{"something else", "HTTP/1.1 400 Bad Request\r\n\r\n", "no answer of PostgreSQL"},
			{"injected", "S" + session, "tls handshake: wasitls: handshake: tls: first record does not look like a TLS handshake"},
			{"ended", "", "the server ended without an answer"},
		} {
			t.Run(d.version+" "+tt.what, func(t *testing.T) {
				addr := answers(t, tt.answer)
				p := instance{client: client(t, nil)}.start(t, guest, addr, "localhost", "me", "postgres", "select 'x'").wait(t)
				noError(t, p.err)
				if p.status != 1 || p.out.Len() > 0 || !strings.Contains(p.errs.String(), tt.reason) {
					t.Errorf("status %d, stdout %q, want 1 and %q: %s", p.status, &p.out, tt.reason, &p.errs)
				}
			})
		}
	}
}

// answers is a server that reads the eight bytes of one client's request for TLS,
// says its answer in the clear and ends when the client does.
func answers(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	noError(t, err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(patience))
		if _, err := io.ReadFull(c, make([]byte, 8)); err != nil || answer == "" {
			return
		}
		io.WriteString(c, answer)
		io.Copy(io.Discard, c)
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}
