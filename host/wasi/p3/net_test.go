package p3_test

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
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/p3/cli"
	"github.com/wasitls/wasitls/host/wasi/p3/sockets"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// network grants peers and local addresses.
func network(tb testing.TB, connect, listen string) sockets.Config {
	tb.Helper()
	var c sockets.Config
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

// netGuest runs net-p3 with a network.
func netGuest(tb testing.TB, n sockets.Config, words ...string) outcome {
	tb.Helper()
	return run(tb, "net-p3", p3.Config{Command: cli.Config{Args: words}, Network: n})
}

// upper answers each connection with what it sent, in upper case.
func upper(tb testing.TB) (host, port string) {
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

func TestGuestLookup(t *testing.T) {
	if o := netGuest(t, network(t, "localhost", ""), "lookup", "localhost"); o.err != nil || o.status != 0 || !strings.Contains(o.stdout, "127.0.0.1\n") {
		t.Errorf("granted name: %+v", o)
	}
	if o := netGuest(t, network(t, "127.0.0.1", ""), "lookup", "localhost"); o.err != nil || o.status != 1 || o.stdout != "" {
		t.Errorf("only its address is granted: %+v", o)
	}
	if o := netGuest(t, network(t, "other.example", ""), "lookup", "localhost"); o.err != nil || o.status != 1 || o.stdout != "" {
		t.Errorf("another name: %+v", o)
	}
	if o := netGuest(t, sockets.Config{}, "lookup", "localhost"); o.err != nil || o.status != 1 || o.stdout != "" {
		t.Errorf("no network: %+v", o)
	}
}

func TestGuestConnect(t *testing.T) {
	host, port := upper(t)
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
			o := netGuest(t, network(t, c.connect, ""), "connect", c.to, port, "shout")
			if o.err != nil || (o.status == 0) != c.ok || strings.Contains(o.stdout, "SHOUT") != c.ok {
				t.Errorf("got %+v (%v)", o, o.err)
			}
		})
	}
}

func TestGuestServes(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	result := make(chan string, 1)
	go func() { result <- client(r) }()
	o := run(t, "net-p3", p3.Config{
		Command: cli.Config{Args: []string{"serve", "127.0.0.1", "0", "1"}, Streams: stdio.Streams{Stdout: w}},
		Network: network(t, "", "127.0.0.1:0"),
	})
	w.Close()
	if o.err != nil || o.status != 0 {
		t.Errorf("got %+v (%v)", o, o.err)
	}
	if got := <-result; got != "echo me" {
		t.Errorf("client got %s", got)
	}
	if o := netGuest(t, network(t, "127.0.0.1", "127.0.0.2"), "serve", "127.0.0.1", "0", "1"); o.err != nil || o.status != 1 {
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

func TestGuestDatagrams(t *testing.T) {
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
	if o := netGuest(t, network(t, host+":"+port, ""), "udp", host, port, "ping"); o.err != nil || o.status != 0 || !strings.Contains(o.stdout, "PING") {
		t.Errorf("granted: %+v", o)
	}
	if o := netGuest(t, network(t, host+":1", ""), "udp", host, port, "ping"); o.err != nil || o.status != 1 {
		t.Errorf("another port: %+v", o)
	}
}

// A guest that is stopped while it waits for the network leaves nothing behind.
func TestGuestStoppedWhileWaiting(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	host, port, err := net.SplitHostPort(silent.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	slow := network(t, "name.example", "")
	slow.Lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	for name, c := range map[string]struct {
		network sockets.Config
		words   []string
	}{
		"accept":  {network(t, "", "127.0.0.1"), []string{"serve", "127.0.0.1", "0", "1"}},
		"receive": {network(t, "127.0.0.1", ""), []string{"connect", host, port, "hello"}},
		"lookup":  {slow, []string{"lookup", "name.example"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := runFor(t, 100*time.Millisecond, "net-p3", p3.Config{Command: cli.Config{Args: c.words}, Network: c.network})
			if !errors.Is(o.err, context.DeadlineExceeded) {
				t.Errorf("got %+v (%v)", o, o.err)
			}
		})
	}
}

// What a guest gives up while it waits is given up in the host.
func TestGuestAbandons(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_, port, err := net.SplitHostPort(silent.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o := netGuest(t, network(t, "127.0.0.1", "127.0.0.1"), "abandon", port)
	if o.err != nil || o.status != 0 || o.stdout != "read true\naccept true\nreceive true\n" {
		t.Errorf("got %+v (%v)", o, o.err)
	}
}

// A command may go on for a moment after its run has returned, and no longer.
func TestGuestGoesOn(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	_, port, err := net.SplitHostPort(silent.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if o := netGuest(t, sockets.Config{}, "later", "20"); o.err != nil || o.status != 0 || o.stdout != "later\n" {
		t.Errorf("later: %+v (%v)", o, o.err)
	}
	before := time.Now()
	o := netGuest(t, network(t, "127.0.0.1", ""), "leave", port)
	if took := time.Since(before); o.err != nil || o.status != 0 || took < wasi.ExitGrace || took > wasi.ExitGrace+5*time.Second {
		t.Errorf("leave: %+v (%v) after %v", o, o.err, took)
	}
}

// What sockets answer in each state is what WASI says.
func TestSocketRules(t *testing.T) {
	_, port := upper(t)
	o := netGuest(t, network(t, "127.0.0.0/8 ::1", "0.0.0.0 127.0.0.1 ::1"), "rules", port)
	if o.err != nil || o.status != 0 || o.stdout != socketRules {
		t.Errorf("got %+v (%v)", o, o.err)
	}
}

const socketRules = `local address of an unbound socket: InvalidState
remote address of an unbound socket: InvalidState
bind to another family: InvalidArgument
bind: ok
bind twice: InvalidState
local address: ok
stream before connect: true
receive before connect: InvalidState
send before connect: InvalidState
connect to another family: InvalidArgument
connect to port 0: InvalidArgument
connect to any: InvalidArgument
backlog of 0: InvalidArgument
hop limit of 0: InvalidArgument
hop limit: ok
hop limit is Some(42)
keep alive: ok
keep alive is Some(true)
family is Ipv4
connect: ok
connect twice: InvalidState
listen when connected: InvalidState
remote address: ok
send twice: InvalidState
receive twice: InvalidState
receive given up: ok
send nothing: ok
connect to nobody: ConnectionRefused
connect after a failure: InvalidState
is listening: false
listen unbound: true
is listening: true
listen twice: InvalidState
udp receive unbound: InvalidState
udp disconnect unconnected: InvalidState
udp send to nobody: InvalidArgument
udp send to another family: InvalidArgument
udp connect: ok
udp remote address: ok
udp local address: ok
udp send elsewhere: InvalidArgument
udp send too much: DatagramTooLarge
udp disconnect: ok
udp remote address: InvalidState
udp bind when bound: InvalidState
`
