package host

import "context"

// Call is a call of a host function by a guest. It is valid until the
// function returns.
type Call struct {
	ctx   context.Context
	store *Store
}

// Context ends when the guest is to stop: its caller's context, the store's
// deadline, or Close. A host function that waits must watch it and return its
// error. With it the function may call the store again, on its own goroutine
// and before it returns.
func (c *Call) Context() context.Context { return c.ctx }

// Store returns the store of the guest.
func (c *Call) Store() *Store { return c.store }
