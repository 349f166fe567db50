package rt

import (
	"errors"
	"fmt"
)

// Trap is the end of a guest by its own fault, or by an error of a host
// function that is not part of the function's WIT type. After a trap nothing
// of the store runs again.
type Trap struct {
	msg string
	err error
}

// Error implements error.
func (t *Trap) Error() string {
	if t.err == nil {
		return t.msg
	}
	if t.msg == "" {
		return t.err.Error()
	}
	return t.msg + ": " + t.err.Error()
}

// Unwrap returns the cause: an error of the engine, of a host function or of
// a context, nil if the trap is the runtime's own.
func (t *Trap) Unwrap() error { return t.err }

func trapf(format string, args ...any) error {
	return &Trap{msg: fmt.Sprintf(format, args...)}
}

// asTrap makes a trap of an error that reached the edge of a guest.
func asTrap(err error) error {
	var t *Trap
	if errors.As(err, &t) {
		return err
	}
	return &Trap{err: err}
}
