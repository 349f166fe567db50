package sock

import (
	"errors"
	"testing"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

func TestSendAndReceive(t *testing.T) {
	n := newNet(t, all)
	u, err := n.UDP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Drop()
	peer, to := packet(t)
	if _, err := u.Receive(); !errors.Is(err, InvalidState) {
		t.Errorf("receive unbound: %v", err)
	}
	if err := u.Send(Datagram{Data: []byte("a")}); !errors.Is(err, InvalidArgument) {
		t.Errorf("send to nobody: %v", err)
	}
	if err := u.Send(Datagram{Data: []byte("a"), Peer: to}); err != nil { // binds
		t.Fatal(err)
	}
	p := make([]byte, 10)
	k, from, err := peer.ReadFrom(p)
	if err != nil || string(p[:k]) != "a" {
		t.Fatalf("peer got %q, %v", p[:k], err)
	}
	if _, err := u.Receive(); !errors.Is(err, WouldBlock) {
		t.Errorf("nothing was sent: %v", err)
	}
	for _, text := range []string{"", "b"} {
		if _, err := peer.WriteTo([]byte(text), from); err != nil {
			t.Fatal(err)
		}
		if err := stream.Wait(ctx(t), u.Readable()); err != nil {
			t.Fatal(err)
		}
		if d, err := u.Receive(); err != nil || string(d.Data) != text || d.Peer != to {
			t.Errorf("got %v, %v", d, err)
		}
	}
	if !u.Writable().Ready() {
		t.Error("cannot send")
	}
}

func TestOnePeer(t *testing.T) {
	n := newNet(t, all)
	u, err := n.UDP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Drop()
	peer, to := packet(t)
	other, elsewhere := packet(t)
	if err := u.Disconnect(); !errors.Is(err, InvalidState) {
		t.Errorf("disconnect from nobody: %v", err)
	}
	if err := errors.Join(u.Connect(elsewhere), u.Connect(to)); err != nil {
		t.Fatal(err)
	}
	if at, err := u.RemoteAddr(); err != nil || at != to {
		t.Errorf("peer is %v, %v", at, err)
	}
	if err := u.Send(Datagram{Data: []byte("a"), Peer: elsewhere}); !errors.Is(err, InvalidArgument) {
		t.Errorf("send elsewhere: %v", err)
	}
	if err := u.Send(Datagram{Data: []byte("a")}); err != nil {
		t.Fatal(err)
	}
	_, from, err := peer.ReadFrom(make([]byte, 10))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.WriteTo([]byte("no"), from); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.WriteTo([]byte("yes"), from); err != nil {
		t.Fatal(err)
	}
	if err := stream.Wait(ctx(t), u.Readable()); err != nil {
		t.Fatal(err)
	}
	if d, err := u.Receive(); err != nil || string(d.Data) != "yes" {
		t.Errorf("got %q, %v", d.Data, err)
	}
	if err := u.Disconnect(); err != nil {
		t.Fatal(err)
	}
	if err := u.Send(Datagram{Data: []byte("a"), Peer: elsewhere}); err != nil {
		t.Error(err)
	}
}

// Neither sending, nor connecting, nor what that binds to, is free.
func TestDatagramGrants(t *testing.T) {
	_, to := packet(t)
	_, elsewhere := packet(t)
	n := newNet(t, grants(t, []string{to.String()}, nil))
	u, err := n.UDP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	defer u.Drop()
	for what, err := range map[string]error{
		"connect": u.Connect(elsewhere),
		"send":    u.Send(Datagram{Data: []byte("a"), Peer: elsewhere}),
		"bind":    u.Bind(elsewhere),
	} {
		if !errors.Is(err, AccessDenied) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := u.Send(Datagram{Data: []byte("a"), Peer: to}); err != nil {
		t.Error(err)
	}
	onlyListens := newNet(t, grants(t, nil, []string{"127.0.0.1:9"}))
	v, err := onlyListens.UDP(IPv4)
	if err != nil {
		t.Fatal(err)
	}
	defer v.Drop()
	if err := v.Connect(to); !errors.Is(err, AccessDenied) {
		t.Errorf("connect without a grant: %v", err)
	}
}
