// Package cli binds wasi:cli 0.3: arguments and environment, standard streams,
// terminals, exit, and running a command.
package cli

import (
	"context"
	"errors"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/internal/command"
	"github.com/wasitls/wasitls/host/wasi/p3/internal/pipe"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Version is the version of the WIT package that is served.
const Version = "0.3.0"

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

// ErrorCode is the enum wasi:cli/types error-code.
type ErrorCode uint8

// Codes of ErrorCode.
const (
	codeIO ErrorCode = iota
	codeIllegalByteSequence
	codePipe
)

// Labels returns the names of the codes, which are checked when a component is
// linked.
func (ErrorCode) Labels() []string { return []string{"io", "illegal-byte-sequence", "pipe"} }

// classify is the one place where errors become error codes.
func classify(err error) ErrorCode {
	switch {
	case errors.Is(err, unix.EPIPE), errors.Is(err, stream.ErrClosed):
		return codePipe
	case errors.Is(err, unix.EILSEQ):
		return codeIllegalByteSequence
	}
	return codeIO
}

// Bind adds the interfaces of wasi:cli to the linker.
func Bind(l *host.Linker) {
	command.Bind(l, Version, "get-initial-cwd")
	l.Interface("wasi:cli/stdin@"+Version).Func("read-via-stream",
		host.Func(func(c *host.Call, _ *host.None) (pipe.Reading[ErrorCode], error) {
			return pipe.Read(command.Of(c).Stdio.In(), nil, classify), nil
		}))
	for name, get := range map[string]func(*stdio.Open) stdio.Output{"stdout": (*stdio.Open).Out, "stderr": (*stdio.Open).Err} {
		l.Interface("wasi:cli/"+name+"@"+Version).Func("write-via-stream",
			host.Func(func(c *host.Call, a *struct{ Data *host.Stream }) (pipe.Future[ErrorCode], error) {
				return pipe.Write(c.Store(), a.Data, get(command.Of(c).Stdio), nil, classify)
			}))
	}
}
