package host

import (
	"context"
	"reflect"
	"unsafe"
)

// Async makes a host function of f for an async function of WIT. f runs on a
// goroutine of its own and may block; its context ends when the guest cancels
// the call, when the guest ends, and when the store is closed: Close waits for
// f. The arguments are f's to keep. The *Call must not be used.
//
// A and R are as for Func, where *Stream, *Values and *Future stand for
// stream and future.
func Async[A, R any](f func(context.Context, *Store, *A) (R, error)) Fn {
	return Fn{
		args:   reflect.TypeFor[A](),
		result: reflect.TypeFor[R](),
		async: func(ctx context.Context, s *Store, args, result unsafe.Pointer) error {
			r, err := f(ctx, s, (*A)(args))
			if err == nil {
				*(*R)(result) = r
			}
			return err
		},
	}
}

// Condition is something to wait for, such as a stream.Pollable of
// host/wasi/stream.
type Condition interface {
	// Notify calls f once when the condition may hold, at once if it does
	// already. It returns a function that takes f back. f may run on any
	// goroutine.
	Notify(f func()) (stop func())
}

// Await makes a host function for an async function of WIT that waits for a
// condition, which takes no goroutine. f is called as that of Func is, and
// returns a function that is tried at once: it returns the result, or with a
// condition that is not nil what to wait for before it is tried again. When the
// guest cancels the call, or the store is closed, it is not tried again. It
// runs while the store does and must not block.
//
// The arguments are f's to keep.
func Await[A, R any](f func(*Call, *A) (try func() (R, Condition, error))) Fn {
	return Fn{
		args:   reflect.TypeFor[A](),
		result: reflect.TypeFor[R](),
		await: func(c *Call, args, result unsafe.Pointer) func() (Condition, error) {
			try := f(c, (*A)(args))
			return func() (Condition, error) {
				r, until, err := try()
				if err == nil && until == nil {
					*(*R)(result) = r
				}
				return until, err
			}
		},
	}
}

// TryAwait is Await for a function that returns a result<T, E>: see Try.
func TryAwait[A, T, E any](f func(*Call, *A) (try func() (T, Condition, error)), classify func(error) (E, error)) Fn {
	return Await(func(c *Call, args *A) func() (Result[T, E], Condition, error) {
		try := f(c, args)
		return func() (Result[T, E], Condition, error) {
			ok, until, err := try()
			if err == nil {
				return Result[T, E]{Ok: ok}, until, nil
			}
			e, trap := classify(err)
			return Result[T, E]{IsErr: true, Err: e}, nil, trap
		}
	})
}

// TryAsync is Async for a function that returns a result<T, E>: see Try. An
// error after the end of the context is not classified: the call was cancelled.
func TryAsync[A, T, E any](f func(context.Context, *Store, *A) (T, error), classify func(error) (E, error)) Fn {
	return Async(func(ctx context.Context, s *Store, args *A) (Result[T, E], error) {
		ok, err := f(ctx, s, args)
		if err == nil {
			return Result[T, E]{Ok: ok}, nil
		}
		if ctx.Err() != nil {
			return Result[T, E]{}, err
		}
		e, trap := classify(err)
		return Result[T, E]{IsErr: true, Err: e}, trap
	})
}

// Post runs f while the store runs guests and is between two of them: soon if
// a call is in progress, else when the next one begins. It may be called from
// any goroutine. An error of f is the end of the store.
func (s *Store) Post(f func() error) { s.rt.Post(f) }
