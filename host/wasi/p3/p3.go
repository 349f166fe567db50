// Package p3 gives guests WASI 0.3: everything that the world
// wasi:cli/command imports.
//
//	p3.Bind(linker)
//	err := p3.Attach(store, p3.Config{…})
//	instance, err := linker.Instantiate(ctx, store, component)
//	status, err := wasi.RunCommand(ctx, instance)
//
// Nothing is granted by default: no network, no directory, no environment.
// Everything that a guest has open is closed with its store. A store that p2
// was attached to as well has one of each: the same files, network and standard
// streams.
package p3

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/p3/cli"
	"github.com/wasitls/wasitls/host/wasi/p3/clocks"
	"github.com/wasitls/wasitls/host/wasi/p3/filesystem"
	"github.com/wasitls/wasitls/host/wasi/p3/random"
	"github.com/wasitls/wasitls/host/wasi/p3/sockets"
)

// Config is what one guest gets. The zero value is nothing.
type Config = wasi.Config

// Bind adds every interface of WASI 0.3 to the linker.
func Bind(l *host.Linker) {
	clocks.Bind(l)
	random.Bind(l)
	cli.Bind(l)
	filesystem.Bind(l)
	sockets.Bind(l)
}

// Attach gives a store what its guest gets. It must come before the guest is
// instantiated. What the store got by wasi.Attach, or for another version,
// stays as it is. It fails if a directory cannot be opened; the store is then
// of no use but to be closed.
func Attach(s *host.Store, c Config) error { return wasi.Attach(s, c) }
