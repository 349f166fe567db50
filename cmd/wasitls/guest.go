package main

import (
	"context"
	"crypto/x509"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/p2/clocks"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/p2/random"
	"github.com/wasitls/wasitls/host/wasi/p2/sockets"
	wasistdio "github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
	tlsp2 "github.com/wasitls/wasitls/wasitls/p2"
)

// tlsDraft is the version of wasi:tls served.
const tlsDraft = "0.2.0-draft"

// tlsHint goes with the import that is missing without the flag.
const tlsHint = "wasi:tls is experimental: run with --experimental-tls"

// tlsOffer is wasi:tls for a guest.
type tlsOffer struct {
	roots *x509.CertPool // nil: the system's
}

// guest is a run of a component: what it is granted.
type guest struct {
	args      []string // the guest's, its name first
	env       [][2]string
	dirs      []dirGrant
	network   netgrant.Policy
	maxMemory int64 // 0: the host's default
	std       stdio
	tls       *tlsOffer // nil: not offered
}

// guest returns what the command line grants. Files that it names are read.
func (l *runLine) guest(std stdio) (*guest, error) {
	g := &guest{args: append([]string{guestName(l.component)}, l.args...), std: std}
	if l.tls {
		roots, err := loadRoots(l.tlsRoots, l.tlsCA)
		if err != nil {
			return nil, err
		}
		g.tls = &tlsOffer{roots}
	}
	var err error
	if g.maxMemory, err = parseMemory(l.maxMemory); err != nil {
		return nil, err
	}
	g.network.All = l.allNet
	if g.network.Connect, err = parseGrants("allow-net", l.connect, netgrant.ParseConnect); err != nil {
		return nil, err
	}
	if g.network.Listen, err = parseGrants("allow-listen", l.listen, netgrant.ParseListen); err != nil {
		return nil, err
	}
	for _, s := range l.dirs {
		d, err := parseDir(s)
		if err != nil {
			return nil, err
		}
		g.dirs = append(g.dirs, d)
	}
	for _, s := range l.env {
		name, value, err := parseEnv(s)
		if err != nil {
			return nil, err
		}
		g.env = append(g.env, [2]string{name, value})
	}
	return g, nil
}

// guestName is the guest's own name for itself, its first argument.
func guestName(component string) string {
	name := strings.TrimSuffix(filepath.Base(component), ".gz")
	return strings.TrimSuffix(name, ".wasm")
}

// newLinker returns a linker with everything this host offers: WASI 0.2, and
// wasi:tls if there is an offer of it.
func newLinker(offer *tlsOffer) (*host.Linker, error) {
	l := host.NewLinker()
	io.Bind(l)
	clocks.Bind(l)
	random.Bind(l)
	cli.Bind(l)
	sockets.Bind(l)
	if offer == nil {
		l.Hint("wasi:tls/", tlsHint)
		return l, nil
	}
	client, err := wasitls.NewClient(wasitls.Config{Roots: offer.roots})
	if err != nil {
		return nil, err
	}
	return l, tlsp2.Bind(l, tlsp2.Options{TLS: true, Client: client})
}

// run runs a command until it ends, or the context does. A failure has the
// status that the command shall exit with.
func (g *guest) run(ctx context.Context, eng *host.Engine, c *host.Component) error {
	l, err := newLinker(g.tls)
	if err != nil {
		return err
	}
	program, err := l.Link(c)
	if err != nil {
		return linkFailure(err)
	}
	if !isCommand(c) {
		return refuse("wasitls inspect lists what it exports", "no command: it does not export wasi:cli/run")
	}
	s, err := eng.NewStore(host.Limits{MemoryBytes: g.maxMemory})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := g.attach(s); err != nil {
		return err
	}
	in, err := program.Instantiate(ctx, s)
	if err != nil {
		return outcome(ctx, err)
	}
	status, err := cli.RunCommand(ctx, in)
	if err != nil {
		return outcome(ctx, err)
	}
	if status != 0 {
		return failure{status: status}
	}
	return nil
}

// isCommand tells whether a component can be run.
func isCommand(c *host.Component) bool {
	return slices.ContainsFunc(c.Exports(), func(x host.ExternInfo) bool {
		return strings.HasPrefix(x.Name, "wasi:cli/run@0.2.")
	})
}

// attach gives the guest's store what it was granted.
func (g *guest) attach(s *host.Store) error {
	config := cli.Config{
		Args:    g.args,
		Streams: wasistdio.Streams{Stdin: g.std.in, Stdout: g.std.out, Stderr: g.std.err},
	}
	for _, v := range g.env {
		config.Env = append(config.Env, cli.Variable{Name: v[0], Value: v[1]})
	}
	cli.Attach(s, config)
	sockets.Attach(s, sockets.Config{Policy: g.network})
	tlsp2.Attach(s)
	return nil
}
