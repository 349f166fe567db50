package checkpeer

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

const name = "localhost"

func start(t *testing.T) (*Peer, *x509.CertPool) {
	t.Helper()
	ca := wasitlstest.NewCA()
	leaf := ca.Leaf(wasitlstest.Names(name, "*.wild.example", "127.0.0.1", "::1"))
	p, err := Start(&tls.Config{Certificates: []tls.Certificate{leaf}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, ca.Pool()
}

// A client of crypto/tls cannot tell a proper end from a broken one by itself; the tap can.
type client struct {
	*tls.Conn
	raw *tailed
}

type tailed struct {
	net.Conn
	err error
}

func (t *tailed) Read(b []byte) (int, error) {
	n, err := t.Conn.Read(b)
	t.err = err
	return n, err
}

func dial(t *testing.T, p *Peer, roots *x509.CertPool, command string) client {
	t.Helper()
	c, err := net.DialTimeout("tcp", p.Main, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(10 * time.Second))
	raw := &tailed{Conn: c}
	conn := tls.Client(raw, &tls.Config{ServerName: name, RootCAs: roots})
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		t.Fatal(err)
	}
	return client{conn, raw}
}

func patternOf(n int) string {
	b := make([]byte, n)
	(&pattern{}).Read(b)
	return string(b)
}

func TestCommands(t *testing.T) {
	p, roots := start(t)
	sum := fmt.Sprintf("sunk 5 %08x\n", crc32.ChecksumIEEE([]byte("hello")))
	for _, test := range []struct {
		command, send, want string
		end                 string // how reading ends: notify, fin, or part of an error
	}{
		{"echo", "hello", "hello", "notify"},
		{"count", "hello", "", "notify"},
		{"send 1000", "", patternOf(1000), "notify"},
		{"pause 10 3", "", patternOf(3), "notify"},
		{"sink 5", "hello", sum, "notify"},
		{"half", "hello", "half 5\n", "notify"},
		{"close", "", "bye\n", "notify"},
		{"fin", "", "bye\n", "fin"},
		{"cut", "", "bye\n", "unexpected EOF"},
		{"corrupt", "", "bye\n", "bad record MAC"},
		{"alert", "", "bye\n", "remote error: tls: bad record MAC"},
		{"rst", "", "bye\n", "reset by peer"},
		{"reset 10", "", "", "reset by peer"},
	} {
		t.Run(test.command, func(t *testing.T) {
			c := dial(t, p, roots, test.command)
			if test.send != "" {
				if _, err := io.WriteString(c, test.send); err != nil {
					t.Fatal(err)
				}
			}
			if test.command == "echo" || test.command == "count" || test.command == "half" {
				if err := c.CloseWrite(); err != nil {
					t.Fatal(err)
				}
			}
			var got bytes.Buffer
			_, err := io.Copy(&got, c)
			if got.String() != test.want {
				t.Errorf("read %q, want %q", got.String(), test.want)
			}
			end := "notify"
			switch {
			case err != nil:
				end = err.Error()
			case c.raw.err == io.EOF:
				end = "fin"
			}
			if !strings.Contains(end, test.end) {
				t.Errorf("ended by %s, want %s", end, test.end)
			}
		})
	}
}

func TestInnerTLS(t *testing.T) {
	p, roots := start(t)
	outer := dial(t, p, roots, "tls")
	inner := tls.Client(outer, &tls.Config{ServerName: name, RootCAs: roots})
	if _, err := io.WriteString(inner, "send 4\n"); err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(inner)
	if err != nil || string(got) != patternOf(4) {
		t.Errorf("read %q, %v", got, err)
	}
}

// seen asks about the connection from a local address.
func seen(t *testing.T, p *Peer, roots *x509.CertPool, of net.Addr, ms int, until string) string {
	t.Helper()
	c := dial(t, p, roots, fmt.Sprintf("seen %d %d %s", of.(*net.TCPAddr).Port, ms, until))
	line, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(string(line), "\n")
}

func TestSeen(t *testing.T) {
	p, roots := start(t)
	c := dial(t, p, roots, "count")
	io.WriteString(c, "hello")
	wants := func(until string, words ...string) {
		t.Helper()
		line := seen(t, p, roots, c.LocalAddr(), 5000, until)
		for _, word := range words {
			if !strings.Contains(line+" ", " "+word+" ") {
				t.Errorf("no %s in %q", word, line)
			}
		}
	}
	wants("data=5", "hello=1", "sni=localhost", "done=1", "alert=-", "data=5", "notify=0", "fin=0")
	c.CloseWrite()
	wants("notify", "notify=1", "fin=0")
	c.raw.Close()
	wants("fin", "fin=1")
}

func TestSeenFailures(t *testing.T) {
	p, roots := start(t)
	refuse := func(config *tls.Config) net.Addr {
		t.Helper()
		c, err := net.Dial("tcp", p.Main)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if err := tls.Client(c, config).Handshake(); err == nil {
			t.Fatal("the handshake succeeded")
		}
		return c.LocalAddr()
	}
	line := seen(t, p, roots, refuse(&tls.Config{ServerName: name, RootCAs: x509.NewCertPool()}), 5000, "fin")
	if !strings.Contains(line, "alert=bad_certificate ") && !strings.Contains(line, "alert=unknown") {
		t.Errorf("no alert in %q", line)
	}
	silent, err := net.Dial("tcp", p.Mute)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	if line := seen(t, p, roots, silent.LocalAddr(), 50, "raw=1"); !strings.HasPrefix(line, "seen raw=0 ") {
		t.Errorf("of a silent connection: %q", line)
	}
	if line := seen(t, p, roots, &net.TCPAddr{Port: 1}, 10, "raw"); line != "seen unknown" {
		t.Errorf("of no connection: %q", line)
	}
}

func TestBadPorts(t *testing.T) {
	p, _ := start(t)
	for address, want := range map[string]string{p.Drop: "", p.Plain: "HTTP/1.0 400 Bad Request\r\n\r\n"} {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, "hello")
		c.SetDeadline(time.Now().Add(5 * time.Second))
		got, err := io.ReadAll(c)
		if err != nil && !errors.Is(err, net.ErrClosed) || string(got) != want {
			t.Errorf("read %q, %v; want %q", got, err, want)
		}
		c.(*net.TCPConn).CloseWrite()
	}
}

// Closing must not wait for commands that wait.
func TestCloseIsPrompt(t *testing.T) {
	p, roots := start(t)
	dial(t, p, roots, "hold")
	dial(t, p, roots, "pause 60000 1")
	begin := time.Now()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
}
