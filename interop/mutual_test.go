package interop

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// installedMutual returns those of the servers that are installed.
func installedMutual(t *testing.T) []Server {
	t.Helper()
	var list []Server
	for _, s := range MutualServers() {
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

func runMutual(t *testing.T, v Visitor) *Report {
	t.Helper()
	r, err := Mutual{Servers: installedMutual(t), Encounters: Encounters(), Visitors: []Visitor{v}, Parallel: 2}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMutualControl: the servers do with crypto/tls and psql what the rows say.
func TestMutualControl(t *testing.T) {
	r := runMutual(t, NativeVisitor{})
	if f := r.Failures(); f != nil || r.Count(Pass) != len(r.Encounters) {
		t.Errorf("%d of %d passed\n%s", r.Count(Pass), len(r.Encounters), strings.Join(f, "\n"))
	}
}

// claiming is a visitor that goes nowhere.
type claiming struct {
	word Word
	err  error
}

func (claiming) Name() string                                 { return "claiming" }
func (c claiming) Visit(context.Context, Visit) (Word, error) { return c.word, c.err }

// TestMutualLiar: a visitor that stays at home passes nowhere, not even by
// saying at the wrong stage what a server would say.
func TestMutualLiar(t *testing.T) {
	for _, c := range []claiming{
		{word: Word{ByAnswer, "HTTP 200\nhello"}},
		{word: Word{InHandshake, "CN=" + rightful + " over TLSv1.3"}},
		{err: errors.New("no")},
	} {
		if r := runMutual(t, c); r.Count(Fail) != len(r.Encounters) {
			t.Errorf("%+v: %d of %d failed", c, r.Count(Fail), len(r.Encounters))
		}
	}
}

func TestMutualServerNotInstalled(t *testing.T) {
	s := Server{Name: "PostgreSQL", Package: "none", Program: "/no/such/*/program"}
	r, err := Mutual{Servers: []Server{s}, Encounters: Encounters(), Visitors: []Visitor{NativeVisitor{}}}.Run(t.Context())
	if err != nil || r.Count(Missing) != len(r.Encounters) || len(r.Encounters) == 0 || len(r.Missing()) != 1 {
		t.Errorf("%v: %d of %d missing, %q", err, r.Count(Missing), len(r.Encounters), r.Missing())
	}
}
