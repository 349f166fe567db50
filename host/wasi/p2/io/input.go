package io

import (
	"errors"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// InputStream is the resource wasi:io/streams input-stream.
type InputStream struct {
	Parent
	s stream.Input
	// done is set when the stream has ended or failed: from then on it is closed.
	done bool
}

// NewInputStream returns a guest's stream of s, which it owns.
func NewInputStream(s stream.Input) *InputStream { return &InputStream{s: s} }

// Take gives the stream below to the caller, for a function that a guest has
// passed the stream to for good. It is an error that traps the guest, and the
// end of the stream, if there are children.
func (i *InputStream) Take() (stream.Input, error) {
	if err := i.Childless(); err != nil {
		i.s.Drop()
		return nil, err
	}
	return i.s, nil
}

func dropInput(_ *host.Call, i *InputStream) error {
	if err := i.Childless(); err != nil {
		return err
	}
	i.s.Drop()
	return nil
}

// read reads into p, which may be empty.
func (i *InputStream) read(p []byte) (int, error) {
	if i.done {
		return 0, stream.ErrClosed
	}
	n, err := i.s.Read(p)
	i.done = err != nil
	return n, err
}

// await waits until a read would give something.
func (i *InputStream) await(c *host.Call) error {
	if i.done {
		return nil
	}
	return wait(c, i.s)
}

// StreamError is the variant wasi:io/streams stream-error.
type StreamError struct {
	host.Case
	LastOperationFailed *Error
	Closed              host.None
}

// Cases of StreamError.
const (
	caseFailed host.Case = iota
	caseClosed
)

// Classify makes a stream-error of an error of a stream, for host.Try: ErrClosed
// is closed, a *Trap stays one, and everything else has failed.
func Classify(_ *host.Call, err error) (StreamError, error) {
	var t *Trap
	switch {
	case errors.Is(err, stream.ErrClosed):
		return StreamError{Case: caseClosed}, nil
	case errors.As(err, &t):
		return StreamError{}, err
	case errors.Is(err, stream.ErrPermit):
		return StreamError{}, errPermit
	}
	return StreamError{Case: caseFailed, LastOperationFailed: &Error{err}}, nil
}

type inputLen struct {
	Self *InputStream
	Len  uint64
}

func readInput(c *host.Call, a *inputLen) ([]byte, error) {
	n := min(a.Len, maxRead)
	p := scratchOf(c).lend(int(n))
	got, err := a.Self.read(p)
	return p[:got], err
}

func skipInput(c *host.Call, a *inputLen) (uint64, error) {
	n := int(min(a.Len, maxRead))
	if s, ok := a.Self.s.(stream.Skipper); ok && !a.Self.done {
		got, err := s.Skip(n)
		a.Self.done = err != nil
		return uint64(got), err
	}
	got, err := a.Self.read(scratchOf(c).lend(n))
	return uint64(got), err
}

// blocking makes a function wait for what it takes, unless nothing is asked for.
func blocking[T any](f func(*host.Call, *inputLen) (T, error), empty func(T) bool) func(*host.Call, *inputLen) (T, error) {
	return func(c *host.Call, a *inputLen) (T, error) {
		for range maxFruitless {
			v, err := f(c, a)
			if err != nil || a.Len == 0 || !empty(v) {
				return v, err
			}
			if err := a.Self.await(c); err != nil {
				return v, err
			}
		}
		var none T
		return none, errNoProgress
	}
}

func bindInput(i *host.Interface) {
	i.Resource("input-stream", InputStreamResource)
	i.Func("[method]input-stream.read", host.Try(readInput, Classify))
	i.Func("[method]input-stream.blocking-read", host.Try(
		blocking(readInput, func(p []byte) bool { return len(p) == 0 }), Classify))
	i.Func("[method]input-stream.skip", host.Try(skipInput, Classify))
	i.Func("[method]input-stream.blocking-skip", host.Try(
		blocking(skipInput, func(n uint64) bool { return n == 0 }), Classify))
	i.Func("[method]input-stream.subscribe", host.Func(func(_ *host.Call, a *struct{ Self *InputStream }) (*Pollable, error) {
		return a.Self.Subscribe(a.Self.s), nil
	}))
}
