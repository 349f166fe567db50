package p3_test

import (
	"net"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/internal/wasitest"
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/p3/cli"
	"github.com/wasitls/wasitls/host/wasi/p3/sockets"
)

var networked = wasitest.NetGuest{World: world, Name: "net-p3"}

func TestGuestLookup(t *testing.T)              { networked.Lookup(t) }
func TestGuestConnect(t *testing.T)             { networked.Connect(t) }
func TestGuestServes(t *testing.T)              { networked.Serve(t) }
func TestGuestDatagrams(t *testing.T)           { networked.Datagrams(t) }
func TestGuestStoppedWhileWaiting(t *testing.T) { networked.StoppedWhileWaiting(t) }

func netGuest(tb testing.TB, n sockets.Config, words ...string) wasitest.Outcome {
	tb.Helper()
	return world.Run(tb, "net-p3", p3.Config{Command: cli.Config{Args: words}, Network: n})
}

// silent is the port of a listener that takes connections and says nothing.
func silent(t *testing.T) (port string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// What a guest gives up while it waits is given up in the host.
func TestGuestAbandons(t *testing.T) {
	port := silent(t)
	o := netGuest(t, wasitest.Network(t, "127.0.0.1", "127.0.0.1"), "abandon", port)
	if o.Err != nil || o.Status != 0 || o.Stdout != "read true\naccept true\nreceive true\n" {
		t.Errorf("got %+v (%v)", o, o.Err)
	}
}

// A command may go on for a moment after its run has returned, and no longer.
func TestGuestGoesOn(t *testing.T) {
	port := silent(t)
	if o := netGuest(t, sockets.Config{}, "later", "20"); o.Err != nil || o.Status != 0 || o.Stdout != "later\n" {
		t.Errorf("later: %+v (%v)", o, o.Err)
	}
	before := time.Now()
	o := netGuest(t, wasitest.Network(t, "127.0.0.1", ""), "leave", port)
	if took := time.Since(before); o.Err != nil || o.Status != 0 || took < wasi.ExitGrace || took > wasi.ExitGrace+5*time.Second {
		t.Errorf("leave: %+v (%v) after %v", o, o.Err, took)
	}
}

// What sockets answer in each state is what WASI says.
func TestSocketRules(t *testing.T) {
	_, port := wasitest.Upper(t)
	o := netGuest(t, wasitest.Network(t, "127.0.0.0/8 ::1", "0.0.0.0 127.0.0.1 ::1"), "rules", port)
	if o.Err != nil || o.Status != 0 || o.Stdout != socketRules {
		t.Errorf("got %+v (%v)", o, o.Err)
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
