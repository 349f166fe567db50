package interop

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// installedMutual returns those of the servers that are installed.
func installed(t *testing.T, m Meeting) []Server {
	t.Helper()
	var list []Server
	for _, s := range m.Servers {
		if _, err := s.find(); err != nil {
			t.Logf("%s is not installed (package %s)", s.Name, s.Package)
			continue
		}
		list = append(list, s)
	}
	if list == nil {
		t.Skip("none of the servers is installed")
	}
	return list
}

// meet runs the encounters with the servers that are installed.
func meet(t *testing.T, m Meeting, v Visitor) *Report {
	t.Helper()
	m.Servers, m.Visitors, m.Parallel = installed(t, m), []Visitor{v}, 2
	r, err := m.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMutualControl: the servers do with crypto/tls and psql what the rows say.
func TestMutualControl(t *testing.T) {
	r := meet(t, Mutual(), NativeVisitor{})
	if f := r.Failures(); f != nil || r.Count(Pass) != len(r.Cells) {
		t.Errorf("%d of %d passed\n%s", r.Count(Pass), len(r.Cells), strings.Join(f, "\n"))
	}
}

// TestRevocationServers: who does not ask is served by all of them.
func TestRevocationServers(t *testing.T) {
	m := Revocation()
	for i := range m.Encounters {
		e := &m.Encounters[i]
		for _, other := range m.Encounters { // that with the server's page
			if other.Server == e.Server && other.Version == e.Version && other.Rule == "" {
				e.Stage, e.Says = other.Stage, other.Says
			}
		}
	}
	r := meet(t, m, NativeVisitor{})
	if f := r.Failures(); f != nil || r.Count(Pass) != len(r.Cells) {
		t.Errorf("%d of %d passed\n%s", r.Count(Pass), len(r.Cells), strings.Join(f, "\n"))
	}
}

// claiming is a visitor that goes nowhere.
type claiming struct {
	word Word
	err  error
}

func (claiming) Name() string                                 { return "claiming" }
func (c claiming) Visit(context.Context, Visit) (Word, error) { return c.word, c.err }

// TestMeetingLiar: a visitor that stays at home passes nowhere, not even by
// saying at the wrong stage what a server would say.
func TestMeetingLiar(t *testing.T) {
	for _, c := range []claiming{
		{word: Word{ByAnswer, "HTTP 200\nhello"}},
		{word: Word{InHandshake, "CN=" + rightful + " over TLSv1.3"}},
		{err: errors.New("no")},
	} {
		for _, m := range []Meeting{Mutual(), Revocation()} {
			m.Servers = meetingServers()
			if r := meet(t, m, c); r.Count(Fail) != len(r.Cells) {
				t.Errorf("%s, %+v: %d of %d failed", m.Title, c, r.Count(Fail), len(r.Cells))
			}
		}
	}
}

func TestMeetingServerNotInstalled(t *testing.T) {
	m := Mutual()
	m.Servers = []Server{{Name: "PostgreSQL", Package: "none", Program: "/no/such/*/program"}}
	m.Visitors = []Visitor{NativeVisitor{}}
	r, err := m.Run(t.Context())
	if err != nil || r.Count(Missing) != len(r.Cells) || len(r.Cells) == 0 || len(r.Missing()) != 1 {
		t.Errorf("%v: %d of %d missing, %q", err, r.Count(Missing), len(r.Cells), r.Missing())
	}
}
