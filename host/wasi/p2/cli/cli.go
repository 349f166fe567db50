// Package cli binds wasi:cli 0.2: arguments and environment, standard streams,
// terminals, exit, and running a command.
package cli

import (
	"slices"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// Version is the version of the WIT package that is served.
const Version = "0.2.12"

// Variable is a variable of the environment.
type Variable struct {
	_           host.Tuple
	Name, Value string
}

// Config is what a command is started with. The zero value is a command
// without arguments, environment and standard streams: reading finds the end,
// and what it writes is discarded.
type Config struct {
	// Args are the arguments, the command's name first.
	Args []string
	// Env is the environment.
	Env []Variable
	// Dir is the initial working directory as the guest knows it, empty for none.
	Dir string
	// Streams are the standard streams.
	stdio.Streams
}

// state is what one guest sees.
type state struct {
	Config
	open *stdio.Open
}

// Attach gives a store its command line and standard streams. The store gets
// no hold on the files and readers in c: they stay open. See stdio for how
// reading and writing end.
func Attach(s *host.Store, c Config) {
	c.Args, c.Env = slices.Clone(c.Args), slices.Clone(c.Env)
	host.Attach(s, &state{c, c.Streams.Open()})
}

// Close implements io.Closer.
func (s *state) Close() error { return s.open.Close() }

// of returns the guest's state; a store without has the zero Config.
func of(c *host.Call) *state {
	s := host.State[state](c.Store())
	if s == nil {
		s = &state{open: stdio.Streams{}.Open()}
	}
	return s
}

// The terminal resources have no functions: having one says it all.
type terminal struct{}

var (
	terminalInput  = host.NewResource[*terminal]("terminal-input", nil)
	terminalOutput = host.NewResource[*terminal]("terminal-output", nil)
)

// Bind adds the interfaces of wasi:cli to the linker.
func Bind(l *host.Linker) {
	bindEnvironment(l.Interface("wasi:cli/environment@" + Version))
	bindExit(l.Interface("wasi:cli/exit@" + Version))
	l.Interface("wasi:cli/stdin@"+Version).Func("get-stdin",
		host.Func(func(c *host.Call, _ *host.None) (*io.InputStream, error) {
			return io.NewInputStream(of(c).open.In()), nil
		}))
	for name, get := range map[string]func(*stdio.Open) stdio.Output{"stdout": (*stdio.Open).Out, "stderr": (*stdio.Open).Err} {
		l.Interface("wasi:cli/"+name+"@"+Version).Func("get-"+name,
			host.Func(func(c *host.Call, _ *host.None) (*io.OutputStream, error) {
				return io.NewOutputStream(get(of(c).open)), nil
			}))
	}
	bindTerminals(l)
}

func bindEnvironment(i *host.Interface) {
	i.Func("get-environment", host.Func(func(c *host.Call, _ *host.None) ([]Variable, error) { return of(c).Env, nil }))
	i.Func("get-arguments", host.Func(func(c *host.Call, _ *host.None) ([]string, error) { return of(c).Args, nil }))
	i.Func("initial-cwd", host.Func(func(c *host.Call, _ *host.None) (host.Option[string], error) {
		d := of(c).Dir
		return host.Option[string]{Some: d != "", Value: d}, nil
	}))
}

func bindTerminals(l *host.Linker) {
	l.Interface("wasi:cli/terminal-input@"+Version).Resource("terminal-input", terminalInput)
	l.Interface("wasi:cli/terminal-output@"+Version).Resource("terminal-output", terminalOutput)
	for name, is := range map[string]func(stdio.Streams) bool{
		"stdin":  func(s stdio.Streams) bool { return stdio.IsTerminal(s.Stdin) },
		"stdout": func(s stdio.Streams) bool { return stdio.IsTerminal(s.Stdout) },
		"stderr": func(s stdio.Streams) bool { return stdio.IsTerminal(s.Stderr) },
	} {
		i := l.Interface("wasi:cli/terminal-" + name + "@" + Version)
		resource, item := terminalOutput, "terminal-output"
		if name == "stdin" {
			resource, item = terminalInput, "terminal-input"
		}
		i.Resource(item, resource)
		i.Func("get-terminal-"+name, host.Func(func(c *host.Call, _ *host.None) (host.Option[*terminal], error) {
			if !is(of(c).Streams) {
				return host.Option[*terminal]{}, nil
			}
			return host.Some(&terminal{}), nil
		}))
	}
}
