package sock

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

func TestTakeConn(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	// Leave a goroutine that waits for the socket behind.
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	stream.Wait(short, in)
	cancel()
	c, ok := stream.TakeConn(in, out)
	if !ok {
		t.Fatal("streams of one idle connection cannot be taken")
	}
	if _, ok := stream.TakeConn(in, out); ok {
		t.Error("taken twice")
	}
	if _, err := peer.Write([]byte("in")); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 3)
	if _, err := io.ReadFull(c, p[:2]); err != nil || string(p[:2]) != "in" {
		t.Fatalf("read %q, %v", p[:2], err)
	}
	if _, err := c.Write([]byte("out")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(peer, p); err != nil || string(p) != "out" {
		t.Fatalf("peer read %q, %v", p, err)
	}
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(p)
	var ne net.Error
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("read after the deadline: %v", err)
	}
	if c.RemoteAddr().String() != peer.LocalAddr().String() || c.LocalAddr().String() != peer.RemoteAddr().String() {
		t.Errorf("addresses %v, %v", c.LocalAddr(), c.RemoteAddr())
	}
	// The socket still shuts the connection down.
	if err := c.SetReadDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { _, err := c.Read(p); done <- err }()
	if err := s.Shutdown(true, false); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != io.EOF {
		t.Errorf("read after shutdown of receiving: %v", err)
	}
	if err := s.Shutdown(false, true); err != nil {
		t.Fatal(err)
	}
	if _, err := peer.Read(p); err != io.EOF {
		t.Errorf("peer reads %v after shutdown of sending", err)
	}
	if _, err := c.Write(p); err == nil {
		t.Error("write after shutdown of sending succeeds")
	}
	s.Drop()
	expectOpen(t, n, 1)
	c.Close()
	c.Close()
	expectOpen(t, n, 0)
}

// Closing the connection ends what is in progress and leaves the socket open.
func TestTakenConnClose(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	c, ok := stream.TakeConn(in, out)
	if !ok {
		t.Fatal("not taken")
	}
	done := make(chan error, 1)
	go func() { _, err := c.Read(make([]byte, 1)); done <- err }()
	time.Sleep(5 * time.Millisecond)
	c.Close()
	if err := <-done; err == nil {
		t.Error("read goes on after Close")
	}
	if err := c.SetDeadline(time.Time{}); err == nil {
		t.Error("deadline is lifted after Close")
	}
	if _, err := s.RemoteAddr(); err != nil {
		t.Errorf("socket after Close: %v", err)
	}
	s.Drop()
	if _, err := peer.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("peer reads %v", err)
	}
}

func TestTakeConnRefuses(t *testing.T) {
	n := newNet(t, all)
	_, in, out, _ := dial(t, n)
	_, in2, out2, peer2 := dial(t, n)
	if _, ok := stream.TakeConn(in, out2); ok {
		t.Error("streams of two connections")
	}
	pending := make([]byte, stream.ChunkBytes)
	for out.Ready() {
		if err := out.Write(pending); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok := stream.TakeConn(in, out); ok {
		t.Error("output has something buffered")
	}
	peer2.Close()
	if err := stream.Wait(ctx(t), in2); err != nil {
		t.Fatal(err)
	}
	if _, err := in2.Read(pending); !errors.Is(err, stream.ErrClosed) {
		t.Fatal(err)
	}
	if _, ok := stream.TakeConn(in2, out2); ok {
		t.Error("input has ended")
	}
}
