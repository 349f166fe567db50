// Package command binds those interfaces of wasi:cli that its versions have in
// common: environment, exit and terminals.
package command

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// Of returns what the calling guest was started with.
func Of(c *host.Call) *wasi.Process { return wasi.ProcessOf(c.Store()) }

// Bind adds the interfaces of a version to the linker; cwd is its name for the
// function that returns the initial working directory.
func Bind(l *host.Linker, version, cwd string) {
	e := l.Interface("wasi:cli/environment@" + version)
	e.Func("get-environment", host.Func(func(c *host.Call, _ *host.None) ([]wasi.Variable, error) { return Of(c).Env, nil }))
	e.Func("get-arguments", host.Func(func(c *host.Call, _ *host.None) ([]string, error) { return Of(c).Args, nil }))
	e.Func(cwd, host.Func(func(c *host.Call, _ *host.None) (host.Option[string], error) {
		d := Of(c).Dir
		return host.Option[string]{Some: d != "", Value: d}, nil
	}))
	bindExit(l.Interface("wasi:cli/exit@" + version))
	bindTerminals(l, version)
}

func bindExit(i *host.Interface) {
	i.Func("exit", host.Func(func(_ *host.Call, a *struct {
		Status host.Result[host.None, host.None]
	}) (host.None, error) {
		code := uint8(0)
		if a.Status.IsErr {
			code = 1
		}
		return host.None{}, &wasi.ExitError{Code: code}
	}))
	i.Func("exit-with-code", host.Func(func(_ *host.Call, a *struct{ Code uint8 }) (host.None, error) {
		return host.None{}, &wasi.ExitError{Code: a.Code}
	}))
}

// The terminal resources have no functions: having one says it all.
type terminal struct{}

var (
	terminalInput  = host.NewResource[*terminal]("terminal-input", nil)
	terminalOutput = host.NewResource[*terminal]("terminal-output", nil)
)

func bindTerminals(l *host.Linker, version string) {
	l.Interface("wasi:cli/terminal-input@"+version).Resource("terminal-input", terminalInput)
	l.Interface("wasi:cli/terminal-output@"+version).Resource("terminal-output", terminalOutput)
	for name, is := range map[string]func(stdio.Streams) bool{
		"stdin":  func(s stdio.Streams) bool { return stdio.IsTerminal(s.Stdin) },
		"stdout": func(s stdio.Streams) bool { return stdio.IsTerminal(s.Stdout) },
		"stderr": func(s stdio.Streams) bool { return stdio.IsTerminal(s.Stderr) },
	} {
		i := l.Interface("wasi:cli/terminal-" + name + "@" + version)
		resource, item := terminalOutput, "terminal-output"
		if name == "stdin" {
			resource, item = terminalInput, "terminal-input"
		}
		i.Resource(item, resource)
		i.Func("get-terminal-"+name, host.Func(func(c *host.Call, _ *host.None) (host.Option[*terminal], error) {
			if !is(Of(c).Streams) {
				return host.Option[*terminal]{}, nil
			}
			return host.Some(&terminal{}), nil
		}))
	}
}
