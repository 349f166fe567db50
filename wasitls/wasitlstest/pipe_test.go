package wasitlstest_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// ends runs f on a pipe and on loopback TCP, which it shall resemble.
func ends(t *testing.T, f func(t *testing.T, a, b wasitlstest.Conn)) {
	t.Run("pipe", func(t *testing.T) {
		a, b := wasitlstest.Pipe()
		f(t, a, b)
	})
	t.Run("TCP", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		a, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		b, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		f(t, wasitlstest.TCP(a.(*net.TCPConn)), wasitlstest.TCP(b.(*net.TCPConn)))
	})
}

func TestHalfClose(t *testing.T) {
	ends(t, func(t *testing.T, a, b wasitlstest.Conn) {
		defer a.Close()
		defer b.Close()
		io.WriteString(a, "there")
		a.CloseWrite()
		if data, err := io.ReadAll(b); string(data) != "there" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		io.WriteString(b, "back")
		b.Close()
		if data, err := io.ReadAll(a); string(data) != "back" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		if _, err := io.WriteString(a, "x"); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write after CloseWrite: %v", err)
		}
		if _, err := b.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read after Close: %v", err)
		}
	})
}

func TestReset(t *testing.T) {
	ends(t, func(t *testing.T, a, b wasitlstest.Conn) {
		defer a.Close()
		b.Reset()
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read: %v", err)
		}
		if _, err := io.WriteString(a, "x"); !errors.Is(err, syscall.EPIPE) {
			t.Errorf("write: %v", err)
		}
	})
}

func TestCloseEndsCalls(t *testing.T) {
	ends(t, func(t *testing.T, a, b wasitlstest.Conn) {
		defer b.Close()
		failed := make(chan error, 2)
		go func() { _, err := a.Read(make([]byte, 1)); failed <- err }()
		go func() { _, err := a.Write(make([]byte, 64<<20)); failed <- err }()
		time.Sleep(10 * time.Millisecond)
		a.Close()
		for range 2 {
			if err := <-failed; !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	})
}

func TestDeadlines(t *testing.T) {
	ends(t, func(t *testing.T, a, b wasitlstest.Conn) {
		defer a.Close()
		defer b.Close()
		io.WriteString(b, "x")
		time.Sleep(5 * time.Millisecond)
		a.SetReadDeadline(time.Now().Add(-time.Second))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		a.SetReadDeadline(time.Time{})
		if n, err := a.Read(make([]byte, 9)); n != 1 || err != nil {
			t.Errorf("read: %d, %v", n, err)
		}
		a.SetDeadline(time.Now().Add(10 * time.Millisecond))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		if _, err := a.Write(make([]byte, 64<<20)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %v", err)
		}
	})
}

// TestDeadlineMoves ends a call that was waiting for a later one.
func TestDeadlineMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := wasitlstest.Pipe()
		defer b.Close()
		start := time.Now()
		a.SetReadDeadline(start.Add(time.Hour))
		time.AfterFunc(time.Second, func() { a.SetReadDeadline(start.Add(time.Minute)) })
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Error(err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v", took)
		}
	})
}

func TestCapacity(t *testing.T) {
	a, b := wasitlstest.PipeSize(10)
	defer a.Close()
	a.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	if n, _ := a.Write(make([]byte, 100)); n != 10 {
		t.Errorf("took %d bytes", n)
	}
	a.SetWriteDeadline(time.Time{})
	data := bytes.Repeat([]byte("0123456789"), 100)
	go func() { a.Write(data); a.CloseWrite() }()
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got[10:], data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestTrickle(t *testing.T) {
	a, b := wasitlstest.Pipe()
	slow := wasitlstest.Trickle(a, 3)
	go func() { io.WriteString(slow, "abcdefgh"); a.CloseWrite() }()
	if data, _ := io.ReadAll(b); string(data) != "abcdefgh" {
		t.Errorf("%q", data)
	}
	io.WriteString(b, "abcdefgh")
	if n, _ := slow.Read(make([]byte, 8)); n != 3 {
		t.Errorf("read %d bytes", n)
	}
}
