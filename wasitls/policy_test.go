package wasitls_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestPolicyErrorsNameTheField: each error tells the field as a file has it.
func TestPolicyErrorsNameTheField(t *testing.T) {
	rule := func(change func(*wasitls.Rule)) wasitls.Policy {
		r := wasitls.Rule{Servers: []string{"*"}}
		change(&r)
		return wasitls.Policy{Default: wasitls.Deny, Rules: []wasitls.Rule{r}}
	}
	limits := func(l wasitls.Limits) wasitls.Policy {
		return wasitls.Policy{Default: wasitls.Deny, Limits: l}
	}
	for _, row := range []struct {
		field  string
		policy wasitls.Policy
	}{
		{"default", wasitls.Policy{}},
		{"rules[0].servers", rule(func(r *wasitls.Rule) { r.Servers = nil })},
		{"rules[0].servers[1]", rule(func(r *wasitls.Rule) { r.Servers = []string{"good.test", "a*.test"} })},
		{"rules[0].servers[0]", rule(func(r *wasitls.Rule) { r.Servers = []string{"10.0.0.1/8"} })},
		{"rules[0].servers[0]", rule(func(r *wasitls.Rule) { r.Servers = []string{"*.10.0.0.1"} })},
		{"rules[0].servers[0]", rule(func(r *wasitls.Rule) { r.Servers = []string{"https://example.org"} })},
		{"rules[0].name", rule(func(r *wasitls.Rule) { r.Name = strings.Repeat("x", 129) })},
		{"rules[0].action", rule(func(r *wasitls.Rule) { r.Action = 9 })},
		{"rules[0].alpn", rule(func(r *wasitls.Rule) { r.Action, r.ALPN = wasitls.Deny, []string{"h2"} })},
		{"rules[0].roots", rule(func(r *wasitls.Rule) { r.Roots.Base = wasitls.BaseNone })},
		{"rules[0].roots", rule(func(r *wasitls.Rule) {
			r.Roots = wasitls.Roots{Pool: x509.NewCertPool(), Base: wasitls.BaseMozilla}
		})},
		{"rules[0].roots.certificates[0]", rule(func(r *wasitls.Rule) { r.Roots.Certificates = []*x509.Certificate{nil} })},
		{"rules[0].roots.base", rule(func(r *wasitls.Rule) { r.Roots.Base = 9 })},
		{"rules[0].min-version", rule(func(r *wasitls.Rule) { r.MinVersion = tls.VersionTLS11 })},
		{"rules[0].max-version", rule(func(r *wasitls.Rule) { r.MaxVersion = 1 })},
		{"rules[0].min-version", rule(func(r *wasitls.Rule) { r.MinVersion, r.MaxVersion = tls.VersionTLS13, tls.VersionTLS12 })},
		{"rules[0].groups[1]", rule(func(r *wasitls.Rule) { r.Groups = []tls.CurveID{tls.X25519, 7} })},
		{"rules[0].groups", rule(func(r *wasitls.Rule) { r.Groups, r.RequirePostQuantum = []tls.CurveID{tls.X25519}, true })},
		{"rules[0].max-version", rule(func(r *wasitls.Rule) { r.MaxVersion, r.RequirePostQuantum = tls.VersionTLS12, true })},
		{"rules[0].alpn[0]", rule(func(r *wasitls.Rule) { r.ALPN = []string{""} })},
		{"rules[0].identity", rule(func(r *wasitls.Rule) { r.Identity = "nobody" })},
		{"rules[0].ocsp", rule(func(r *wasitls.Rule) { r.OCSP = 9 })},
		{"rules[0].crls[0]", rule(func(r *wasitls.Rule) { r.CRLs = []*x509.RevocationList{nil} })},
		{"rules[0].profile", rule(func(r *wasitls.Rule) { r.Profile = 9 })},
		{"rules[0].handshake-timeout", rule(func(r *wasitls.Rule) { r.HandshakeTimeout = -1 })},
		{"identities.me", wasitls.Policy{Default: wasitls.Deny, Identities: map[string]*wasitls.Identity{"me": nil}}},
		{"limits.connections", limits(wasitls.Limits{Connections: -1})},
		{"limits.connections-per-guest", limits(wasitls.Limits{ConnectionsPerGuest: -1})},
		{"limits.handshakes", limits(wasitls.Limits{Handshakes: -1})},
		{"limits.handshakes-per-guest", limits(wasitls.Limits{HandshakesPerGuest: -1})},
		{"limits.write-buffer", limits(wasitls.Limits{WriteBuffer: wasitls.MinBuffer - 1})},
		{"limits.read-buffer", limits(wasitls.Limits{ReadBuffer: wasitls.MaxBuffer + 1})},
		{"limits.buffered", limits(wasitls.Limits{Buffered: 1000})},
		{"limits.close-timeout", limits(wasitls.Limits{CloseTimeout: 25 * time.Hour})},
	} {
		_, err := wasitls.NewClient(wasitls.Config{Policy: &row.policy})
		var field *wasitls.FieldError
		if !errors.As(err, &field) || field.Field != row.field || !strings.Contains(err.Error(), row.field+": ") {
			t.Errorf("%s: got %v", row.field, err)
		}
	}
}

// TestPolicyErrorsAll: one look finds all that is wrong.
func TestPolicyErrorsAll(t *testing.T) {
	err := (&wasitls.Policy{Rules: []wasitls.Rule{{}, {Servers: []string{"a b"}}}}).Validate(time.Now())
	for _, field := range []string{"rules[0].servers: ", "rules[1].servers[0]: ", "default: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s is not in %v", field, err)
		}
	}
}

// TestPolicyFields: each field of a rule and of the limits must be named here,
// and so must have been thought of.
func TestPolicyFields(t *testing.T) {
	for kind, known := range map[reflect.Type]string{
		reflect.TypeFor[wasitls.Policy](): "Rules Default Identities Limits",
		reflect.TypeFor[wasitls.Rule](): "Name Servers Action Roots MinVersion MaxVersion Groups RequirePostQuantum ALPN Identity " +
			"Pins OCSP CRLs AllowTruncation HandshakeTimeout Resumption Profile RequireResolved",
		reflect.TypeFor[wasitls.Roots](): "Base Certificates Pool",
		reflect.TypeFor[wasitls.Limits](): "ConnectionsPerGuest Connections HandshakesPerGuest Handshakes WriteBuffer ReadBuffer " +
			"Buffered CloseTimeout",
	} {
		for f := range kind.Fields() {
			if !slices.Contains(strings.Fields(known), f.Name) {
				t.Errorf("field %s of %v is not known to this test", f.Name, kind)
			}
		}
	}
}

// TestFirstRuleDecides: rules are tried in their order, then the default.
func TestFirstRuleDecides(t *testing.T) {
	decide := func(def wasitls.Action, name string, patterns ...string) string {
		p := &wasitls.Policy{Default: def}
		for i, text := range patterns {
			r := wasitls.Rule{Name: fmt.Sprint(i), Action: wasitls.Deny}
			r.Servers = strings.Fields(text)
			p.Rules = append(p.Rules, r)
		}
		got := ""
		c := wasitls.Config{Policy: p, Audit: func(e wasitls.Event) {
			if e.Kind == wasitls.Refused {
				got = e.Rule
			}
		}}
		near, far := net.Pipe()
		far.Close()
		_, err := guest(t, c).Start(near, name).Wait(timeout(t))
		want(t, "an error", err != nil, true)
		return got
	}
	for _, row := range []struct{ name, patterns, rule string }{
		{"a.test", "a.test", "0"},
		{"A.TEST.", "a.test", "0"},
		{"a.test", "A.Test.", "0"},
		{"a.test", "b.test,a.test,a.test", "1"},
		{"a.test", "b.test,*", "1"},
		{"a.test", "b.test a.test,*", "0"},
		{"a.test", "*.test", "0"},
		{"b.a.test", "*.test", "default"},
		{"test", "*.test", "default"},
		{"atest", "*.test", "default"},
		{"xa.test", "a.test", "default"},
		{"b.a.test", "*.a.test", "0"},
		{"c.b.a.test", "*.a.test", "default"},
		{"xn--bcher-kva.test", "*.TEST.", "0"},
		{"b.a.test", "*.a.test,b.a.test", "0"},
		{"b.a.test", "b.a.test,*.a.test", "0"},
		{"b.a.test", "*,*.a.test,b.a.test", "0"},
		{"b.a.test", "c.test,*.b.test,*.a.test *,*", "2"},
		{"192.0.2.7", "*.0.2.7.test,0.0.0.0/0", "1"},
		{"192.0.2.7", "*", "0"},
		{"192.0.2.7", "::/0", "default"},
		{"2001:db8::7", "0.0.0.0/0", "default"},
		{"2001:DB8:0::7", "2001:db8::7", "0"},
		{"192.0.2.7", "192.0.2.8/31,192.0.2.6/31", "1"},
		{"192.0.2.7", "192.0.2.0/24", "0"},
		{"192.0.2.7", "192.0.2.7", "0"},
		{"192.0.2.7", "192.0.2.8,*", "1"},
		{"::ffff:192.0.2.7", "192.0.2.0/24", "0"},
		{"2001:db8::7", "2001:db8::/32", "0"},
		{"2001:db9::7", "2001:db8::/32", "default"},
	} {
		want(t, row.name+" by "+row.patterns, decide(wasitls.Deny, row.name, strings.Split(row.patterns, ",")...), row.rule)
	}
	want(t, "by default", decide(wasitls.Allow, "a.test", "b.test"), "default")
}

// TestDeniedSendsNothing: what the policy refuses is refused before the first
// byte.
func TestDeniedSendsNothing(t *testing.T) {
	for _, p := range []*wasitls.Policy{
		{Default: wasitls.Deny},
		{Default: wasitls.Allow, Rules: []wasitls.Rule{{Name: "not there", Servers: []string{wasitlstest.Name}, Action: wasitls.Deny}}},
		{Default: wasitls.Deny, Rules: []wasitls.Rule{{Servers: []string{"*"}, RequireResolved: true}}},
	} {
		watched := wasitlstest.Watch(wasitlstest.Peer{}.Pipe())
		err := fails(t, wasitls.Config{Policy: p}, watched, wasitlstest.Name, wasitls.ClassPolicy)
		says(t, err, "refused by policy")
		var refused *wasitls.PolicyError
		want(t, "typed", errors.As(err, &refused), true)
		want(t, "bytes sent", watched.Sent.Load(), 0)
	}
}
