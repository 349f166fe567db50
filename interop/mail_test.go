package interop

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func eximOrSkip(t *testing.T) Server {
	t.Helper()
	s := MailServers()[0]
	if _, err := s.find(); err != nil {
		t.Skip("exim4 is not installed (package exim4-daemon-light)")
	}
	return s
}

func TestMailControl(t *testing.T) {
	s := eximOrSkip(t)
	r, err := Mail{Servers: []Server{s}, Cases: MailCases(), Clients: []MailClient{NativeMail{}}}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f := r.Failures(); f != nil || r.Count(Pass) != len(MailCases()) || r.Versions[s.Name] == "" {
		t.Errorf("%d of %d passed, version %q: %q", r.Count(Pass), len(MailCases()), r.Versions[s.Name], f)
	}
}

// saying is a client that only says how it went.
type saying struct{ err error }

func (saying) Name() string                                         { return "saying" }
func (s saying) Send(context.Context, string, string, string) error { return s.err }

// TestMailLiar: a client that sends nothing passes no case that it should not.
func TestMailLiar(t *testing.T) {
	s := eximOrSkip(t)
	for _, err := range []error{nil, errors.New("no"), ErrBroken} {
		r, runErr := Mail{Servers: []Server{s}, Cases: []Case{MailCases()[0], MailCases()[6]}, Clients: []MailClient{saying{err}}}.Run(t.Context())
		if runErr != nil {
			t.Fatal(runErr)
		}
		if r.Count(Fail) != 2 {
			t.Errorf("%v: %d failed, want 2", err, r.Count(Fail))
		}
	}
}

func TestMailServerNotInstalled(t *testing.T) {
	s := Server{Name: "none", Package: "none", Program: "no-such-program"}
	r, err := Mail{Servers: []Server{s}, Cases: MailCases()[:1], Clients: []MailClient{NativeMail{}}}.Run(t.Context())
	if err != nil || r.Count(Missing) != 1 || len(r.Missing()) != 1 || !strings.Contains(r.Missing()[0], "package none") {
		t.Errorf("%v: %q", err, r.Missing())
	}
}
