package p3_test

import (
	"bufio"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// TestSTARTTLSInjected: what follows the server's plain reply to STARTTLS is not
// taken for what the server says over TLS; nor is a server that has no TLS.
func TestSTARTTLSInjected(t *testing.T) {
	r := newRig(t)
	for _, tt := range []struct{ what, hello, starttls, reason string }{
		{"injected", "250-mail\r\n250 STARTTLS\r\n", "220 go\r\n250 injected\r\n", "14 bytes follow the reply"},
		{"not offered", "250-mail\r\n250 SIZE 1\r\n", "", "does not offer STARTTLS"},
		{"refused", "250-mail\r\n250 STARTTLS\r\n", "454 not now\r\n", "STARTTLS: 454 not now"},
		{"ended", "250-mail\r\n250 STARTTLS\r\n", "", "ended without a reply"},
	} {
		r.component(t, "smtp-starttls-p3")
		t.Run(tt.what, func(t *testing.T) {
			addr := plainMail(t, tt.hello, tt.starttls)
			out, errs, status, err := r.run(t, "smtp-starttls-p3", addr)
			if err != nil || status != 1 || !strings.Contains(errs, tt.reason) || strings.Contains(out, "tls ") {
				t.Errorf("status %d, %v\n%s%s", status, err, out, errs)
			}
		})
	}
}

// plainMail is a mail server that says these replies to one client and then ends.
func plainMail(t *testing.T, hello, starttls string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(20 * time.Second))
		in := bufio.NewReader(c)
		for _, reply := range []string{"220 mail\r\n", hello, starttls} {
			if reply != "220 mail\r\n" {
				in.ReadString('\n')
			}
			io.WriteString(c, reply)
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}
