package sock

import (
	"errors"
	"io"
	"net/netip"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Small writes do not wait for the peer's acknowledgement, neither on a socket
// that connects nor on one that was accepted.
func TestNoDelay(t *testing.T) {
	n := newNet(t, all)
	l, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Drop()
	if err := l.StartBind(Addr{AddrPort: netip.AddrPortFrom(loopback, 0)}); err != nil {
		t.Fatal(err)
	}
	if err := l.FinishBind(); err != nil {
		t.Fatal(err)
	}
	if err := l.StartListen(); err != nil {
		t.Fatal(err)
	}
	if err := l.FinishListen(); err != nil {
		t.Fatal(err)
	}
	to, err := l.LocalAddr()
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Drop()
	if err := c.StartConnect(to); err != nil {
		t.Fatal(err)
	}
	expectReady(t, l)
	a, in, out, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Drop()
	defer in.Drop()
	defer out.Drop()
	for name, s := range map[string]*TCP{"connecting": c, "accepted": a} {
		if v, err := s.fd.option(unix.IPPROTO_TCP, unix.TCP_NODELAY); err != nil || v == 0 {
			t.Errorf("%s: TCP_NODELAY is %d, %v", name, v, err)
		}
	}
}

func expectReady(t *testing.T, c *TCP) {
	t.Helper()
	for !c.Ready() {
		woken := make(chan struct{}, 1)
		stop := c.Notify(func() { woken <- struct{}{} })
		select {
		case <-woken:
		case <-ctx(t).Done():
			t.Fatal("nothing comes")
		}
		stop()
	}
}

// ReadNow never waits, and tells nothing from the end.
func TestReadNow(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	defer s.Drop()
	conn, ok := stream.TakeConn(in, out)
	if !ok {
		t.Fatal("the connection cannot be taken")
	}
	c := conn.(*netConn)
	p := make([]byte, 8)
	expect := func(wantN int, wantErr error) {
		t.Helper()
		if n, err := c.ReadNow(p); n != wantN || !errors.Is(err, wantErr) {
			t.Errorf("%d, %v; want %d, %v", n, err, wantN, wantErr)
		}
	}
	expect(0, nil)
	peer.Write([]byte("hello"))
	peer.Close()
	if _, err := c.Read(p[:1]); err != nil {
		t.Fatal(err)
	}
	expect(4, nil)
	if _, err := c.Read(p); err != io.EOF {
		t.Fatal(err)
	}
	expect(0, io.EOF)
	c.Close()
	expect(0, os.ErrClosed)
}
