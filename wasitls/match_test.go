package wasitls_test

import (
	"errors"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestMatch compares what Match says with what handshakes do, by the rule that
// their events name.
func TestMatch(t *testing.T) {
	rules := []wasitls.Rule{
		{Name: "exact", Servers: []string{"other.test", "Good.Test"}, Action: wasitls.Deny},
		{Name: "below", Servers: []string{"*.good.test"}, Action: wasitls.Deny},
		{Name: "range", Servers: []string{"192.0.2.0/24", "2001:db8::/32"}, Action: wasitls.Deny},
	}
	for _, row := range []struct {
		name, rule, pattern string
		index               int
	}{
		{"good.test", "exact", "Good.Test", 0},
		{"GOOD.test.", "exact", "Good.Test", 0},
		{"other.test", "exact", "other.test", 0},
		{"a.good.test", "below", "*.good.test", 1},
		{"a.b.good.test", "default", "", -1},
		{"192.0.2.7", "range", "192.0.2.0/24", 2},
		{"2001:db8::1", "range", "2001:db8::/32", 2},
		{"192.0.3.7", "default", "", -1},
	} {
		for _, fallback := range []wasitls.Action{wasitls.Allow, wasitls.Deny} {
			p := &wasitls.Policy{Rules: rules, Default: fallback}
			rule, index, pattern, err := p.Match(row.name)
			noError(t, err)
			if index != row.index || pattern != row.pattern {
				t.Errorf("%s: rule %d by %q, want %d by %q", row.name, index, pattern, row.index, row.pattern)
			}
			want := row.rule
			if index < 0 && fallback == wasitls.Deny {
				want = ""
			}
			if got := nameOf(rule); got != want {
				t.Errorf("%s: rule %q, want %q", row.name, got, want)
			}
			if got := decided(t, p, row.name); got != row.rule {
				t.Errorf("%s: a handshake goes by rule %q, want %q", row.name, got, row.rule)
			}
		}
	}
}

func nameOf(r *wasitls.Rule) string {
	if r == nil {
		return ""
	}
	return r.Name
}

// decided returns the rule that a handshake with nobody went by.
func decided(t *testing.T, p *wasitls.Policy, name string) string {
	t.Helper()
	var rule string
	client, err := wasitls.NewClient(wasitls.Config{Policy: p, Audit: func(e wasitls.Event) { rule = e.Rule }})
	noError(t, err)
	near, far := wasitlstest.Pipe()
	far.Close()
	_, err = client.NewGuest(wasitls.GuestConfig{}).Handshake(t.Context(), near, name)
	if err == nil {
		t.Errorf("%s: connected to nobody", name)
	}
	return rule
}

func TestMatchFails(t *testing.T) {
	p := &wasitls.Policy{Default: wasitls.Allow, Rules: []wasitls.Rule{{Servers: []string{"good.test", "a*.test"}}}}
	var name *wasitls.NameError
	if _, _, _, err := p.Match("no name"); !errors.As(err, &name) {
		t.Errorf("an invalid name: %v", err)
	}
	var field *wasitls.FieldError
	if _, _, _, err := p.Match("other.test"); !errors.As(err, &field) || field.Field != "rules[0].servers[1]" {
		t.Errorf("an invalid pattern: %v", err)
	}
	if _, index, _, err := p.Match("good.test"); err != nil || index != 0 {
		t.Errorf("before the invalid pattern: rule %d, %v", index, err)
	}
}
