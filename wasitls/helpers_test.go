package wasitls_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/internal/tlstest"
)

// What these tests share with those of package conformance.
var (
	ca, good    = tlstest.CA, tlstest.Good
	guest       = tlstest.Guest
	connect     = tlstest.Connect
	closeNow    = tlstest.CloseNow
	ended       = tlstest.Ended
	timeout     = tlstest.Timeout
	fails, says = tlstest.Fails, tlstest.Says
	readAll     = tlstest.ReadAll
	eventually  = tlstest.Eventually
	noError     = tlstest.NoError
	unserved    = tlstest.Unserved
	stuck       = tlstest.Stuck
	serverWith  = tlstest.ServerWith
)

const patience = tlstest.Patience

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	tlstest.Want(t, what, got, want)
}

// TestMain fails the run when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := tlstest.Leftovers(); left != "" {
			fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
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
