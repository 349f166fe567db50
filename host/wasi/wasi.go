// Package wasi is what all versions of WASI share for one guest: what it is
// granted, and how a command is run. The packages p2 and p3 bind the versions;
// a component may import both, and finds the same files, network and standard
// streams behind them:
//
//	p2.Bind(linker)
//	p3.Bind(linker)
//	err := p2.Attach(store, config)
//	err = p3.Attach(store, config)
//	instance, err := linker.Instantiate(ctx, store, component)
//	status, err := wasi.RunCommand(ctx, instance)
//
// Nothing is granted by default: no network, no directory, no environment.
// Everything that a guest has open is closed with its store.
package wasi

import (
	"context"
	"net/netip"
	"slices"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// Config is what one guest gets. The zero value is nothing.
type Config struct {
	// Command is its command line, environment and standard streams.
	Command Command
	// Mounts are its directories.
	Mounts []rootfs.Mount
	// Network is what of the network it may use.
	Network Network
}

// Command is what a command is started with. The zero value is a command
// without arguments, environment and standard streams: reading finds the end,
// and what it writes is discarded.
type Command struct {
	// Args are the arguments, the command's name first.
	Args []string
	// Env is the environment.
	Env []Variable
	// Dir is the initial working directory as the guest knows it, empty for none.
	Dir string
	// Streams are the standard streams.
	stdio.Streams
}

// Variable is a variable of the environment.
type Variable struct {
	_           host.Tuple
	Name, Value string
}

// Network is what of the network a guest gets. The zero value is nothing.
type Network struct {
	// Policy says which addresses and names the guest may use.
	Policy netgrant.Policy
	// Lookup resolves a name to addresses; nil means the system's resolver. It
	// is called for granted names only, and must return when ctx ends.
	Lookup func(ctx context.Context, name string) ([]netip.Addr, error)
}

// Attach gives a store what its guest gets. A store gets it once, for every
// version: a later Attach, or one of a part, changes nothing. It fails if a
// directory cannot be opened; the store is then of no use but to be closed.
func Attach(s *host.Store, c Config) error {
	AttachNetwork(s, c.Network)
	AttachCommand(s, c.Command)
	return AttachMounts(s, c.Mounts)
}

// AttachNetwork gives a store its network, which is closed with the store.
func AttachNetwork(s *host.Store, n Network) {
	if host.State[sock.Net](s) == nil {
		host.Attach(s, sock.New(n.Policy, n.Lookup))
	}
}

// Resolved returns whether the store's guest was given an address when it
// looked a name up, which is in lower case and without trailing dot. It is
// never so for a store without network.
func Resolved(s *host.Store) func(name string, addr netip.Addr) bool {
	n := host.State[sock.Net](s)
	return func(name string, addr netip.Addr) bool { return n != nil && n.Grants.ResolvedTo(name, addr) }
}

// AttachMounts gives a store directories. It fails if one cannot be opened.
// They are closed with the store.
func AttachMounts(s *host.Store, mounts []rootfs.Mount) error {
	if host.State[rootfs.FS](s) != nil {
		return nil
	}
	f, err := rootfs.New(mounts)
	if err != nil {
		return err
	}
	host.Attach(s, f)
	return nil
}

// AttachCommand gives a store its command line and standard streams. The store
// gets no hold on the files and readers in c: they stay open. See stdio for how
// reading and writing end.
func AttachCommand(s *host.Store, c Command) {
	if host.State[Process](s) == nil {
		c.Args, c.Env = slices.Clone(c.Args), slices.Clone(c.Env)
		host.Attach(s, &Process{c, c.Streams.Open()})
	}
}

// Process is a Command as a guest has it. It is for the packages that bind
// wasi:cli.
type Process struct {
	Command
	// Stdio is the standard streams in use.
	Stdio *stdio.Open
}

// ProcessOf returns what the store's guest was started with; a store without
// has the zero Command.
func ProcessOf(s *host.Store) *Process {
	if p := host.State[Process](s); p != nil {
		return p
	}
	return &Process{Stdio: stdio.Streams{}.Open()}
}

// Close implements io.Closer.
func (p *Process) Close() error { return p.Stdio.Close() }
