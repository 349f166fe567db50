package interop

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Encounter is one row: who comes to a server that asks for a client certificate,
// and what must come of it.
type Encounter struct {
	Server  string
	Version uint16
	Name    string // unique for a server and version
	About   string // one sentence for the page
	Shows   string // the identity that the client shows; empty for none
	Query   *Query // for PostgreSQL

	Stage Stage    // where the server must speak
	Says  []string // one of these must be in its words
}

// Encounters returns the rows in their order.
func Encounters() []Encounter {
	var all []Encounter
	for _, server := range []func(uint16) []Encounter{withOpenSSL, withNginx, withPostgreSQL} {
		for _, version := range versions {
			for _, e := range server(version) {
				e.Version = version
				all = append(all, e)
			}
		}
	}
	return all
}

// onRefusal is where a client hears that its certificate is refused.
func onRefusal(version uint16) Stage {
	if version == tls.VersionTLS13 {
		return AtFirstRead
	}
	return InHandshake
}

const (
	aboutRight   = "a certificate that the server knows; it says whose it was"
	aboutNone    = "the client has no identity"
	aboutUnknown = "a certificate of an authority that the server does not know"
	aboutRevoked = "a certificate that is on the authority's revocation list"
)

func withOpenSSL(version uint16) []Encounter {
	const server = "openssl s_server"
	at := onRefusal(version)
	none := "tls: handshake failure"
	if version == tls.VersionTLS13 {
		none = "tls: certificate required"
	}
	return []Encounter{
		{Server: server, Name: "right", About: aboutRight, Shows: rightful, Stage: ByAnswer, Says: []string{"Subject: CN=" + rightful}},
		{Server: server, Name: "none", About: aboutNone, Stage: at, Says: []string{none}},
		{Server: server, Name: "unknown", About: aboutUnknown, Shows: unknown, Stage: at, Says: []string{"tls: unknown certificate authority"}},
		{Server: server, Name: "revoked", About: aboutRevoked, Shows: revoked, Stage: at, Says: []string{"tls: revoked certificate"}},
	}
}

// withNginx refuses by a page: nginx takes every certificate in the handshake.
func withNginx(version uint16) []Encounter {
	const server, refused = "nginx", "400 The SSL certificate error"
	right := fmt.Sprintf("CN=%s over %s", rightful, strings.Replace(tls.VersionName(version), "TLS ", "TLSv", 1))
	return []Encounter{
		{Server: server, Name: "right", About: aboutRight, Shows: rightful, Stage: ByAnswer, Says: []string{right}},
		{Server: server, Name: "none", About: aboutNone, Stage: ByAnswer, Says: []string{"400 No required SSL certificate was sent"}},
		{Server: server, Name: "unknown", About: aboutUnknown, Shows: unknown, Stage: ByAnswer, Says: []string{refused}},
		{Server: server, Name: "revoked", About: aboutRevoked, Shows: revoked, Stage: ByAnswer, Says: []string{refused}},
	}
}

// withPostgreSQL asks the server as whom it takes the client. Texts come in pairs:
// a guest's and psql's.
func withPostgreSQL(version uint16) []Encounter {
	const server = "PostgreSQL"
	at := onRefusal(version)
	ask := func(user, database, password string) *Query {
		return &Query{User: user, Database: database, Password: password,
			SQL: "select concat_ws(' over ', client_dn, version) from pg_stat_ssl where pid = pg_backend_pid() and current_user = 'alice'"}
	}
	login := ask(rightful, byCertificate, "")
	taken := []string{fmt.Sprintf("/CN=%s over %s", rightful, strings.Replace(tls.VersionName(version), "TLS ", "TLSv", 1))}
	fatal := func(text string) []string { return []string{"FATAL 28000: " + text, "FATAL:  " + text} }
	return []Encounter{
		{Server: server, Name: "right", About: aboutRight, Shows: rightful, Query: login, Stage: ByAnswer, Says: taken},
		{Server: server, Name: "none", About: aboutNone, Query: login, Stage: ByAnswer, Says: fatal("connection requires a valid client certificate")},
		{Server: server, Name: "unknown", About: aboutUnknown, Shows: unknown, Query: login, Stage: at,
			Says: []string{"tls: unknown certificate authority", "alert unknown ca"}},
		{Server: server, Name: "revoked", About: aboutRevoked, Shows: revoked, Query: login, Stage: at,
			Says: []string{"tls: revoked certificate", "alert certificate revoked"}},
		{Server: server, Name: "other user", About: "a certificate that the server knows, for another user than the one who logs in",
			Shows: rightful, Query: ask("postgres", byCertificate, ""), Stage: ByAnswer,
			Says: fatal(`certificate authentication failed for user "postgres"`)},
		{Server: server, Name: "password", About: "a certificate that the server knows, and SCRAM inside of TLS",
			Shows: rightful, Query: ask(rightful, byPassword, password), Stage: ByAnswer, Says: taken},
	}
}

// Mutual is what to run beside a [Matrix]: encounters × visitors.
type Mutual struct {
	Servers    []Server // those of the encounters; others' are left out
	Encounters []Encounter
	Visitors   []Visitor
	Parallel   int // server starts at the same time; 0 means 1
}

// Run starts every server in every version and lets every visitor come in every
// encounter. The error is for the run itself; failures are in the report.
func (m Mutual) Run(ctx context.Context) (*Report, error) {
	dir, certs, err := newDir()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	people, err := newIdentities(dir)
	if err != nil {
		return nil, err
	}
	r := &Report{Servers: m.Servers, Versions: map[string]string{}}
	for _, v := range m.Visitors {
		r.Clients = append(r.Clients, v.Name())
	}
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, max(1, m.Parallel))
		found = make([][]Cell, len(m.Servers)*len(versions))
	)
	for i, s := range m.Servers {
		program, err := s.find()
		if err == nil {
			r.Versions[s.Name] = s.version(ctx)
		}
		for j, version := range versions {
			at := i*len(versions) + j
			var mine []Encounter
			for _, e := range m.Encounters {
				if e.Server == s.Name && e.Version == version {
					mine = append(mine, e)
				}
			}
			r.Encounters = append(r.Encounters, mine...)
			if err != nil || mine == nil {
				found[at] = m.all(mine, Missing, "")
				continue
			}
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				setup := Setup{Case: Case{Version: version}, Leaf: certs.leaves["ecdsa"], Clients: people, Dir: filepath.Join(dir, fmt.Sprint("run", at))}
				found[at] = m.meet(ctx, s, program, setup, mine, certs.root)
			})
		}
	}
	wg.Wait()
	for _, cells := range found {
		r.Cells = append(r.Cells, cells...)
	}
	return r, ctx.Err()
}

// all gives every visitor the same cell in each encounter.
func (m Mutual) all(list []Encounter, mark Mark, why string) []Cell {
	var cells []Cell
	for _, e := range list {
		for _, v := range m.Visitors {
			cells = append(cells, Cell{Server: e.Server, Case: e.heading(), Client: v.Name(), Mark: mark, Detail: why})
		}
	}
	return cells
}

// heading is the encounter's name among those of its server.
func (e Encounter) heading() string { return tls.VersionName(e.Version) + " " + e.Name }

// meet starts a server and lets all visitors come in all encounters.
func (m Mutual) meet(ctx context.Context, s Server, program string, setup Setup, list []Encounter, root string) []Cell {
	cells := m.all(list, Pass, "")
	fail := func(err error) []Cell { return m.all(list, Fail, err.Error()) }
	if err := os.Mkdir(setup.Dir, 0o755); err != nil {
		return fail(err)
	}
	run, err := s.start(ctx, program, setup)
	if err != nil {
		return fail(err)
	}
	defer run.Stop()
	_, port, _ := net.SplitHostPort(run.Addr)
	for i := range cells {
		e, visitor := list[i/len(m.Visitors)], m.Visitors[i%len(m.Visitors)]
		v := Visit{Addr: net.JoinHostPort("localhost", port), Version: e.Version, Query: e.Query, CA: root, Dir: filepath.Join(setup.Dir, fmt.Sprint("visit", i))}
		if shown, has := setup.Clients.shown[e.Shows]; has {
			v.shown = &shown
		}
		if err := e.judge(ctx, visitor, v); err != nil {
			cells[i].Mark, cells[i].Detail = Fail, detail(err, run.Log())
		}
	}
	return cells
}

// judge lets a visitor go and says how the outcome differs from what must be.
func (e Encounter) judge(ctx context.Context, visitor Visitor, v Visit) error {
	if err := os.Mkdir(v.Dir, 0o755); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	got, err := visitor.Visit(ctx, v)
	if err != nil {
		return err
	}
	if got.Stage != e.Stage && got.Stage != Untold {
		return fmt.Errorf("the server spoke %s, must %s: %s", got.Stage, e.Stage, got.Text)
	}
	for _, text := range e.Says {
		if strings.Contains(got.Text, text) {
			return nil
		}
	}
	return fmt.Errorf("the server says other than %q: %s", e.Says, got.Text)
}
