// Package tlstest is what the tests of package wasitls share with those that
// package conformance has for any provider of TLS.
package tlstest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// Patience bounds every wait of these tests.
const Patience = 20 * time.Second

// CA is the authority of these tests.
var CA = sync.OnceValue(wasitlstest.NewCA)

// Good is the configuration of a server with nothing wrong.
var Good = sync.OnceValue(func() *tls.Config { return CA().Server() })

// Leftovers returns the stacks of goroutines in this module's code that do not
// end, but for those of tests that wait for a part of them.
func Leftovers() string {
	deadline := time.Now().Add(5 * time.Second)
	for {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		var left []string
		for _, stack := range strings.Split(string(stacks), "\n\n")[1:] {
			if strings.Contains(stack, "wasitls") && !strings.Contains(stack, "testing.(*T).Run(") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Guest returns a guest of a new client.
func Guest(t testing.TB, c wasitls.Config) *wasitls.Guest {
	t.Helper()
	client, err := wasitls.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	return client.NewGuest(wasitls.GuestConfig{})
}

// Timeout returns a context that ends with Patience.
func Timeout(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	t.Cleanup(cancel)
	return ctx
}

// Connect returns a connection over transport, closed with the test.
func Connect(t testing.TB, c wasitls.Config, transport wasitls.Transport) *wasitlstest.Blocking {
	t.Helper()
	conn, err := Guest(t, c).Start(transport, wasitlstest.Name).Wait(Timeout(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { CloseNow(t, conn) })
	return wasitlstest.NewBlocking(conn)
}

// CloseNow closes a connection and waits for its end.
func CloseNow(t testing.TB, conn *wasitls.Conn) {
	t.Helper()
	conn.Close()
	Ended(t, conn)
}

// Ended fails the test unless the connection frees everything.
func Ended(t testing.TB, conn *wasitls.Conn) {
	t.Helper()
	select {
	case <-conn.Done():
	case <-time.After(Patience):
		t.Fatal("the connection does not end")
	}
}

// Fails runs a handshake that must fail and returns its error, after checking
// what holds for all of them.
func Fails(t *testing.T, c wasitls.Config, transport net.Conn, name string, class wasitls.Class) *wasitls.HandshakeError {
	t.Helper()
	watched := wasitlstest.Watch(transport)
	h := Guest(t, c).Start(watched, name)
	conn, err := h.Wait(Timeout(t))
	if err == nil {
		CloseNow(t, conn)
		t.Fatal("handshake succeeded")
	}
	var failure *wasitls.HandshakeError
	if !errors.As(err, &failure) {
		t.Fatalf("error is %T: %v", err, err)
	}
	if failure.Class != class {
		t.Errorf("class %v, want %v: %v", failure.Class, class, err)
	}
	CheckText(t, err)
	if watched.Closed.Load() == 0 {
		t.Error("the transport was not closed")
	}
	if _, err := h.Result(); err != wasitls.ErrConsumed {
		t.Errorf("second result: %v", err)
	}
	return failure
}

// StreamFails checks the failure of a half.
func StreamFails(t *testing.T, err error, class wasitls.Class, text string) {
	t.Helper()
	var failure *wasitls.StreamError
	if !errors.As(err, &failure) {
		t.Fatalf("error is %T: %v", err, err)
	}
	if failure.Class != class {
		t.Errorf("class %v, want %v: %v", failure.Class, class, err)
	}
	Says(t, err, text)
	CheckText(t, err)
}

// Says fails the test unless the error has that text in it.
func Says(t testing.TB, err error, text string) {
	t.Helper()
	if !strings.Contains(err.Error(), text) {
		t.Errorf("error does not say %q: %v", text, err)
	}
}

// CheckText fails when an error has local addresses or characters that no log wants.
func CheckText(t *testing.T, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		text := e.Error()
		for _, bad := range []string{"192.0.2.1", "49268", "127.0.0.1:", "->", "\n", "\x00", "/tmp"} {
			if strings.Contains(text, bad) {
				t.Errorf("error text contains %q: %q", bad, text)
			}
		}
	}
}

// ReadAll reads to the end; the error is nil after a clean end.
func ReadAll(t testing.TB, b *wasitlstest.Blocking) (string, error) {
	t.Helper()
	var (
		data []byte
		err  error
		done = make(chan struct{})
	)
	go func() {
		defer close(done)
		data, err = io.ReadAll(b)
	}()
	select {
	case <-done:
	case <-time.After(Patience):
		t.Fatal("reading does not end")
	}
	return string(data), err
}
