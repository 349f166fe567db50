package checkpeer

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
)

func dial(t *testing.T, p *Peer, line string) (*tls.Conn, int) {
	t.Helper()
	c, err := tls.Dial("tcp", p.Addr(), &tls.Config{RootCAs: p.Pool(), ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	io.WriteString(c, line+"\n")
	return c, c.LocalAddr().(*net.TCPAddr).Port
}

func ask(t *testing.T, p *Peer, line string) string {
	t.Helper()
	c, _ := dial(t, p, line)
	b, err := io.ReadAll(c)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return string(b)
}

func TestProtocol(t *testing.T) {
	p, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if got := ask(t, p, "send 600"); len(got) != 600 || got[251] != 0 || got[599] != 599%251 {
		t.Errorf("send 600: %d bytes", len(got))
	}
	if got := ask(t, p, "close"); got != "bye\n" {
		t.Errorf("close: %q", got)
	}
	c, port := dial(t, p, "sink 5")
	io.WriteString(c, "hello")
	if b, _ := io.ReadAll(c); string(b) != "sunk 5 3610a686\n" {
		t.Errorf("sink: %q", b)
	}
	got := ask(t, p, fmt.Sprintf("seen %d 2000 data=5", port))
	if !strings.Contains(got, "hello=1 sni=localhost done=1 alert=- data=5 notify=0 fin=0") {
		t.Errorf("seen: %q", got)
	}
	c.Close()
	if got := ask(t, p, fmt.Sprintf("seen %d 2000 fin", port)); !strings.Contains(got, "notify=1 fin=1") {
		t.Errorf("seen after close: %q", got)
	}
	if got := ask(t, p, "seen 1 10 fin"); got != "seen unknown\n" {
		t.Errorf("seen of an unknown port: %q", got)
	}
	c, _ = dial(t, p, "alert")
	if b, err := io.ReadAll(c); string(b) != "bye\n" || err == nil || !strings.Contains(err.Error(), "internal error") {
		t.Errorf("alert: %q, %v", b, err)
	}
}

func TestSeenAlert(t *testing.T) {
	p, err := Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	raw, err := net.Dial("tcp", p.Options()[len(p.Options())-1]) // --untrusted
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	c := tls.Client(raw, &tls.Config{RootCAs: p.Pool(), ServerName: "localhost"})
	if err := c.Handshake(); err == nil {
		t.Fatal("an untrusted certificate was accepted")
	}
	got := ask(t, p, fmt.Sprintf("seen %d 2000 alert", raw.LocalAddr().(*net.TCPAddr).Port))
	if !strings.Contains(got, "alert=bad_certificate") {
		t.Errorf("seen: %q", got)
	}
}
