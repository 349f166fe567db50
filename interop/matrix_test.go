package interop

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// run gives a matrix a deadline.
func run(t *testing.T, m Matrix) *Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := m.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func server(t *testing.T, name string) Server {
	t.Helper()
	all := Servers()
	i := slices.IndexFunc(all, func(s Server) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no server %q", name)
	}
	return all[i]
}

func caseNamed(t *testing.T, name string) Case {
	t.Helper()
	all := Cases()
	i := slices.IndexFunc(all, func(c Case) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("no case %q", name)
	}
	return all[i]
}

func TestGoServerInEveryCase(t *testing.T) {
	r := run(t, Matrix{Servers: []Server{server(t, "Go")}, Cases: Cases(), Clients: []Client{Native{}}})
	if f := r.Failures(); len(f) > 0 {
		t.Fatal(strings.Join(f, "\n"))
	}
	if got := r.Count(Pass); got != len(Cases()) {
		t.Fatalf("%d cells passed, want %d", got, len(Cases()))
	}
}

func TestInstalledServers(t *testing.T) {
	cases := []Case{caseNamed(t, "1.3-ecdsa"), caseNamed(t, "untrusted")}
	for _, s := range Servers() {
		t.Run(s.Name, func(t *testing.T) {
			if _, err := s.find(); err != nil {
				t.Skipf("%s is not installed (package %s)", s.Program, s.Package)
			}
			r := run(t, Matrix{Servers: []Server{s}, Cases: cases, Clients: []Client{Native{}}, Parallel: 2})
			if f := r.Failures(); len(f) > 0 || r.Count(Pass) != len(cases) {
				t.Fatalf("%d passed: %s", r.Count(Pass), strings.Join(f, "\n"))
			}
		})
	}
}

func TestMissingServerIsNotPassed(t *testing.T) {
	gone := server(t, "nginx")
	gone.Program = "no-such-program"
	r := run(t, Matrix{Servers: []Server{gone}, Cases: Cases()[:2], Clients: []Client{Native{}}})
	if r.Count(Missing) != 2 || r.Count(Pass) != 0 {
		t.Errorf("cells: %+v", r.Cells)
	}
	if want := []string{"nginx (package nginx-light)"}; !slices.Equal(r.Missing(), want) {
		t.Errorf("missing %q, want %q", r.Missing(), want)
	}
}

// answer is a client that has its answer ready.
type answer struct {
	result Result
	err    error
}

func (answer) Name() string                                          { return "answer" }
func (a answer) Get(context.Context, string, string) (Result, error) { return a.result, a.err }
func (a answer) judge(c Case, body string) error {
	return fetch(context.Background(), a, "https://localhost:1/x", "", c, page{body: []byte(body)}, false)
}

func TestClientThatDoesNotFetchIsFound(t *testing.T) {
	for name, c := range map[string]answer{
		"always 200":   {result: Result{Status: 200, Body: []byte("hello")}},
		"always error": {err: errors.New("x509: certificate signed by unknown authority")},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, Matrix{Servers: []Server{server(t, "Go")}, Cases: Cases()[:1], Clients: []Client{c}})
			if len(r.Wrong) != 1 || !strings.Contains(r.Wrong[0], "trial") || len(r.Cells) != 0 {
				t.Fatalf("wrong %q, cells %v", r.Wrong, r.Cells)
			}
		})
	}
}

func TestJudgement(t *testing.T) {
	good, bad := caseNamed(t, "1.3-ecdsa"), caseNamed(t, "expired")
	for _, tt := range []struct {
		name   string
		c      Case
		client answer
		want   string // "" passes
	}{
		{"page", good, answer{result: Result{200, []byte("body")}}, ""},
		{"other body", good, answer{result: Result{200, []byte("b0dy")}}, "differs"},
		{"other status", good, answer{result: Result{500, []byte("body")}}, "status 500"},
		{"refusal", good, answer{err: errors.New("no")}, "refused: no"},
		{"right refusal", bad, answer{err: errors.New("tls: x509: certificate has expired or is not yet valid: now")}, ""},
		{"other refusal", bad, answer{err: errors.New("connection refused")}, "another reason"},
		{"accepted", bad, answer{result: Result{200, []byte("body")}}, "must be refused"},
		{"broken", bad, answer{err: errors.Join(ErrBroken, errors.New("x509: certificate has expired or is not yet valid"))}, "client broke"},
	} {
		err := tt.client.judge(tt.c, "body")
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestProbeFindsWrongServer(t *testing.T) {
	certs, err := newPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	want := caseNamed(t, "1.3-ecdsa")
	for served, text := range map[string]string{
		"1.3-ecdsa": "",
		"1.2-ecdsa": "the server speaks TLS 1.2, want TLS 1.3",
		"1.3-rsa":   "shows the certificate CN=rsa",
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c := caseNamed(t, served)
		s := startInside(t.Context(), l, func(ctx context.Context) error {
			return goServer(ctx, l, Setup{Case: c, Leaf: certs.leaves[c.Leaf], Docs: t.TempDir()})
		})
		err = probe(t.Context(), s.Addr, want, certs.leaves[want.Leaf])
		if text == "" && err != nil || text != "" && (err == nil || !strings.Contains(err.Error(), text)) {
			t.Errorf("%s: %v, want %q", served, err, text)
		}
		retry := want
		retry.Group = caseNamed(t, "hrr").Group
		if err := probe(t.Context(), s.Addr, retry, certs.leaves[want.Leaf]); err == nil {
			t.Errorf("%s: no HelloRetryRequest, but the probe is content", served)
		}
		s.Stop()
	}
}
