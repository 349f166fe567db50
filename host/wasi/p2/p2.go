// Package p2 gives guests WASI 0.2: everything that the world
// wasi:cli/command imports.
//
//	p2.Bind(linker)
//	err := p2.Attach(store, p2.Config{…})
//	instance, err := linker.Instantiate(ctx, store, component)
//	status, err := cli.RunCommand(ctx, instance)
//
// Nothing is granted by default: no network, no directory, no environment.
// Everything that a guest has open is closed with its store.
package p2

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/p2/clocks"
	"github.com/wasitls/wasitls/host/wasi/p2/filesystem"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/p2/random"
	"github.com/wasitls/wasitls/host/wasi/p2/sockets"
)

// Config is what one guest gets. The zero value is nothing.
type Config = wasi.Config

// Bind adds every interface of WASI 0.2 to the linker.
func Bind(l *host.Linker) {
	io.Bind(l)
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
func Attach(s *host.Store, c Config) error {
	io.Attach(s)
	return wasi.Attach(s, c)
}
