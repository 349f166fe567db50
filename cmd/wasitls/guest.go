package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	wasiconfig "github.com/wasitls/wasitls/host/wasi/config"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/config"
	tlsp2 "github.com/wasitls/wasitls/wasitls/p2"
	tlsp3 "github.com/wasitls/wasitls/wasitls/p3"
)

// The drafts of wasi:tls served, as --experimental-tls names them, and all.
const (
	draft02   = "0.2"
	draft03   = "0.3"
	allDrafts = "all"
)

// tlsHint goes with the import that is missing without the flag.
const tlsHint = "wasi:tls is experimental: run with --experimental-tls"

// configHint is that for wasi:config.
const configHint = "wasi:config is experimental: run with --experimental-config"

// tlsOffer is wasi:tls for a guest.
type tlsOffer struct {
	client *wasitls.Client
	draft  string // draft02, draft03 or allDrafts
}

// guest is a run of a component: what it is granted.
type guest struct {
	args      []string // its own, its name first
	env       []wasi.Variable
	mounts    []rootfs.Mount
	network   netgrant.Policy
	maxMemory int64 // 0: the host's default
	streams   stdio.Streams
	tls       *tlsOffer        // nil: not offered
	policy    *wasitls.Policy  // for its connections
	watch     *observer        // of them, nil for none
	workload  *config.Workload // nil: none
	store     bool             // wasi:config/store is offered
}

// guest returns what the command line grants. Files that it names are read.
func (l *runLine) guest(std stdio.Streams) (*guest, error) {
	g := &guest{args: append([]string{guestName(l.component)}, l.args...), streams: std, store: l.store}
	file, err := l.file()
	if err != nil {
		return nil, err
	}
	if file != nil {
		g.workload = file.Workload
	}
	if l.tls != "" {
		if g.policy, err = l.policy(file); err != nil {
			return nil, err
		}
	}
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

// newLinker returns a linker with everything this host offers: WASI 0.2 and
// 0.3, wasi:tls if there is an offer of it, and wasi:config if store asks for it.
func newLinker(offer *tlsOffer, store bool) (*host.Linker, error) {
	l := host.NewLinker()
	p2.Bind(l)
	p3.Bind(l)
	wasiconfig.Bind(l, wasiconfig.Options{Config: store})
	l.Hint("wasi:tls/", tlsHint)
	l.Hint("wasi:config/", configHint)
	if offer == nil {
		return l, nil
	}
	return l, errors.Join(
		tlsp2.Bind(l, tlsp2.Options{TLS: offer.draft != draft03}),
		tlsp3.Bind(l, tlsp3.Options{TLS: offer.draft != draft02}),
	)
}

// run runs a command until it ends, or the context does. A failure has the
// status that the command shall exit with.
func (g *guest) run(ctx context.Context, eng *host.Engine, c *host.Component) error {
	l, err := newLinker(g.tls, g.store)
	if err != nil {
		return err
	}
	program, err := l.Link(c)
	if err != nil {
		return linkFailure(err)
	}
	if !wasi.IsCommand(c) {
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
	status, err := wasi.RunCommand(ctx, in)
	if err != nil {
		return outcome(ctx, err)
	}
	if status != 0 {
		return failure{status: status}
	}
	return nil
}

// attach gives the guest's store what it was granted.
func (g *guest) attach(s *host.Store) error {
	wasiconfig.Attach(s, g.entries())
	err := p2.Attach(s, wasi.Config{ // which is for p3, too
		Command: wasi.Command{Args: g.args, Env: g.variables(), Streams: g.streams},
		Mounts:  g.mounts,
		Network: wasi.Network{Policy: g.network},
	})
	if err != nil || g.tls == nil {
		return err
	}
	user := g.tls.client.NewGuest(wasitls.GuestConfig{Name: g.args[0], Resolved: wasi.Resolved(s)})
	tlsp2.Attach(s, user)
	tlsp3.Attach(s, user)
	return nil
}
