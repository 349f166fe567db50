package tlstest

import (
	"crypto/tls"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// Want compares what a test got.
func Want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// NoError ends the test if there is an error.
func NoError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Eventually waits until something is so.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// Stuck returns a transport to a peer that says nothing.
func Stuck(t *testing.T) *wasitlstest.Watched {
	near, far := wasitlstest.Pipe()
	t.Cleanup(func() { far.Close() })
	return wasitlstest.Watch(near)
}

// Source is a peer that sends without end.
func Source(t *tls.Conn, _ wasitlstest.Conn) {
	p := make([]byte, 64<<10)
	for {
		if _, err := t.Write(p); err != nil {
			return
		}
	}
}
