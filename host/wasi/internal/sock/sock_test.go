package sock

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// newNet returns a guest's network that is closed with the test, which then
// checks that nothing is left of it.
func newNet(t *testing.T, p netgrant.Policy) *Net {
	t.Helper()
	if r, w, err := os.Pipe(); err == nil { // Go opens what it keeps for all files
		r.Close()
		w.Close()
	}
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	n := New(p, nil)
	t.Cleanup(func() {
		n.Close()
		settled(t, goroutines, files)
	})
	return n
}

func openFiles(t *testing.T) int {
	t.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc/self/fd to count descriptors in")
	}
	return len(fds)
}

func settled(t *testing.T, goroutines, files int) {
	t.Helper()
	var g, f int
	for range 100 {
		g, f = runtime.NumGoroutine(), openFiles(t)
		if g <= goroutines && f <= files {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	t.Errorf("left behind: %d goroutines and %d descriptors more\n%s", g-goroutines, f-files, buf[:runtime.Stack(buf, true)])
}

// expectOpen waits until that many sockets are open.
func expectOpen(t *testing.T, n *Net, want int) {
	t.Helper()
	got := -1
	for range 100 {
		n.mu.Lock()
		got = len(n.sockets)
		n.mu.Unlock()
		if got == want {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d sockets are open, want %d", got, want)
}

var all = netgrant.Policy{All: true}

func ctx(t *testing.T) context.Context {
	c, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	return c
}

// listen returns a listener of the system and its address.
func listen(t *testing.T) (net.Listener, Addr) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, Addr{AddrPort: netip.MustParseAddrPort(l.Addr().String())}
}

// dial connects a guest's socket to a peer of the system.
func dial(t *testing.T, n *Net) (*TCP, stream.Input, stream.Output, net.Conn) {
	t.Helper()
	l, addr := listen(t)
	s, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StartConnect(addr); err != nil {
		t.Fatal(err)
	}
	if err := stream.Wait(ctx(t), s); err != nil {
		t.Fatal(err)
	}
	in, out, err := s.FinishConnect()
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	return s, in, out, peer
}

func TestConnectAndExchange(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	p := make([]byte, 16)
	if got, err := in.Read(p); got != 0 || err != nil || in.Ready() {
		t.Fatalf("nothing sent: %d, %v, ready %v", got, err, in.Ready())
	}
	if _, err := peer.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := stream.Wait(ctx(t), in); err != nil {
		t.Fatal(err)
	}
	if got, err := in.Read(p[:2]); string(p[:got]) != "he" || err != nil {
		t.Fatalf("read %q, %v", p[:got], err)
	}
	if got, err := in.Read(p); string(p[:got]) != "llo" || err != nil {
		t.Fatalf("read %q, %v", p[:got], err)
	}
	if permit, err := out.Permit(); permit != stream.ChunkBytes || err != nil {
		t.Fatalf("permit %d, %v", permit, err)
	}
	if err := out.Write([]byte("world")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(peer, p[:5]); err != nil || string(p[:5]) != "world" {
		t.Fatalf("peer read %q, %v", p[:5], err)
	}
	local, err := s.LocalAddr()
	if err != nil || local.String() != peer.RemoteAddr().String() {
		t.Errorf("local address %v, %v", local, err)
	}
	remote, err := s.RemoteAddr()
	if err != nil || remote.String() != peer.LocalAddr().String() {
		t.Errorf("remote address %v, %v", remote, err)
	}
	peer.Close()
	if err := stream.Wait(ctx(t), in); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := in.Read(p); !errors.Is(err, stream.ErrClosed) {
			t.Errorf("read at the end: %v", err)
		}
	}
	if !in.Ready() {
		t.Error("ended stream is not ready")
	}
}

// What does not fit the socket goes out without further calls, and the permit
// is zero until it has.
func TestBackpressure(t *testing.T) {
	n := newNet(t, all)
	_, _, out, peer := dial(t, n)
	sent := bytes.Buffer{}
	chunk := bytes.Repeat([]byte("0123456789abcdef"), stream.ChunkBytes/16)
	for {
		permit, err := out.Permit()
		if err != nil {
			t.Fatal(err)
		}
		if permit == 0 {
			break
		}
		if err := out.Write(chunk); err != nil {
			t.Fatal(err)
		}
		sent.Write(chunk)
	}
	if err := out.Write(chunk); !errors.Is(err, stream.ErrPermit) {
		t.Fatalf("write without permit: %v", err)
	}
	if out.Ready() {
		t.Fatal("ready without a permit")
	}
	got := make([]byte, sent.Len())
	if _, err := io.ReadFull(peer, got); err != nil || !bytes.Equal(got, sent.Bytes()) {
		t.Fatalf("peer got other bytes, %v", err)
	}
	if err := stream.Wait(ctx(t), out); err != nil {
		t.Fatal(err)
	}
	if permit, err := out.Permit(); permit != stream.ChunkBytes || err != nil {
		t.Fatalf("permit %d, %v", permit, err)
	}
}

// Everything may be dropped in any order; what was accepted still goes out.
func TestDropDelivers(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	chunk := make([]byte, stream.ChunkBytes)
	sent := 0
	for out.Ready() {
		if err := out.Write(chunk); err != nil {
			t.Fatal(err)
		}
		sent += len(chunk)
	}
	s.Drop()
	out.Drop()
	out.Drop()
	in.Drop()
	got, err := io.Copy(io.Discard, peer)
	if err != nil || got != int64(sent) {
		t.Errorf("peer got %d of %d bytes, %v", got, sent, err)
	}
	expectOpen(t, n, 0)
}

// A guest that is gone leaves at most CloseGrace later, whatever its peer does.
func TestCloseIsBounded(t *testing.T) {
	n := newNet(t, all)
	s, in, out, _ := dial(t, n)
	chunk := make([]byte, stream.ChunkBytes)
	for out.Ready() {
		if err := out.Write(chunk); err != nil {
			t.Fatal(err)
		}
	}
	s.Drop()
	in.Drop()
	out.Drop()
	start := time.Now()
	n.Close()
	if d := time.Since(start); d > CloseGrace+time.Second {
		t.Errorf("close took %v", d)
	}
}

func TestShutdown(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	if err := out.Write([]byte("last")); err != nil {
		t.Fatal(err)
	}
	if err := s.Shutdown(false, true); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Permit(); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("permit after shutdown: %v", err)
	}
	if all, err := io.ReadAll(peer); string(all) != "last" || err != nil {
		t.Errorf("peer read %q, %v", all, err)
	}
	if _, err := peer.Write([]byte("still")); err != nil {
		t.Fatal(err)
	}
	if err := stream.Wait(ctx(t), in); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 16)
	if k, err := in.Read(p); string(p[:k]) != "still" || err != nil {
		t.Errorf("read %q, %v", p[:k], err)
	}
	if err := s.Shutdown(true, false); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Read(p); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("read after shutdown: %v", err)
	}
}

func TestPeerIsKnownAfterTheEnd(t *testing.T) {
	n := newNet(t, all)
	s, in, _, peer := dial(t, n)
	want := netip.MustParseAddrPort(peer.LocalAddr().String())
	if err := s.Shutdown(false, true); err != nil {
		t.Fatal(err)
	}
	peer.Close()
	if err := stream.Wait(ctx(t), in); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Read(make([]byte, 1)); err != stream.ErrClosed {
		t.Fatalf("read: %v", err)
	}
	if a, err := s.RemoteAddr(); err != nil || a.AddrPort != want {
		t.Errorf("remote address: %v, %v; want %v", a, err, want)
	}
}

func TestRefusedConnection(t *testing.T) {
	n := newNet(t, all)
	l, addr := listen(t)
	l.Close()
	s, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.StartConnect(addr); err != nil {
		t.Fatal(err)
	}
	if err := stream.Wait(ctx(t), s); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.FinishConnect(); err != ConnectionRefused {
		t.Errorf("got %v", err)
	}
	if _, _, err := s.FinishConnect(); err != NotInProgress {
		t.Errorf("again: %v", err)
	}
	if err := s.StartConnect(addr); err != InvalidState {
		t.Errorf("connect once more: %v", err)
	}
}

func TestResetIsAnErrorThenClosed(t *testing.T) {
	n := newNet(t, all)
	_, in, _, peer := dial(t, n)
	if err := peer.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	peer.Close()
	if err := stream.Wait(ctx(t), in); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 1)
	_, err := in.Read(p)
	if c, ok := CodeOf(err); !ok || c != ConnectionReset || err.Error() != "connection reset by peer" {
		t.Errorf("got %v", err)
	}
	if _, err := in.Read(p); !errors.Is(err, stream.ErrClosed) {
		t.Errorf("then %v", err)
	}
}

func TestListenAndAccept(t *testing.T) {
	n := newNet(t, all)
	s, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	for step, err := range map[string]error{
		"accept":         func() error { _, _, _, err := s.Accept(); return err }(),
		"listen unbound": s.StartListen(), "local address": func() error { _, err := s.LocalAddr(); return err }(),
	} {
		if err != InvalidState {
			t.Errorf("%s: %v", step, err)
		}
	}
	for step, err := range map[string]error{"finish-bind": s.FinishBind(), "finish-listen": s.FinishListen()} {
		if err != NotInProgress {
			t.Errorf("%s: %v", step, err)
		}
	}
	if err := s.StartBind(Addr{AddrPort: netip.AddrPortFrom(loopback, 0)}); err != nil {
		t.Fatal(err)
	}
	if err := s.StartListen(); err != ConcurrencyConflict {
		t.Errorf("listen while binding: %v", err)
	}
	if err := s.FinishBind(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.SetBacklog(7), s.StartListen(), s.FinishListen()); err != nil {
		t.Fatal(err)
	}
	if !s.Listening() || s.Ready() {
		t.Errorf("listening %v, ready %v", s.Listening(), s.Ready())
	}
	if _, _, _, err := s.Accept(); err != WouldBlock {
		t.Errorf("accept: %v", err)
	}
	addr, err := s.LocalAddr()
	if err != nil {
		t.Fatal(err)
	}
	peer, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if err := stream.Wait(ctx(t), s); err != nil {
		t.Fatal(err)
	}
	c, in, out, err := s.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Write([]byte("hi")); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 2)
	if _, err := io.ReadFull(peer, p); err != nil || string(p) != "hi" {
		t.Errorf("peer read %q, %v", p, err)
	}
	in.Drop()
	out.Drop()
	c.Drop()
	if _, err := peer.Read(p); err != io.EOF {
		t.Errorf("after all drops the peer reads %v", err)
	}
}

func TestAddressRules(t *testing.T) {
	n := newNet(t, all)
	at := func(s string) Addr { return Addr{AddrPort: netip.MustParseAddrPort(s)} }
	for _, c := range []struct {
		family Family
		addr   string
	}{
		{IPv4, "0.0.0.0:80"}, {IPv4, "127.0.0.1:0"}, {IPv4, "224.0.0.1:80"}, {IPv4, "255.255.255.255:80"}, {IPv4, "[::1]:80"},
		{IPv6, "127.0.0.1:80"}, {IPv6, "[::ffff:127.0.0.1]:80"}, {IPv6, "[::127.0.0.1]:80"}, {IPv6, "[::]:80"}, {IPv6, "[ff02::1]:80"},
	} {
		s, err := n.TCP(c.family)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.StartConnect(at(c.addr)); err != InvalidArgument {
			t.Errorf("connect to %s: %v", c.addr, err)
		}
		s.Drop()
	}
	for _, c := range []struct {
		family Family
		addr   string
	}{{IPv4, "224.0.0.1:0"}, {IPv4, "[::1]:0"}, {IPv6, "[::ffff:127.0.0.1]:0"}, {IPv6, "0.0.0.0:0"}} {
		s, err := n.TCP(c.family)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.StartBind(at(c.addr)); err != InvalidArgument {
			t.Errorf("bind to %s: %v", c.addr, err)
		}
		s.Drop()
	}
}

func TestOptions(t *testing.T) {
	n := newNet(t, all)
	for _, f := range []Family{IPv4, IPv6} {
		s, err := n.TCP(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(
			s.SetKeepAlive(true), s.SetKeepAliveIdle(time.Nanosecond), s.SetKeepAliveInterval(1<<62), s.SetKeepAliveCount(1<<31),
			s.SetHopLimit(42), s.SetRecvBuffer(10_000), s.SetSendBuffer(1<<60),
		); err != nil {
			t.Fatal(err)
		}
		on, err := s.KeepAlive()
		check(t, "keep-alive", on, true, err)
		idle, err := s.KeepAliveIdle()
		check(t, "idle", idle, time.Second, err)
		interval, err := s.KeepAliveInterval()
		check(t, "interval", interval, maxKeepAlive, err)
		count, err := s.KeepAliveCount()
		check(t, "count", count, maxKeepAliveCount, err)
		hops, err := s.HopLimit()
		check(t, "hop limit", hops, 42, err)
		size, err := s.RecvBuffer()
		check(t, "receive buffer", size, 10_000, err)
		for name, err := range map[string]error{
			"idle": s.SetKeepAliveIdle(0), "interval": s.SetKeepAliveInterval(0), "count": s.SetKeepAliveCount(0),
			"hop limit": s.SetHopLimit(0), "receive buffer": s.SetRecvBuffer(0), "send buffer": s.SetSendBuffer(0), "backlog": s.SetBacklog(0),
		} {
			if err != InvalidArgument {
				t.Errorf("%s of zero: %v", name, err)
			}
		}
		s.Drop()
	}
}

func check[T comparable](t *testing.T, what string, got, want T, err error) {
	t.Helper()
	if got != want || err != nil {
		t.Errorf("%s is %v, %v; want %v", what, got, err, want)
	}
}

// One socket at a time waits with one goroutine, and none without a waiter.
func TestIdleSocketsHoldNoGoroutine(t *testing.T) {
	n := newNet(t, all)
	var ins []stream.Input
	before := runtime.NumGoroutine()
	for range 20 {
		_, in, _, _ := dial(t, n)
		ins = append(ins, in)
	}
	// What has ended, such as waiting for the connection or a timer, may still be
	// on its way out.
	held := func(most int) (g int) {
		for range 100 {
			if g = runtime.NumGoroutine() - before; g <= most {
				break
			}
			time.Sleep(time.Millisecond)
		}
		return g
	}
	if g := held(0); g > 0 {
		t.Errorf("20 idle connections hold %d goroutines", g)
	}
	for range 3 { // a wait that is given up is taken over by the next
		short, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		_, err := stream.WaitAny(short, len(ins), func(i int) stream.Pollable { return ins[i] }, nil)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		if g := held(20); g > 20 {
			t.Errorf("20 waiting connections hold %d goroutines", g)
		}
	}
}

func TestSocketLimit(t *testing.T) {
	n := newNet(t, all)
	var made []*TCP
	for range MaxSockets {
		s, err := n.TCP(IPv4)
		if err == NewSocketLimit {
			t.Skip("the system allows fewer descriptors than a guest sockets")
		}
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, s)
	}
	if _, err := n.UDP(IPv4); err != NewSocketLimit {
		t.Errorf("one more: %v", err)
	}
	made[0].Drop()
	if _, err := n.UDP(IPv4); err != nil {
		t.Errorf("after a drop: %v", err)
	}
}
