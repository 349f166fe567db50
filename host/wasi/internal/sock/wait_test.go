package sock

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// readWait runs ReadWait on a goroutine of its own.
func readWait(in stream.Input, p []byte) <-chan error {
	done := make(chan error, 1)
	go func() { _, err := stream.ReadWait(in, p); done <- err }()
	return done
}

func TestReadWait(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	defer s.Drop()
	defer out.Drop()
	// Leave a goroutine that waits for the socket behind.
	short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	stream.Wait(short, in)
	cancel()

	if n, err := stream.ReadWait(in, nil); n != 0 || err != nil {
		t.Errorf("a read of nothing: %d, %v", n, err)
	}
	p := make([]byte, 9)
	done := readWait(in, p)
	if _, err := peer.Write([]byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || string(p[:5]) != "first" {
		t.Fatalf("read %q, %v", p[:5], err)
	}

	done = readWait(in, p)
	if err := stream.SetReadDeadline(in, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != os.ErrDeadlineExceeded {
		t.Errorf("at the deadline: %v", err)
	}
	if err := stream.SetReadDeadline(in, time.Time{}); err != nil {
		t.Fatal(err)
	}
	done = readWait(in, p)
	peer.Close()
	if err := <-done; err != stream.ErrClosed {
		t.Errorf("at the end: %v", err)
	}
	if _, err := stream.ReadWait(in, p); err != stream.ErrClosed {
		t.Errorf("after the end: %v", err)
	}
	in.Drop()
}

// A deadline that is set before the first wait holds.
func TestReadWaitDeadlineBefore(t *testing.T) {
	n := newNet(t, all)
	s, in, out, _ := dial(t, n)
	defer s.Drop()
	defer out.Drop()
	defer in.Drop()
	in.Notify(func() {})()
	if err := stream.SetReadDeadline(in, time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.ReadWait(in, make([]byte, 1)); err != os.ErrDeadlineExceeded {
		t.Errorf("got %v", err)
	}
}

// Dropping the stream ends the wait though the connection stays open, and no
// deadline brings it back.
func TestReadWaitDropped(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	defer s.Drop()
	done := readWait(in, make([]byte, 1))
	time.Sleep(time.Millisecond)
	in.Drop()
	if err := <-done; err == nil {
		t.Error("a dropped stream was read")
	}
	if err := stream.SetReadDeadline(in, time.Time{}); err == nil {
		t.Error("a dropped stream took a deadline")
	}
	if err := out.Write([]byte("x")); err != nil {
		t.Error(err)
	}
	if _, err := peer.Read(make([]byte, 1)); err != nil {
		t.Error(err)
	}
	out.Drop()
	if _, err := stream.ReadWait(in, make([]byte, 1)); err == nil {
		t.Error("a dropped stream was read later")
	}
}

// Nor does a stream wait that was dropped before.
func TestReadWaitAfterDrop(t *testing.T) {
	n := newNet(t, all)
	s, in, out, _ := dial(t, n)
	defer s.Drop()
	defer out.Drop()
	in.Drop()
	if _, err := stream.ReadWait(in, make([]byte, 1)); err == nil {
		t.Error("read")
	}
}

// A reset is the error that it is for Read.
func TestReadWaitReset(t *testing.T) {
	n := newNet(t, all)
	s, in, out, peer := dial(t, n)
	defer s.Drop()
	defer out.Drop()
	defer in.Drop()
	done := readWait(in, make([]byte, 1))
	peer.(*net.TCPConn).SetLinger(0)
	peer.Close()
	err := <-done
	if code, _ := CodeOf(err); code != ConnectionReset {
		t.Errorf("got %v", err)
	}
	if _, err := stream.ReadWait(in, make([]byte, 1)); err != stream.ErrClosed {
		t.Errorf("then %v", err)
	}
	if _, err := stream.ReadWait(errors.New("no input"), nil); err != errors.ErrUnsupported {
		t.Errorf("of something else: %v", err)
	}
}
