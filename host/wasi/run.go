package wasi

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wasitls/wasitls/host"
)

// ExitError is the cause of the trap with which a guest ends that calls exit.
type ExitError struct{ Code uint8 }

// Error implements error.
func (e *ExitError) Error() string { return fmt.Sprintf("guest exited with status %d", e.Code) }

// runInterface is the interface that makes a component a command, and runs are
// its versions, the one to prefer first.
const runInterface = "wasi:cli/run@"

var runs = []string{"0.3.0", "0.2.0"}

// IsCommand tells whether a component is a command of any WASI version.
func IsCommand(c *host.Component) bool {
	return slices.ContainsFunc(c.Exports(), func(x host.ExternInfo) bool {
		return slices.ContainsFunc(runs, func(version string) bool {
			return strings.HasPrefix(x.Name, runInterface+strings.TrimSuffix(version, "0"))
		})
	})
}

type run = host.ExportFunc[host.None, host.Result[host.None, host.None]]

func findRun(in *host.Instance) (f *run, err error) {
	for _, version := range runs {
		f, err = host.Export[host.None, host.Result[host.None, host.None]](in, runInterface+version, "run")
		var none *host.NoExportError
		if !errors.As(err, &none) {
			return f, err
		}
	}
	return nil, err
}

// errGrace is why a guest is stopped that goes on after its end.
var errGrace = errors.New("wasi: command has returned")

// finish lets a guest do what it began, for ExitGrace. Then it is stopped.
func finish(ctx context.Context, s *host.Store) error {
	ctx, cancel := context.WithTimeoutCause(ctx, ExitGrace, errGrace)
	defer cancel()
	if err := s.Drain(ctx); !errors.Is(err, errGrace) {
		return err
	}
	return nil
}

// RunCommand runs a command: it calls the export run of wasi:cli/run of any
// version served, lets what the guest began go on for ExitGrace at most, waits
// until what it wrote to its standard streams is written, and returns its exit
// status: 0, or 1 if run returned an error, or what it gave to exit. The error
// is nil whenever the guest has ended by itself; a trap is a *host.Trap.
func RunCommand(ctx context.Context, in *host.Instance) (status int, err error) {
	f, err := findRun(in)
	if err != nil {
		return 0, err
	}
	result, err := f.Call(ctx, host.None{})
	if err == nil {
		err = finish(ctx, in.Store())
	}
	var exit *ExitError
	switch {
	case errors.As(err, &exit):
		status = int(exit.Code)
	case err != nil:
		return 0, err
	case result.IsErr:
		status = 1
	}
	return status, ProcessOf(in.Store()).Stdio.Drain(ctx)
}
