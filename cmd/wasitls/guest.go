package main

import (
	"context"
	"crypto/x509"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/p2/sockets"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
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
	args      []string // its own, its name first
	env       []cli.Variable
	mounts    []rootfs.Mount
	network   netgrant.Policy
	maxMemory int64 // 0: the host's default
	streams   stdio.Streams
	tls       *tlsOffer // nil: not offered
}

// guest returns what the command line grants. Files that it names are read.
func (l *runLine) guest(std stdio.Streams) (*guest, error) {
	g := &guest{args: append([]string{guestName(l.component)}, l.args...), streams: std}
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
		m, err := parseDir(s)
		if err != nil {
			return nil, err
		}
		g.mounts = append(g.mounts, m)
	}
	for _, s := range l.env {
		v, err := parseEnv(s)
		if err != nil {
			return nil, err
		}
		g.env = append(g.env, v)
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
	p2.Bind(l)
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
	err := p2.Attach(s, p2.Config{
		Command: cli.Config{
			Args:    g.args,
			Env:     g.env,
			Streams: g.streams,
		},
		Mounts:  g.mounts,
		Network: sockets.Config{Policy: g.network},
	})
	if err == nil && g.tls != nil {
		tlsp2.Attach(s)
	}
	return err
}
