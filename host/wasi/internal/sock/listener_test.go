package sock

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// next waits for a connection.
func next(t *testing.T, l *Listener) Connection {
	t.Helper()
	for {
		c, ok, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			return c
		}
		if err := stream.Wait(ctx(t), l); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListener(t *testing.T) {
	n := newNet(t, all)
	s, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	l, err := s.Listen() // unbound: on a port of the system's choice
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Listen(); !errors.Is(err, InvalidState) {
		t.Errorf("listen twice: %v", err)
	}
	at, err := s.LocalAddr()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := l.Next(); ok || err != nil || l.Ready() {
		t.Errorf("nobody has connected: %v, %v", ok, err)
	}
	s.Drop() // the listener goes on
	peer, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", portOf(at)))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	c := next(t, l)
	l.Drop()
	l.Drop()
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := stream.Wait(ctx(t), c.In); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 5)
	if k, err := c.In.Read(p); k != 1 || err != nil {
		t.Errorf("read %d, %v", k, err)
	}
	c.In.Drop()
	c.Out.Drop()
	c.TCP.Drop()
	expectOpen(t, n, 0)
}

func portOf(a Addr) string {
	_, port, _ := net.SplitHostPort(a.String())
	return port
}

// A listener without a grant for any address needs one for that it is bound to.
func TestListenerIsGranted(t *testing.T) {
	n := newNet(t, grants(t, nil, []string{"127.0.0.1"}))
	s, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Drop()
	if _, err := s.Listen(); !errors.Is(err, AccessDenied) {
		t.Errorf("listen on any address: %v", err)
	}
	if err := s.Bind(Addr{AddrPort: IPv4.any().AddrPort}); !errors.Is(err, AccessDenied) {
		t.Errorf("bind to any address: %v", err)
	}
}

// A listener for which there is no room tries again, without spinning.
func TestListenerWithoutRoom(t *testing.T) {
	n := newNet(t, all)
	s, err := n.TCP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Drop()
	l, err := s.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Drop()
	at, err := s.LocalAddr()
	if err != nil {
		t.Fatal(err)
	}
	var others []*TCP
	for {
		o, err := n.TCP(IPv4)
		if err != nil {
			break
		}
		others = append(others, o)
	}
	peer, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", portOf(at)))
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if err := stream.Wait(ctx(t), l); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := l.Next(); ok || err != nil {
		t.Fatalf("accepted %v, %v", ok, err)
	}
	before := time.Now()
	woken := make(chan struct{})
	stop := l.Notify(func() { close(woken) })
	defer stop()
	<-woken
	if d := time.Since(before); d < acceptDelay {
		t.Errorf("looks again after %v", d)
	}
	for _, o := range others {
		o.Drop()
	}
	c := next(t, l)
	c.In.Drop()
	c.Out.Drop()
	c.TCP.Drop()
}

// The end of an output is the end for the peer too, after everything.
func TestEndDelivers(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	defer s.Drop()
	defer in.Drop()
	want := make([]byte, 0, 4<<20)
	chunk := bytes.Repeat([]byte("0123456789abcdef"), 4096)
	got := make(chan []byte, 1)
	for len(want) < cap(want) { // until nothing more fits
		k, err := out.Permit()
		if err != nil {
			t.Fatal(err)
		}
		if k == 0 {
			break
		}
		if err := out.Write(chunk[:k]); err != nil {
			t.Fatal(err)
		}
		want = append(want, chunk[:k]...)
	}
	ended := make(chan error, 1)
	stream.End(out, func(err error) { ended <- err })
	go func() {
		b, _ := io.ReadAll(peer)
		got <- b
	}()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the output does not end")
	}
	if b := <-got; !bytes.Equal(b, want) {
		t.Errorf("peer got %d bytes of %d", len(b), len(want))
	}
}

// An output whose peer is gone ends with the reason.
func TestEndFails(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	defer s.Drop()
	defer in.Drop()
	chunk := make([]byte, stream.ChunkBytes)
	for {
		k, err := out.Permit()
		if err != nil {
			t.Fatal(err)
		}
		if k == 0 {
			break
		}
		if err := out.Write(chunk[:k]); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	stream.End(out, func(err error) { ended <- err })
	peer.(*net.TCPConn).SetLinger(0)
	peer.Close()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("everything was delivered to nobody")
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the output does not end")
	}
}
