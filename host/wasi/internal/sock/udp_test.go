package sock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// udp returns a guest's socket bound to the loopback.
func udp(t *testing.T, n *Net) *UDP {
	t.Helper()
	u, err := n.UDP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(u.StartBind(Addr{AddrPort: netip.AddrPortFrom(loopback, 0)}), u.FinishBind()); err != nil {
		t.Fatal(err)
	}
	return u
}

func packet(t *testing.T) (net.PacketConn, Addr) {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, Addr{AddrPort: netip.MustParseAddrPort(c.LocalAddr().String())}
}

func TestDatagrams(t *testing.T) {
	n := newNet(t, all)
	u := udp(t, n)
	peer, to := packet(t)
	in, out, err := u.Streams(Addr{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Send([]Datagram{{Data: []byte("a"), Peer: to}}); !errors.Is(err, stream.ErrPermit) {
		t.Errorf("send without a permit: %v", err)
	}
	if permit, err := out.CheckSend(); permit != MaxDatagrams || err != nil {
		t.Fatalf("permit %d, %v", permit, err)
	}
	if k, err := out.Send([]Datagram{{Data: []byte("a"), Peer: to}, {Data: nil, Peer: to}}); k != 2 || err != nil {
		t.Fatalf("sent %d, %v", k, err)
	}
	p := make([]byte, 10)
	k, from, err := peer.ReadFrom(p)
	if err != nil || string(p[:k]) != "a" {
		t.Fatalf("peer got %q, %v", p[:k], err)
	}
	if got, err := in.Receive(5); len(got) != 0 || err != nil || in.Ready() {
		t.Errorf("nothing sent: %v, %v", got, err)
	}
	for _, s := range []string{"x", "y", "z"} {
		if _, err := peer.WriteTo([]byte(s), from); err != nil {
			t.Fatal(err)
		}
	}
	if err := stream.Wait(ctx(t), in); err != nil {
		t.Fatal(err)
	}
	got, err := in.Receive(2)
	if err != nil || len(got) != 2 || string(got[0].Data) != "x" || string(got[1].Data) != "y" || got[0].Peer.AddrPort != to.AddrPort {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := in.Receive(1 << 60); err != nil || len(got) != 1 || string(got[0].Data) != "z" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := u.RemoteAddr(); err != InvalidState {
		t.Errorf("remote address: %v", err)
	}
}

func TestDatagramErrors(t *testing.T) {
	n := newNet(t, all)
	u := udp(t, n)
	_, to := packet(t)
	_, out, err := u.Streams(Addr{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		d    Datagram
		want Code
	}{
		{Datagram{Data: []byte("a")}, InvalidArgument},
		{Datagram{Data: make([]byte, MaxDatagram+1), Peer: to}, DatagramTooLarge},
		{Datagram{Data: make([]byte, MaxDatagram), Peer: to}, DatagramTooLarge},
		{Datagram{Peer: Addr{AddrPort: netip.MustParseAddrPort("127.0.0.1:0")}}, InvalidArgument},
		{Datagram{Peer: Addr{AddrPort: netip.MustParseAddrPort("[::1]:1")}}, InvalidArgument},
	} {
		if _, err := out.CheckSend(); err != nil {
			t.Fatal(err)
		}
		if k, err := out.Send([]Datagram{c.d}); k != 0 || err != c.want {
			t.Errorf("%d bytes to %v: %d, %v", len(c.d.Data), c.d.Peer, k, err)
		}
	}
	if k, err := out.Send([]Datagram{{Peer: to}, {}}); k != 1 || err != nil {
		t.Errorf("one good and one bad: %d, %v", k, err)
	}
}

func TestConnectedDatagrams(t *testing.T) {
	n := newNet(t, all)
	u := udp(t, n)
	peer, to := packet(t)
	other, otherAddr := packet(t)
	in, old, err := u.Streams(Addr{})
	if err != nil {
		t.Fatal(err)
	}
	in.Drop()
	in2, out, err := u.Streams(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := old.CheckSend(); err != InvalidState {
		t.Errorf("replaced stream: %v", err)
	}
	if a, err := u.RemoteAddr(); err != nil || a.AddrPort != to.AddrPort {
		t.Errorf("remote address %v, %v", a, err)
	}
	if _, err := out.CheckSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Send([]Datagram{{Data: []byte("a"), Peer: otherAddr}}); err != InvalidArgument {
		t.Errorf("send to another peer: %v", err)
	}
	if k, err := out.Send([]Datagram{{Data: []byte("a")}, {Data: []byte("b"), Peer: to}}); k != 2 || err != nil {
		t.Errorf("sent %d, %v", k, err)
	}
	p := make([]byte, 10)
	_, from, err := peer.ReadFrom(p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.WriteTo([]byte("stranger"), from); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.WriteTo([]byte("friend"), from); err != nil {
		t.Fatal(err)
	}
	if err := stream.Wait(ctx(t), in2); err != nil {
		t.Fatal(err)
	}
	if got, err := in2.Receive(10); err != nil || len(got) != 1 || string(got[0].Data) != "friend" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, out, err = u.Streams(Addr{}); err != nil {
		t.Fatal(err)
	}
	if _, err := u.RemoteAddr(); err != InvalidState {
		t.Errorf("remote address when disconnected: %v", err)
	}
	if _, err := out.CheckSend(); err != nil {
		t.Fatal(err)
	}
	if k, err := out.Send([]Datagram{{Data: []byte("c"), Peer: otherAddr}}); k != 1 || err != nil {
		t.Errorf("sent %d, %v", k, err)
	}
}

func grants(t *testing.T, connect, listen []string) netgrant.Policy {
	t.Helper()
	var p netgrant.Policy
	for _, s := range connect {
		g, err := netgrant.ParseConnect(s)
		if err != nil {
			t.Fatal(err)
		}
		p.Connect = append(p.Connect, g)
	}
	for _, s := range listen {
		g, err := netgrant.ParseListen(s)
		if err != nil {
			t.Fatal(err)
		}
		p.Listen = append(p.Listen, g)
	}
	return p
}

func TestDeniedByDefault(t *testing.T) {
	n := newNet(t, netgrant.Policy{})
	if _, err := n.TCP(IPv4); err != AccessDenied {
		t.Errorf("tcp: %v", err)
	}
	if _, err := n.UDP(IPv4); err != AccessDenied {
		t.Errorf("udp: %v", err)
	}
	if _, err := n.Resolve("localhost"); err != AccessDenied {
		t.Errorf("lookup: %v", err)
	}
}

func TestDeniedPeers(t *testing.T) {
	granted, to := packet(t)
	stranger, other := packet(t)
	n := newNet(t, grants(t, []string{to.String()}, nil))
	s, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StartConnect(other); err != AccessDenied {
		t.Errorf("connect: %v", err)
	}
	if err := s.StartBind(Addr{AddrPort: netip.MustParseAddrPort("127.0.0.1:1")}); err != AccessDenied {
		t.Errorf("bind: %v", err)
	}
	if err := errors.Join(s.StartBind(Addr{AddrPort: netip.AddrPortFrom(loopback, 0)}), s.FinishBind()); err != nil {
		t.Fatal(err)
	}
	if err := s.StartListen(); err != AccessDenied {
		t.Errorf("listen: %v", err)
	}
	u := udp(t, n)
	if _, _, err := u.Streams(other); err != AccessDenied {
		t.Errorf("stream to a stranger: %v", err)
	}
	in, out, err := u.Streams(Addr{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.CheckSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Send([]Datagram{{Peer: other}}); err != AccessDenied {
		t.Errorf("send: %v", err)
	}
	here, err := u.LocalAddr()
	if err != nil {
		t.Fatal(err)
	}
	from := net.UDPAddrFromAddrPort(here.AddrPort)
	if _, err := stranger.WriteTo([]byte("no"), from); err != nil {
		t.Fatal(err)
	}
	if _, err := granted.WriteTo([]byte("yes"), from); err != nil {
		t.Fatal(err)
	}
	if err := stream.Wait(ctx(t), in); err != nil {
		t.Fatal(err)
	}
	if got, err := in.Receive(10); err != nil || len(got) != 1 || string(got[0].Data) != "yes" {
		t.Errorf("got %v, %v", got, err)
	}
}

// addresses waits for a lookup and returns what it found.
func addresses(t *testing.T, l *Lookup) ([]netip.Addr, error) {
	t.Helper()
	if err := stream.Wait(ctx(t), l); err != nil {
		t.Fatal(err)
	}
	var got []netip.Addr
	for {
		a, ok, err := l.Next()
		if err != nil || !ok {
			return got, err
		}
		got = append(got, a)
	}
}

func TestLookup(t *testing.T) {
	l, to := packet(t)
	defer l.Close()
	n := newNet(t, grants(t, []string{"localhost"}, nil))
	s, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StartConnect(to); err != AccessDenied {
		t.Errorf("connect before the lookup: %v", err)
	}
	look, err := n.Resolve("LOCALHOST.")
	if err != nil {
		t.Fatal(err)
	}
	got, err := addresses(t, look)
	if err != nil || len(got) == 0 || !got[0].IsLoopback() {
		t.Fatalf("localhost is %v, %v", got, err)
	}
	look.Drop()
	if err := s.StartConnect(Addr{AddrPort: netip.AddrPortFrom(got[0], to.Port())}); err == AccessDenied {
		t.Error("what was resolved is not granted")
	}
	for in, want := range map[string]string{"127.0.0.1": "127.0.0.1", "[::1]": "::1", "::ffff:1.2.3.4": "1.2.3.4"} {
		look, err := n.Resolve(in)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := addresses(t, look); err != nil || len(got) != 1 || got[0].String() != want {
			t.Errorf("%s is %v, %v", in, got, err)
		}
	}
	if n.Grants.Connect(netip.MustParseAddrPort("1.2.3.4:1")) {
		t.Error("a literal address widens the grants")
	}
	for name, want := range map[string]Code{"": InvalidArgument, "a b": InvalidArgument, "other.example": AccessDenied} {
		if _, err := n.Resolve(name); err != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestLookupFailures(t *testing.T) {
	for _, c := range []struct {
		err  error
		want Code
	}{
		{&net.DNSError{IsNotFound: true}, NameUnresolvable}, {nil, NameUnresolvable},
		{&net.DNSError{IsTimeout: true}, TemporaryResolverFailure}, {&net.DNSError{IsTemporary: true}, TemporaryResolverFailure},
		{context.DeadlineExceeded, TemporaryResolverFailure}, {errors.New("broken"), PermanentResolverFailure},
	} {
		n := New(all, func(context.Context, string) ([]netip.Addr, error) { return nil, c.err })
		l, err := n.Resolve("name")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := addresses(t, l); err != c.want {
			t.Errorf("%v: %v", c.err, err)
		}
		n.Close()
	}
}

// Lookups end with their guest, and are bounded.
func TestLookupsEnd(t *testing.T) {
	n := newNet(t, all)
	n.lookup = func(ctx context.Context, _ string) ([]netip.Addr, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	var first *Lookup
	for range MaxLookups {
		l, err := n.Resolve("name")
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = l
		}
	}
	if _, err := n.Resolve("name"); err != TemporaryResolverFailure {
		t.Errorf("one more: %v", err)
	}
	if _, _, err := first.Next(); err != WouldBlock {
		t.Errorf("pending: %v", err)
	}
	first.Drop()
	if err := stream.Wait(ctx(t), first); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	n.Close()
	if d := time.Since(start); d > time.Second {
		t.Errorf("close took %v", d)
	}
}
