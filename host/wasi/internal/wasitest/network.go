package wasitest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// NetGuest is a guest that takes the words lookup, connect, serve and udp, as
// net-c does. Its methods are the tests.
type NetGuest struct {
	World
	Name string
}

func (g NetGuest) run(tb testing.TB, n wasi.Network, words ...string) Outcome {
	tb.Helper()
	return g.Run(tb, g.Name, wasi.Config{Command: wasi.Command{Args: words}, Network: n})
}

// Network grants peers and local addresses.
func Network(tb testing.TB, connect, listen string) wasi.Network {
	tb.Helper()
	var c wasi.Network
	for _, s := range strings.Fields(connect) {
		g, err := netgrant.ParseConnect(s)
		if err != nil {
			tb.Fatal(err)
		}
		c.Policy.Connect = append(c.Policy.Connect, g)
	}
	for _, s := range strings.Fields(listen) {
		g, err := netgrant.ParseListen(s)
		if err != nil {
			tb.Fatal(err)
		}
		c.Policy.Listen = append(c.Policy.Listen, g)
	}
	return c
}

// Upper answers each connection with what it sent, in upper case.
func Upper(tb testing.TB) (host, port string) {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	done := make(chan struct{})
	tb.Cleanup(func() { l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.SetDeadline(time.Now().Add(10 * time.Second))
			text, err := io.ReadAll(c)
			if err == nil {
				io.WriteString(c, strings.ToUpper(string(text)))
			}
			c.Close()
		}
	}()
	host, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		tb.Fatal(err)
	}
	return host, port
}

// Lookup: names are looked up if they are granted.
func (g NetGuest) Lookup(t *testing.T) {
	if o := g.run(t, Network(t, "localhost", ""), "lookup", "localhost"); o.Err != nil || o.Status != 0 || !strings.Contains(o.Stdout, "127.0.0.1\n") {
		t.Errorf("granted name: %+v", o)
	}
	if o := g.run(t, Network(t, "127.0.0.1", ""), "lookup", "localhost"); o.Err != nil || o.Status != 1 || o.Stdout != "" {
		t.Errorf("only its address is granted: %+v", o)
	}
	if o := g.run(t, Network(t, "other.example", ""), "lookup", "localhost"); o.Err != nil || o.Status != 1 || o.Stdout != "" {
		t.Errorf("another name: %+v", o)
	}
	if o := g.run(t, wasi.Network{}, "lookup", "localhost"); o.Err != nil || o.Status != 1 || o.Stdout != "" {
		t.Errorf("no network: %+v", o)
	}
}

// Connect: peers are connected to if they are granted.
func (g NetGuest) Connect(t *testing.T) {
	host, port := Upper(t)
	for _, c := range []struct {
		name, connect, to string
		ok                bool
	}{
		{"by address", host + ":" + port, host, true},
		{"by range", "127.0.0.0/8", host, true},
		{"by name", "localhost:" + port, "localhost", true},
		{"nothing granted", "", host, false},
		{"another port", host + ":1", host, false},
		{"another address", "127.0.0.2", host, false},
		{"a name does not grant its address unresolved", "localhost", host, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := g.run(t, Network(t, c.connect, ""), "connect", c.to, port, "shout")
			if o.Err != nil || (o.Status == 0) != c.ok || strings.Contains(o.Stdout, "SHOUT") != c.ok {
				t.Errorf("got %+v (%v)", o, o.Err)
			}
		})
	}
}

// Serve: a guest listens if that is granted, and accepts.
func (g NetGuest) Serve(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	result := make(chan string, 1)
	go func() { result <- client(r) }()
	o := g.Run(t, g.Name, wasi.Config{
		Command: wasi.Command{Args: []string{"serve", "127.0.0.1", "0", "1"}, Streams: stdio.Streams{Stdout: w}},
		Network: Network(t, "", "127.0.0.1:0"),
	})
	w.Close()
	if o.Err != nil || o.Status != 0 {
		t.Errorf("got %+v (%v)", o, o.Err)
	}
	if got := <-result; got != "echo me" {
		t.Errorf("client got %s", got)
	}
	if o := g.run(t, Network(t, "127.0.0.1", "127.0.0.2"), "serve", "127.0.0.1", "0", "1"); o.Err != nil || o.Status != 1 {
		t.Errorf("without a grant: %+v", o)
	}
}

// client reads the port that a guest listens on and has it echo something.
func client(out io.Reader) string {
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	var port int
	if _, err := fmt.Sscanf(line, "listening %d\n", &port); err != nil {
		return fmt.Sprintf("%q: %v", line, err)
	}
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return err.Error()
	}
	defer c.Close()
	if _, err := io.WriteString(c, "echo me"); err != nil {
		return err.Error()
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		return err.Error()
	}
	text, err := io.ReadAll(c)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// Datagrams: datagrams are exchanged if the peer is granted.
func (g NetGuest) Datagrams(t *testing.T) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	defer func() { c.Close(); <-done }()
	go func() {
		defer close(done)
		p := make([]byte, 100)
		for {
			n, from, err := c.ReadFrom(p)
			if err != nil {
				return
			}
			c.WriteTo([]byte(strings.ToUpper(string(p[:n]))), from)
		}
	}()
	host, port, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	if o := g.run(t, Network(t, host+":"+port, ""), "udp", host, port, "ping"); o.Err != nil || o.Status != 0 || !strings.Contains(o.Stdout, "PING") {
		t.Errorf("granted: %+v", o)
	}
	if o := g.run(t, Network(t, host+":1", ""), "udp", host, port, "ping"); o.Err != nil || o.Status != 1 {
		t.Errorf("another port: %+v", o)
	}
}

// StoppedWhileWaiting: a guest that is stopped while it waits for the network leaves nothing behind.
func (g NetGuest) StoppedWhileWaiting(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	host, port, err := net.SplitHostPort(silent.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	slow := Network(t, "name.example", "")
	slow.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		network wasi.Network
		words   []string
	}{
		"accept":  {Network(t, "", "127.0.0.1"), []string{"serve", "127.0.0.1", "0", "1"}},
		"receive": {Network(t, "127.0.0.1", ""), []string{"connect", host, port, "hello"}},
		"lookup":  {slow, []string{"lookup", "name.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := g.RunFor(t, 100*time.Millisecond, g.Name, wasi.Config{Command: wasi.Command{Args: c.words}, Network: c.network})
			if !errors.Is(o.Err, context.DeadlineExceeded) {
				t.Errorf("got %+v (%v)", o, o.Err)
			}
		})
	}
}
