package host

import "github.com/wasitls/wasitls/host/internal/rt"

// Trap is the end of a guest by its own fault, by an error of a host function
// that is no part of the function's WIT type, or because a context ended. It
// wraps its cause: errors.Is and errors.As see the context's error or the host
// function's. Nothing of the store runs again after a trap.
type Trap = rt.Trap
