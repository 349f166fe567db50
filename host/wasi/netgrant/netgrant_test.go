package netgrant

import (
	"fmt"
	"net/netip"
	"testing"
)

func TestParse(t *testing.T) {
	good := []struct{ in, out string }{
		{"example.com", "example.com"}, {"Example.COM.:443", "example.com:443"},
		{"10.0.0.1", "10.0.0.1"}, {"10.0.0.1:80", "10.0.0.1:80"}, {"10.0.0.0/8", "10.0.0.0/8"},
		{"10.0.0.0/8:443", "10.0.0.0/8:443"}, {"::1", "::1"}, {"[::1]", "::1"}, {"[::1]:443", "[::1]:443"},
		{"fd00::/8", "fd00::/8"}, {"[fd00::/8]:1", "[fd00::]/8:1"}, {"[fd00::]/8:1", "[fd00::]/8:1"},
		{"0.0.0.0/0", "0.0.0.0/0"}, {"my_host-1:1", "my_host-1:1"}, {"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"1password.com", "1password.com"},
	}
	for _, c := range good {
		g, err := ParseConnect(c.in)
		if err != nil || g.String() != c.out {
			t.Errorf("ParseConnect(%q) = %v, %v; want %s", c.in, g, err, c.out)
		}
	}
	bad := []string{
		"", ":443", "host:", "host:http", "host:65536", "host:0", "10.0.0.1/8", "10.0.0.0/33", "[::1", "[::1]443",
		"[example.com]:1", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "fe80::1%eth0", "a b", "bücher.example", "*.example.com", "-a.example",
		"a..b", "https://example.com", "127.1", "0x7f000001", "1.2.3.4.5", "[]:1", "[]",
	}
	for _, s := range bad {
		if g, err := ParseConnect(s); err == nil {
			t.Errorf("ParseConnect(%q) = %v, want an error", s, g)
		}
	}
	if _, err := ParseListen("example.com:80"); err == nil {
		t.Error("ParseListen takes a name")
	}
	if g, err := ParseListen("127.0.0.1:0"); err != nil || g.AnyPort || g.Port != 0 {
		t.Errorf("ParseListen with port 0: %v, %v", g, err)
	}
}

func policy(t *testing.T, connect, listen []string) Policy {
	t.Helper()
	var p Policy
	for _, s := range connect {
		g, err := ParseConnect(s)
		if err != nil {
			t.Fatal(err)
		}
		p.Connect = append(p.Connect, g)
	}
	for _, s := range listen {
		g, err := ParseListen(s)
		if err != nil {
			t.Fatal(err)
		}
		p.Listen = append(p.Listen, g)
	}
	return p
}

func TestConnect(t *testing.T) {
	g := policy(t, []string{"10.0.0.0/8:443", "[::1]", "api.example:443", "other.example:80"}, nil).Guest()
	shared := netip.MustParseAddr("192.0.2.1")
	g.Resolved("api.example", []netip.Addr{shared, netip.MustParseAddr("169.254.169.254")})
	g.Resolved("evil.example", []netip.Addr{netip.MustParseAddr("127.0.0.1")})
	for _, c := range []struct {
		addr string
		want bool
	}{
		{"10.1.2.3:443", true}, {"10.1.2.3:80", false}, {"11.0.0.1:443", false},
		{"[::ffff:10.1.2.3]:443", true}, {"[::1]:9", true}, {"127.0.0.1:9", false},
		{"192.0.2.1:443", true}, {"192.0.2.1:80", false}, {"192.0.2.2:443", false},
		{"[::ffff:192.0.2.1]:443", true}, {"127.0.0.1:443", false}, {"169.254.169.254:80", false},
	} {
		if got := g.Connect(netip.MustParseAddrPort(c.addr)); got != c.want {
			t.Errorf("Connect(%s) = %v", c.addr, got)
		}
	}
	if policy(t, []string{"api.example:443"}, nil).Guest().Connect(netip.AddrPortFrom(shared, 443)) {
		t.Error("what one guest resolved is granted to another")
	}
	if !g.Resolve("api.example") || g.Resolve("evil.example") || g.Resolve("sub.api.example") {
		t.Error("Resolve")
	}
}

func TestNothingByDefault(t *testing.T) {
	g := Policy{}.Guest()
	a := netip.MustParseAddrPort("127.0.0.1:0")
	if g.Connect(a) || g.Listen(a) || g.Bind(a) || g.Resolve("localhost") || g.Any() {
		t.Error("the zero policy grants something")
	}
	g = Policy{All: true}.Guest()
	if !g.Connect(a) || !g.Listen(a) || !g.Bind(a) || !g.Resolve("localhost") || !g.Any() {
		t.Error("All does not grant all")
	}
}

func TestListen(t *testing.T) {
	g := policy(t, nil, []string{"127.0.0.1:8080", "0.0.0.0:0", "[::]:443"}).Guest()
	for _, c := range []struct {
		addr string
		want bool
	}{
		{"127.0.0.1:8080", true}, {"127.0.0.1:8081", false}, {"127.0.0.1:0", true}, {"192.0.2.1:0", true},
		{"0.0.0.0:8080", false}, {"[::1]:443", true}, {"[::1]:0", false},
	} {
		a := netip.MustParseAddrPort(c.addr)
		if got := g.Listen(a); got != c.want || g.Bind(a) != got {
			t.Errorf("Listen(%s) = %v", c.addr, got)
		}
	}
	client := policy(t, []string{"192.0.2.1"}, nil).Guest()
	if !client.Bind(netip.MustParseAddrPort("0.0.0.0:0")) || client.Bind(netip.MustParseAddrPort("0.0.0.0:80")) {
		t.Error("Bind for a guest that may only connect")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	g := policy(t, []string{"h"}, nil).Guest()
	for i := range MaxNames + 10 {
		a, err := netip.ParseAddr(fmt.Sprintf("10.0.%d.%d", i/256, i%256))
		if err != nil {
			t.Fatal(err)
		}
		g.Resolved("h", []netip.Addr{a, a})
	}
	if len(g.order) != MaxNames || len(g.resolved) != MaxNames {
		t.Errorf("remembers %d", len(g.order))
	}
	if g.Connect(netip.MustParseAddrPort("10.0.0.0:1")) || !g.Connect(netip.MustParseAddrPort("10.0.16.5:1")) {
		t.Error("forgets the wrong ones")
	}
}

// TestNewestAnswersStay: an answer that is given again is as new as any.
func TestNewestAnswersStay(t *testing.T) {
	g := Policy{All: true}.Guest()
	addr := func(i int) []netip.Addr { return []netip.Addr{netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)})} }
	for i := range MaxNames {
		g.Resolved("a.test", addr(i))
	}
	g.Resolved("a.test", addr(0))
	g.Resolved("a.test", addr(MaxNames))
	for i, known := range map[int]bool{0: true, 1: false, 2: true, MaxNames: true} {
		if g.ResolvedTo("a.test", addr(i)[0]) != known {
			t.Errorf("%v: known is %v", addr(i), !known)
		}
	}
}
