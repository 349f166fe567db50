package interop

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/wasitls/wasitls/interop/internal/process"
)

// Encounter is one row: who comes to a server, and what must come of it.
type Encounter struct {
	Server  string
	Version uint16 // the only one that either side offers
	Name    string // unique for a server and version
	About   string // one sentence for the page

	Leaf   string // the server's certificate, a name in the papers; empty for the valid one
	Staple string // the OCSP response with it; empty for none
	Shows  string // the identity that the client shows; empty for none
	Rule   string // what else the client's rule says, a line of YAML; {crl} is the servers' list
	Query  *Query // for PostgreSQL

	Stage Stage    // how far the client must get
	Says  []string // one of these must be what it hears
}

// heading is the encounter's name among those of its server.
func (e Encounter) heading() string { return tls.VersionName(e.Version) + " " + e.Name }

// host is the server as it must be started for an encounter.
func (e Encounter) host() host { return host{e.Server, e.Version, e.Leaf, e.Staple} }

type host struct {
	server       string
	version      uint16
	leaf, staple string
}

// Meeting is what to run beside a [Matrix]: encounters × visitors.
type Meeting struct {
	Title      string // what it is about, for a heading
	About      string // the same at length, in Markdown
	Servers    []Server
	Encounters []Encounter // those with other servers are left out
	Visitors   []Visitor
	Parallel   int // server starts at the same time; 0 means 1

	asks bool // the servers ask for a client certificate
}

// inBoth gives the rows of each server in both versions.
func inBoth(servers ...func(version uint16) []Encounter) []Encounter {
	var all []Encounter
	for _, server := range servers {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			for _, e := range server(version) {
				e.Version = version
				all = append(all, e)
			}
		}
	}
	return all
}

// Run starts every server as the encounters need it and lets every visitor come in
// each. The error is for the run itself; failures are in the report.
func (m Meeting) Run(ctx context.Context) (*Report, error) {
	dir, files, err := inDir(newPapers)
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &Report{Servers: m.Servers, Versions: map[string]string{}, meeting: &m}
	for _, v := range m.Visitors {
		r.Clients = append(r.Clients, v.Name())
	}
	programs := map[string]string{}
	for _, s := range m.Servers {
		if programs[s.Name], err = s.find(); err == nil {
			r.Versions[s.Name] = s.version(ctx)
		}
	}
	m.Encounters = slices.DeleteFunc(slices.Clone(m.Encounters), func(e Encounter) bool {
		return !slices.ContainsFunc(m.Servers, func(s Server) bool { return s.Name == e.Server })
	})
	for _, e := range m.Encounters {
		for _, v := range m.Visitors {
			r.Cells = append(r.Cells, Cell{Server: e.Server, Case: e.heading(), Client: v.Name()})
		}
	}
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, max(1, m.Parallel))
		begun = map[host]bool{}
	)
	for i, e := range m.Encounters {
		h := e.host()
		if program := programs[e.Server]; program != "" && !begun[h] {
			begun[h] = true
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				m.meet(ctx, h, program, filepath.Join(dir, fmt.Sprint("run", i)), files, r.Cells)
			})
		}
	}
	wg.Wait()
	return r, ctx.Err()
}

// meet starts a server, lets all visitors come in its encounters, and fills their
// cells in.
func (m Meeting) meet(ctx context.Context, h host, program, dir string, files *papers, cells []Cell) {
	run, err := m.start(ctx, h, program, dir, files)
	if err == nil {
		defer run.Stop()
	}
	for i := range cells {
		e, visitor := m.Encounters[i/len(m.Visitors)], m.Visitors[i%len(m.Visitors)]
		if e.host() != h {
			continue
		}
		failure := err
		if err == nil {
			failure = e.judge(ctx, visitor, run.Addr, filepath.Join(dir, fmt.Sprint("visit", i)), files)
		}
		if cells[i].Mark, cells[i].Detail = outcome(failure); failure != nil && err == nil {
			cells[i].Detail = detail(failure, run.Log())
		}
	}
}

func (m Meeting) start(ctx context.Context, h host, program, dir string, files *papers) (*process.Running, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	setup := Setup{Case: Case{Version: h.version}, Leaf: files.leaves[cmp.Or(h.leaf, valid)], Staple: files.staples[h.staple], Dir: dir}
	if m.asks {
		setup.Clients = files.clients
	}
	i := slices.IndexFunc(m.Servers, func(s Server) bool { return s.Name == h.server })
	return m.Servers[i].start(ctx, program, setup)
}

// judge lets a visitor go and says how the outcome differs from what must be.
func (e Encounter) judge(ctx context.Context, visitor Visitor, addr, dir string, files *papers) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	_, port, _ := net.SplitHostPort(addr)
	v := Visit{
		Addr: net.JoinHostPort("localhost", port), Version: e.Version, Query: e.Query, CA: files.root, Dir: dir,
		Rule: strings.ReplaceAll(e.Rule, "{crl}", files.crl),
	}
	if shown, has := files.clients.shown[e.Shows]; has {
		v.shown = &shown
	}
	got, err := visitor.Visit(ctx, v)
	if err != nil {
		return err
	}
	if got.Stage != e.Stage && got.Stage != Untold {
		return fmt.Errorf("it came to %q, must come to %q: %s", got.Stage, e.Stage, got.Text)
	}
	for _, text := range e.Says {
		if strings.Contains(got.Text, text) {
			return nil
		}
	}
	return fmt.Errorf("not one of %q: %s", e.Says, got.Text)
}
