package policytest

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	wasip2 "github.com/wasitls/wasitls/host/wasi/p2"
	wasip3 "github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/internal/guesttest"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/p2"
	"github.com/wasitls/wasitls/wasitls/p3"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// patience bounds every wait of these tests; a moment is how long something
// that must not happen is given to happen.
const (
	patience = 20 * time.Second
	moment   = 50 * time.Millisecond
)

// draft is one of the drafts, and the guest of it that makes requests.
type draft struct{ version, get string }

var drafts = []draft{{"0.2", "https-get"}, {"0.3", "https-get-p3"}}

func (d draft) is03() bool { return d.version == "0.3" }

// The authorities: ours signs the servers' certificates unless a test says
// otherwise; system is what this process has for the operating system's.
var (
	ours   = wasitlstest.NewCA()
	system = wasitlstest.NewCA()
)

// TestMain makes an authority of the tests the only one of the system, by the
// variables that crypto/x509 reads on Unix, before anything has looked. It
// fails the run when a goroutine outlives the tests.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "policytest")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "ca.pem")
	err = errors.Join(
		os.WriteFile(file, system.PEM(), 0o600),
		os.Setenv("SSL_CERT_FILE", file),
		os.Setenv("SSL_CERT_DIR", filepath.Join(dir, "none")))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if left := leftovers(); code == 0 && left != "" {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
		code = 1
	}
	return code
}

// leftovers returns the stacks of goroutines of connections.
func leftovers() string {
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		var left []string
		for _, stack := range strings.Split(string(stacks), "\n\n")[1:] {
			if strings.Contains(stack, "wasitls/wasitls/wasitls") || strings.Contains(stack, "wasitls/host/wasi") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
	}
}

// engine and linker are for all guests: both offer both drafts.
var engine = sync.OnceValues(func() (*host.Engine, error) { return host.NewEngine(host.Config{}) })

var linker = sync.OnceValues(func() (*host.Linker, error) {
	l := host.NewLinker()
	wasip2.Bind(l)
	wasip3.Bind(l)
	return l, errors.Join(p2.Bind(l, p2.Options{TLS: true}), p3.Bind(l, p3.Options{TLS: true}))
})

// components are compiled once, since that takes longest.
var components struct {
	sync.Mutex
	byName map[string]*host.Component
}

func component(t testing.TB, name string) *host.Component {
	t.Helper()
	e, err := engine()
	noError(t, err)
	components.Lock()
	defer components.Unlock()
	if c := components.byName[name]; c != nil {
		return c
	}
	c, err := e.Compile(t.Context(), guesttest.Component(t, name))
	noError(t, err)
	if components.byName == nil {
		components.byName = map[string]*host.Component{}
	}
	components.byName[name] = c
	return c
}

// client returns a client of a policy that trusts our authority by one rule
// for every name, changed.
func client(t testing.TB, change func(*wasitls.Policy), audit ...func(wasitls.Event)) *wasitls.Client {
	t.Helper()
	config := wasitls.Config{Policy: policy(change)}
	for _, tell := range audit {
		config.Audit = tell
	}
	c, err := wasitls.NewClient(config)
	noError(t, err)
	return c
}

func policy(change func(*wasitls.Policy)) *wasitls.Policy {
	p := wasitls.Trust(ours.Pool())
	if change != nil {
		change(p)
	}
	return p
}

// process is a guest that runs: one instance of a component.
type process struct {
	name      string
	store     *host.Store
	user      *wasitls.Guest
	out, errs bytes.Buffer
	status    int
	err       error
	closing   time.Duration // what closing its store took
	cancel    context.CancelFunc
	done      chan struct{}
}

// resolver resolves names for guests.
type resolver func(ctx context.Context, name string) ([]netip.Addr, error)

// loopback is where every name leads.
func loopback(context.Context, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
}

// instance is what a process is made of, but for its arguments.
type instance struct {
	client *wasitls.Client
	user   *wasitls.Guest // default: one of its own, of client
	lookup resolver       // default: loopback
	stdout io.Writer      // default: what the test looks at
}

// start starts a guest. It ends with the test, if not before.
func (i instance) start(t testing.TB, name string, args ...string) *process {
	t.Helper()
	c := component(t, name)
	e, err := engine()
	noError(t, err)
	l, err := linker()
	noError(t, err)
	s, err := e.NewStore(host.Limits{})
	noError(t, err)
	p := &process{name: name, store: s, user: i.user, done: make(chan struct{})}
	if i.lookup == nil {
		i.lookup = loopback
	}
	if i.stdout == nil {
		i.stdout = &p.out
	}
	grants := wasi.Config{
		Command: wasi.Command{Args: append([]string{name}, args...), Streams: stdio.Streams{Stdout: i.stdout, Stderr: &p.errs}},
		Network: wasi.Network{Policy: netgrant.Policy{All: true}, Lookup: i.lookup},
	}
	noError(t, errors.Join(wasip2.Attach(s, grants), wasip3.Attach(s, grants)))
	if p.user == nil {
		p.user = i.client.NewGuest(wasitls.GuestConfig{Name: name, Resolved: wasi.Resolved(s)})
	}
	p2.Attach(s, p.user)
	p3.Attach(s, p.user)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	p.cancel = cancel
	go func() {
		defer close(p.done)
		defer cancel()
		p.status, p.err = 0, nil
		in, err := l.Instantiate(ctx, s, c)
		if err == nil {
			p.status, err = wasi.RunCommand(ctx, in)
		}
		p.err = err
		began := time.Now()
		if err := s.Close(); err != nil {
			p.err = errors.Join(p.err, fmt.Errorf("close: %w", err))
		}
		p.closing = time.Since(began)
	}()
	t.Cleanup(func() { p.cancel(); <-p.done })
	return p
}

// stop makes the guest stand still until the returned function is called.
func (p *process) stop() (goOn func()) {
	stopped, resume := make(chan struct{}), make(chan struct{})
	p.store.Post(func() error { close(stopped); <-resume; return nil })
	<-stopped
	return func() { close(resume) }
}

// wait waits for the guest's end.
func (p *process) wait(t testing.TB) *process {
	t.Helper()
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		t.Fatalf("%s does not end", p.name)
	}
	return p
}

// works demands that the guest ended well and printed text.
func (p *process) works(t testing.TB, text string) {
	t.Helper()
	if p.wait(t); p.err != nil || p.status != 0 || !strings.Contains(p.out.String(), text) {
		t.Errorf("%s: status %d, %v, not %q:\n%s%s", p.name, p.status, p.err, text, p.out.String(), p.errs.String())
	}
}

// fails demands that the guest ended with an error that it printed.
func (p *process) fails(t testing.TB, text string) {
	t.Helper()
	if p.wait(t); p.err != nil || p.status != 1 || !strings.Contains(p.out.String()+p.errs.String(), text) {
		t.Errorf("%s: status %d, %v, not %q:\n%s%s", p.name, p.status, p.err, text, p.out.String(), p.errs.String())
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// pool returns a pool of some authorities.
func pool(authorities ...*wasitlstest.CA) *x509.CertPool {
	all := x509.NewCertPool()
	for _, a := range authorities {
		all.AddCert(a.Certificate)
	}
	return all
}
