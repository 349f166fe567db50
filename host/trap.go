package host

import (
	"fmt"

	"github.com/wasitls/wasitls/host/internal/rt"
)

// Trap is the end of a guest by its own fault, by an error of a host function
// that is no part of the function's WIT type, or because a context ended. It
// wraps its cause: errors.Is and errors.As see the context's error or the host
// function's. Nothing of the store runs again after a trap.
type Trap = rt.Trap

// PanicError is a panic of a host function, of a resource's drop, or of
// anything else that runs for a guest. It ends the guest as any other error does.
type PanicError struct {
	// Func names what panicked.
	Func string
	// Value is what it panicked with, and Stack where: the text of a
	// goroutine's stack, which has paths of this machine in it.
	Value any
	Stack []byte
}

// Error implements error. It leaves the stack out.
func (e *PanicError) Error() string { return fmt.Sprintf("host: %s panicked: %v", e.Func, e.Value) }

// Unwrap returns the value of a panic with an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
