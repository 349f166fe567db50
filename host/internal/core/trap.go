package core

import "errors"

// TrapCode says why a guest trapped.
type TrapCode byte

// Codes of traps. The zero value is a trap that has no code of its own.
const (
	TrapOther TrapCode = iota
	TrapHost           // raised by Fiber.Trap
	TrapUnreachable
	TrapMemoryOutOfBounds
	TrapTableOutOfBounds
	TrapStackOverflow
	TrapIntegerOverflow
	TrapDivisionByZero
	TrapBadConversion
	TrapIndirectCallToNull
	TrapBadSignature
	TrapNullReference
	TrapUncaughtException
	TrapOutOfMemory // the store's memory limit was passed
)

// Trap is the end of a guest call by a trap: Fiber.Err returns one wherever
// the guest is to blame.
type Trap struct {
	Code    TrapCode
	Message string // one line; for TrapHost the text given to Fiber.Trap
	// Backtrace holds the guest's frames, innermost first. Names come from
	// the guest and are not to be trusted.
	Backtrace []string
}

func (t *Trap) Error() string { return "trap: " + t.Message }

// ErrNoRoom is wrapped by the error of Engine.NewStore, Store.Call and
// Store.Instantiate when the process has no room for another guest.
var ErrNoRoom = errors.New("core: no room for another guest")

// ErrClosed is wrapped by errors of a store, module or fiber that was closed.
var ErrClosed = errors.New("core: closed")
