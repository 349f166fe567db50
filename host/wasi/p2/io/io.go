// Package io binds wasi:io 0.2: errors, pollables and streams. Any
// stream.Input or stream.Output becomes a guest's stream with it.
package io

import (
	"errors"

	"github.com/wasitls/wasitls/host"
)

// Version is the version of the WIT package that is served.
const Version = "0.2.12"

// The resources of wasi:io, for interfaces that hand them out or take them.
var (
	ErrorResource        = host.NewResource[*Error]("error", nil)
	PollableResource     = host.NewResource("pollable", dropPollable)
	InputStreamResource  = host.NewResource("input-stream", dropInput)
	OutputStreamResource = host.NewResource("output-stream", dropOutput)
)

// Bind adds the interfaces of wasi:io to the linker.
func Bind(l *host.Linker) {
	e := l.Interface("wasi:io/error@" + Version)
	e.Resource("error", ErrorResource)
	e.Func("[method]error.to-debug-string", host.Func(func(_ *host.Call, a *struct{ Self *Error }) (string, error) {
		return a.Self.err.Error(), nil
	}))
	bindPoll(l.Interface("wasi:io/poll@" + Version))
	bindStreams(l.Interface("wasi:io/streams@" + Version))
}

// Error is the resource wasi:io/error: why an operation of a stream failed.
// Guests see its text; interfaces that know the cause give its code.
type Error struct{ err error }

// NewError returns an error for guests. Its text must not tell more of the
// host than a guest may know.
func NewError(err error) *Error { return &Error{err} }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.err }

// Error implements error.
func (e *Error) Error() string { return e.err.Error() }

// Trap is an error that ends the guest: it broke a rule of an interface, or is
// to stop. It wraps the cause.
type Trap struct{ err error }

// Error implements error.
func (t *Trap) Error() string { return t.err.Error() }

// Unwrap returns the cause.
func (t *Trap) Unwrap() error { return t.err }

func trap(text string) error { return &Trap{errors.New("wasi:io: " + text)} }

var (
	errChildren   = trap("resource has children")
	errPermit     = trap("write is larger than what check-write permitted")
	errLong       = trap("blocking write of more than 4096 bytes")
	errEmptyPoll  = trap("poll of no pollables")
	errLongPoll   = trap("poll of too many pollables")
	errNoProgress = trap("stream is ready but nothing comes of it")
)

// Parent counts the children of a resource: its pollables. It is embedded in
// the resource's Go type. The resource cannot be dropped or handed over while
// it has children.
type Parent struct{ children int }

// Childless returns an error that traps the guest if there are children.
func (p *Parent) Childless() error {
	if p.children > 0 {
		return errChildren
	}
	return nil
}
