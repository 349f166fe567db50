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
func (i *InputStream) await(e env) error {
	if i.done {
		return nil
	}
	return e.wait(i.s)
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

func (i *InputStream) take(e env, n uint64) ([]byte, error) {
	p := e.lend(int(min(n, maxRead)))
	got, err := i.read(p)
	return p[:got], err
}

func (i *InputStream) skip(e env, n uint64) (uint64, error) {
	if s, ok := i.s.(stream.Skipper); ok && !i.done {
		got, err := s.Skip(int(min(n, maxRead)))
		i.done = err != nil
		return uint64(got), err
	}
	p, err := i.take(e, n)
	return uint64(len(p)), err
}

// moving calls f until it has moved something, waiting in between; once if
// nothing is asked for.
func (i *InputStream) moving(e env, n uint64, f func() (moved int, err error)) error {
	for range maxFruitless {
		moved, err := f()
		if moved > 0 || err != nil || n == 0 {
			return err
		}
		if err := i.await(e); err != nil {
			return err
		}
	}
	return errNoProgress
}

func (i *InputStream) blockingTake(e env, n uint64) (p []byte, err error) {
	err = i.moving(e, n, func() (int, error) {
		p, err = i.take(e, n)
		return len(p), err
	})
	return p, err
}

func (i *InputStream) blockingSkip(e env, n uint64) (moved uint64, err error) {
	err = i.moving(e, n, func() (int, error) {
		moved, err = i.skip(e, n)
		return int(moved), err
	})
	return moved, err
}

// onInput makes a host function of one that takes a length.
func onInput[T any](f func(*InputStream, env, uint64) (T, error)) host.Fn {
	return host.Try(func(c *host.Call, a *struct {
		Self *InputStream
		Len  uint64
	}) (T, error) {
		return f(a.Self, envOf(c), a.Len)
	}, Classify)
}

func bindInput(i *host.Interface) {
	i.Resource("input-stream", InputStreamResource)
	i.Func("[method]input-stream.read", onInput((*InputStream).take))
	i.Func("[method]input-stream.blocking-read", onInput((*InputStream).blockingTake))
	i.Func("[method]input-stream.skip", onInput((*InputStream).skip))
	i.Func("[method]input-stream.blocking-skip", onInput((*InputStream).blockingSkip))
	i.Func("[method]input-stream.subscribe", host.Func(func(_ *host.Call, a *struct{ Self *InputStream }) (*Pollable, error) {
		return a.Self.Subscribe(a.Self.s), nil
	}))
}
