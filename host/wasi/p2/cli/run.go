package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/wasitls/wasitls/host"
)

// ExitError is the cause of the trap with which a guest ends that calls exit.
type ExitError struct{ Code uint8 }

// Error implements error.
func (e *ExitError) Error() string { return fmt.Sprintf("guest exited with status %d", e.Code) }

type unitResult = host.Result[host.None, host.None]

func bindExit(i *host.Interface) {
	i.Func("exit", host.Func(func(_ *host.Call, a *struct{ Status unitResult }) (host.None, error) {
		code := uint8(0)
		if a.Status.IsErr {
			code = 1
		}
		return host.None{}, &ExitError{code}
	}))
	i.Func("exit-with-code", host.Func(func(_ *host.Call, a *struct{ Code uint8 }) (host.None, error) {
		return host.None{}, &ExitError{a.Code}
	}))
}

// RunCommand runs a command: it calls the export run of wasi:cli/run of any
// 0.2 version, waits until what the guest wrote to its standard streams is
// written, and returns its exit status: 0, or 1 if run returned an error, or
// what it gave to exit. The error is nil whenever the guest has ended by
// itself; a trap is a *host.Trap.
func RunCommand(ctx context.Context, in *host.Instance) (status int, err error) {
	run, err := host.Export[host.None, unitResult](in, "wasi:cli/run@"+Version, "run")
	if err != nil {
		return 0, err
	}
	result, err := run.Call(ctx, host.None{})
	var exit *ExitError
	switch {
	case errors.As(err, &exit):
		status = int(exit.Code)
	case err != nil:
		return 0, err
	case result.IsErr:
		status = 1
	}
	if s := host.State[state](in.Store()); s != nil {
		err = s.open.Drain(ctx)
	} else {
		err = nil
	}
	return status, err
}
