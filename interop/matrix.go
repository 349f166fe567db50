package interop

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// Mark is a cell's outcome.
type Mark int

// The outcomes. Missing is a server that is not installed; Excused is a failure
// that the expectations name with a reason.
const (
	Missing Mark = iota
	Pass
	Fail
	Excused
)

// String returns the sign that stands for the mark in a table.
func (m Mark) String() string { return [...]string{"?", "✓", "✕", "–"}[m] }

// Cell is the outcome of one client fetching from one server in one case.
type Cell struct {
	Server, Case, Client string
	Mark                 Mark
	Detail               string // why it failed
	Reason               string // of the exception that excuses it
}

// Matrix is what to run. Servers, Cases and Clients must not be empty.
type Matrix struct {
	Servers    []Server
	Cases      []Case
	Clients    []Client
	Exceptions []Exception
	Parallel   int // server starts at the same time; 0 means 1
}

// Report is what came of a matrix, in the order of its rows and columns.
type Report struct {
	Servers  []Server
	Cases    []Case
	Clients  []string          // those that answer truly
	Versions map[string]string // by server; absent where it is missing
	Cells    []Cell
	Wrong    []string // clients that do not answer truly, exceptions that name nothing

	mail    bool     // the report of a Mail
	meeting *Meeting // of which it is the report; it has encounters in the place of cases
}

// Run starts every server in every case and returns the outcomes. The error is
// for the run itself; failures are in the report.
func (m Matrix) Run(ctx context.Context) (*Report, error) {
	dir, certs, err := newDir()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &Report{Servers: m.Servers, Cases: m.Cases, Versions: map[string]string{}}
	r.Wrong = orphans(m.Exceptions, Servers(), Cases())
	var trusted []Client
	for _, c := range m.Clients {
		if err := trial(ctx, c, dir, certs); err != nil {
			r.Wrong = append(r.Wrong, fmt.Sprintf("client %s: left out: %v", c.Name(), err))
			continue
		}
		trusted = append(trusted, c)
		r.Clients = append(r.Clients, c.Name())
	}
	m.Clients = trusted
	r.Cells = m.cells(ctx, dir, certs, r.Versions)
	return r, ctx.Err()
}

// cells runs the pairs of server and case, m.Parallel at a time.
func (m Matrix) cells(ctx context.Context, dir string, certs *pki, versions map[string]string) []Cell {
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, max(1, m.Parallel))
		found = make([][]Cell, len(m.Servers)*len(m.Cases))
	)
	for i, s := range m.Servers {
		program, err := s.find()
		if err == nil {
			versions[s.Name] = s.version(ctx)
		}
		for j, c := range m.Cases {
			at := i*len(m.Cases) + j
			if err != nil {
				found[at] = m.all(Cell{Server: s.Name, Case: c.Name, Mark: Missing})
				continue
			}
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				found[at] = m.pair(ctx, s, program, c, filepath.Join(dir, fmt.Sprintf("run%d", at)), certs)
			})
		}
	}
	wg.Wait()
	var cells []Cell
	for _, group := range found {
		for _, c := range group {
			cells = append(cells, excuse(m.Exceptions, c))
		}
	}
	return cells
}

// all gives every client the same cell.
func (m Matrix) all(c Cell) []Cell {
	cells := make([]Cell, len(m.Clients))
	for i, client := range m.Clients {
		cells[i] = c
		cells[i].Client = client.Name()
	}
	return cells
}

// pair starts a server for a case and lets every client at it.
func (m Matrix) pair(ctx context.Context, s Server, program string, c Case, dir string, certs *pki) []Cell {
	fail := func(err error, log string) []Cell {
		return m.all(Cell{Server: s.Name, Case: c.Name, Mark: Fail, Detail: detail(err, log)})
	}
	page, err := newPage(dir, c.Size)
	if err != nil {
		return fail(err, "")
	}
	defer os.RemoveAll(dir)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fail(err, "")
	}
	backend := startInside(ctx, plain, func(ctx context.Context) error { return serveFiles(ctx, plain, page.docs) })
	defer backend.Stop()
	run, err := s.start(ctx, program, Setup{
		Case: c, Leaf: certs.leaves[c.Leaf], Dir: dir, Docs: page.docs, Path: page.path, Backend: backend.Addr,
	})
	if err != nil {
		return fail(err, "")
	}
	defer run.Stop()
	if err := probe(ctx, run.Addr, c, certs.leaves[c.Leaf]); err != nil {
		return fail(err, run.Log())
	}
	_, port, _ := net.SplitHostPort(run.Addr)
	address := "https://" + net.JoinHostPort(c.Host, port) + page.path
	var cells []Cell
	for _, client := range m.Clients {
		cell := Cell{Server: s.Name, Case: c.Name, Client: client.Name(), Mark: Pass}
		if err := fetch(ctx, client, address, certs.root, c, page, s.OwnPage); err != nil {
			cell.Mark, cell.Detail = Fail, detail(err, run.Log())
		}
		cells = append(cells, cell)
	}
	return cells
}

// fetch lets a client get the page and says how the outcome differs from the case.
func fetch(ctx context.Context, client Client, address, root string, c Case, page page, ownPage bool) error {
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	got, err := client.Get(ctx, address, root)
	switch {
	case errors.Is(err, ErrBroken):
		return err
	case c.Refused != nil:
		return refused(c, got, err)
	case err != nil:
		return fmt.Errorf("refused: %w", err)
	case got.Status != 200:
		return fmt.Errorf("status %d, want 200", got.Status)
	case ownPage && !bytes.Contains(got.Body, []byte(hostOf(address))):
		return fmt.Errorf("the page does not repeat the request's Host %s: %q", hostOf(address), got.Body)
	case !ownPage && !bytes.Equal(got.Body, page.body):
		return fmt.Errorf("the body has %d bytes, want %d, or differs: %.80q", len(got.Body), len(page.body), got.Body)
	}
	return nil
}

// hostOf is the Host header of a request for page: the host with its port, which
// is another one in every case.
func hostOf(page string) string {
	u, err := url.Parse(page)
	if err != nil {
		return page
	}
	return u.Host
}

func refused(c Case, got Result, err error) error {
	if err == nil {
		return fmt.Errorf("accepted (status %d), must be refused", got.Status)
	}
	for _, text := range c.Refused {
		if strings.Contains(err.Error(), text) {
			return nil
		}
	}
	return fmt.Errorf("refused for another reason (want %q): %w", c.Refused, err)
}

func detail(err error, log string) string {
	if log == "" {
		return err.Error()
	}
	return err.Error() + "\nserver: " + log
}

// page is a body that nobody can know before, at a path that nobody can know.
type page struct {
	docs string
	path string
	body []byte
}

func newPage(dir string, size int) (page, error) {
	p := page{docs: filepath.Join(dir, "docs"), path: "/" + rand.Text() + ".txt"}
	if err := os.MkdirAll(p.docs, 0o755); err != nil {
		return page{}, err
	}
	for len(p.body) < size {
		p.body = append(p.body, rand.Text()+"\n"...)
	}
	p.body = p.body[:size]
	return p, os.WriteFile(filepath.Join(p.docs, p.path), p.body, 0o644)
}

// trial finds out whether a client truly answers before its cells count: it must
// bring a page that it cannot know, report a page that does not exist as what the
// server says, and fail where nothing listens.
func trial(ctx context.Context, client Client, dir string, certs *pki) error {
	ctx, cancel := context.WithTimeout(ctx, 3*fetchLimit)
	defer cancel()
	c := Cases()[0]
	p, err := newPage(filepath.Join(dir, "trial"), c.Size)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := startInside(ctx, l, func(ctx context.Context) error {
		return goServer(ctx, l, Setup{Case: c, Leaf: certs.leaves[c.Leaf], Docs: p.docs})
	})
	defer s.Stop()
	_, port, _ := net.SplitHostPort(s.Addr)
	base := "https://localhost:" + port
	if err := fetch(ctx, client, base+p.path, certs.root, c, p, false); err != nil {
		return fmt.Errorf("trial: %w", err)
	}
	if got, err := client.Get(ctx, base+"/absent", certs.root); err != nil || got.Status != 404 {
		return fmt.Errorf("trial: a page that does not exist gives status %d and error %v, want 404", got.Status, err)
	}
	s.Stop()
	if _, err := client.Get(ctx, base+p.path, certs.root); err == nil || errors.Is(err, ErrBroken) {
		return fmt.Errorf("trial: a port where nothing listens gives %v, want a refusal", err)
	}
	return nil
}
