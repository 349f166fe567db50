// Package conformance tests that an implementation of TLS does what package
// wasitls needs of it: see wasitls.Provider. Who has written one calls Run in
// a test of its own:
//
//	func TestConformance(t *testing.T) {
//		conformance.Run(t, myProvider{})
//	}
//
// The peers are servers of crypto/tls, and peers that break TLS on purpose, in
// memory and on loopback. Nothing else is needed. It takes some seconds.
//
// What is looked at is what a guest gets through package wasitls: data, the
// kind of an end, the class of a failure, and that everything is freed. The
// words of an error are the provider's affair.
package conformance

import (
	"reflect"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/internal/tlstest"
)

// Exception is a case that a provider is known not to pass.
type Exception struct {
	// Case is the name of the subtest below Run's, such as "TestC20Renegotiation"
	// or, of a table, "TestA/A18_RSA_1024".
	Case string
	// Reason is what the skipped subtest tells.
	Reason string
}

// Run runs every case as a subtest, but for the exceptions, which are skipped.
// The test must not run beside others: in the end
// Run looks for goroutines that were left behind.
func Run(t *testing.T, p wasitls.Provider, except ...Exception) {
	s := suite{provider: p, top: t.Name() + "/", reasons: map[string]string{}}
	cases := map[string]bool{}
	for _, e := range except {
		s.reasons[e.Case] = e.Reason
	}
	for method, value := range reflect.ValueOf(s).Methods() {
		cases[method.Name] = true
		s.run(t, method.Name, value.Interface().(func(*testing.T)))
	}
	for _, e := range except {
		if name, _, _ := strings.Cut(e.Case, "/"); !cases[name] {
			t.Errorf("there is no case for the exception %s", e.Case)
		}
	}
	if left := tlstest.Leftovers(); left != "" {
		t.Errorf("goroutines left behind:\n%s", left)
	}
}

// suite has a method for each case, and no other methods that are exported.
type suite struct {
	provider wasitls.Provider
	top      string            // what names of cases begin with
	reasons  map[string]string // of exceptions, by case
}

// run runs a subtest unless it is an exception.
func (s suite) run(t *testing.T, name string, f func(t *testing.T)) {
	t.Run(name, func(t *testing.T) {
		if reason := s.reasons[strings.TrimPrefix(t.Name(), s.top)]; reason != "" {
			t.Skip(reason)
		}
		f(t)
	})
}

// words checks an error's text, which for other providers than crypto/tls only
// has to be there.
func (s suite) words(t *testing.T, err error, text string) {
	t.Helper()
	if s.provider != (wasitls.CryptoTLS{}) {
		text = ""
	}
	says(t, err, text)
}
