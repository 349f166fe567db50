package wasitls_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// patience bounds every wait of these tests.
const patience = 20 * time.Second

var ca = sync.OnceValue(wasitlstest.NewCA)

// good is the configuration of a server with nothing wrong.
var good = sync.OnceValue(func() *tls.Config { return ca().Server() })

// TestMain fails the run when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := leftovers(); left != "" {
			fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

// leftovers returns the stacks of goroutines in this module's code.
func leftovers() string {
	deadline := time.Now().Add(5 * time.Second)
	for {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		var left []string
		for _, stack := range strings.Split(string(stacks), "\n\n")[1:] {
			if strings.Contains(stack, "wasitls") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// config returns a configuration that trusts the test CA.
func config() wasitls.Config { return wasitls.Config{Policy: wasitls.Trust(ca().Pool())} }

// ruled returns a configuration that trusts the test CA by a rule that change
// has changed, which is for every name.
func ruled(change func(*wasitls.Rule)) wasitls.Config {
	c := config()
	change(&c.Policy.Rules[0])
	return c
}

// guest returns a guest of a new client.
func guest(t testing.TB, c wasitls.Config) *wasitls.Guest {
	t.Helper()
	client, err := wasitls.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	return client.NewGuest(wasitls.GuestConfig{})
}

func timeout(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// connect returns a connection over transport, closed with the test.
func connect(t testing.TB, c wasitls.Config, transport wasitls.Transport) *wasitlstest.Blocking {
	t.Helper()
	conn, err := guest(t, c).Start(transport, wasitlstest.Name).Wait(timeout(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, conn) })
	return wasitlstest.NewBlocking(conn)
}

// to returns a connection to a peer in memory.
func to(t testing.TB, handle func(*tls.Conn, wasitlstest.Conn)) *wasitlstest.Blocking {
	t.Helper()
	return connect(t, config(), wasitlstest.Peer{Config: good(), Handle: handle}.Pipe())
}

func closeNow(t testing.TB, conn *wasitls.Conn) {
	t.Helper()
	conn.Close()
	ended(t, conn)
}

// ended fails the test unless the connection frees everything.
func ended(t testing.TB, conn *wasitls.Conn) {
	t.Helper()
	select {
	case <-conn.Done():
	case <-time.After(patience):
		t.Fatal("the connection does not end")
	}
}

// fails runs a handshake that must fail and returns its error, after checking
// what holds for all of them.
func fails(t *testing.T, c wasitls.Config, transport net.Conn, name string, class wasitls.Class) *wasitls.HandshakeError {
	t.Helper()
	watched := wasitlstest.Watch(transport)
	h := guest(t, c).Start(watched, name)
	conn, err := h.Wait(timeout(t))
	if err == nil {
		closeNow(t, conn)
		t.Fatal("handshake succeeded")
	}
	var failure *wasitls.HandshakeError
	if !errors.As(err, &failure) {
		t.Fatalf("error is %T: %v", err, err)
	}
	if failure.Class != class {
		t.Errorf("class %v, want %v: %v", failure.Class, class, err)
	}
	checkText(t, err)
	if watched.Closed.Load() == 0 {
		t.Error("the transport was not closed")
	}
	if _, err := h.Result(); err != wasitls.ErrConsumed {
		t.Errorf("second result: %v", err)
	}
	return failure
}

// checkText fails when an error has local addresses or characters that no log wants.
func checkText(t *testing.T, err error) {
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

// readAll reads to the end; the error is nil after a clean end.
func readAll(t testing.TB, b *wasitlstest.Blocking) (string, error) {
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
	case <-time.After(patience):
		t.Fatal("reading does not end")
	}
	return string(data), err
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
