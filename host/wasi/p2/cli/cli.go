// Package cli binds wasi:cli 0.2: arguments and environment, standard streams,
// terminals, exit, and running a command.
package cli

import (
	"context"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/internal/command"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// Version is the version of the WIT package that is served.
const Version = "0.2.12"

type (
	// Config is what a command is started with.
	Config = wasi.Command
	// Variable is a variable of the environment.
	Variable = wasi.Variable
	// ExitError is the cause of the trap with which a guest ends that calls
	// exit.
	ExitError = wasi.ExitError
)

// Attach is wasi.AttachCommand.
func Attach(s *host.Store, c Config) { wasi.AttachCommand(s, c) }

// RunCommand is wasi.RunCommand.
func RunCommand(ctx context.Context, in *host.Instance) (status int, err error) {
	return wasi.RunCommand(ctx, in)
}

// Bind adds the interfaces of wasi:cli to the linker.
func Bind(l *host.Linker) {
	command.Bind(l, Version, "initial-cwd")
	l.Interface("wasi:cli/stdin@"+Version).Func("get-stdin",
		host.Func(func(c *host.Call, _ *host.None) (*io.InputStream, error) {
			return io.NewInputStream(command.Of(c).Stdio.In()), nil
		}))
	for name, get := range map[string]func(*stdio.Open) stdio.Output{"stdout": (*stdio.Open).Out, "stderr": (*stdio.Open).Err} {
		l.Interface("wasi:cli/"+name+"@"+Version).Func("get-"+name,
			host.Func(func(c *host.Call, _ *host.None) (*io.OutputStream, error) {
				return io.NewOutputStream(get(command.Of(c).Stdio)), nil
			}))
	}
}
