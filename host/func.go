package host

import (
	"context"
	"reflect"
	"unsafe"
)

// Fn is a Go function in the form a Linker takes: see Func and Try.
type Fn struct {
	args, result reflect.Type
	// call runs the function on arguments and a result of those types.
	call func(c *Call, args, result unsafe.Pointer) error
	// async and await are those of async functions: see Async and Await.
	async func(ctx context.Context, s *Store, args, result unsafe.Pointer) error
	await func(c *Call, args, result unsafe.Pointer) (try func() (Condition, error))
}

func (f *Fn) isAsync() bool { return f.async != nil || f.await != nil }

// None is the Go type for "nothing": a function without parameters or without
// a result, or the missing payload of a result or a variant case.
type None = struct{}

// Func makes a host function of f. A is a struct whose fields are the
// function's parameters in order; R is its result, None if it has none. An
// error that f returns traps the guest.
//
// The Go types must fit the WIT types; Linker checks that for each component
// before it is instantiated:
//
//	bool, s8 … u64, f32, f64     bool, int8 … uint64, float32, float64
//	char                         Char
//	string                       string
//	list<T>                      []T; a []byte parameter aliases guest memory and
//	                             is valid until the function returns
//	record                       struct; a field's WIT name is its Go name in
//	                             kebab-case, or its `wit:"name"` tag
//	tuple                        struct whose first field is `_ Tuple`
//	option<T>                    Option[T]
//	result<T, E>                 Result[T, E]
//	variant                      struct whose first field is of type Case, then a
//	                             field for each case in order (None without payload)
//	enum, flags                  an unsigned integer type wide enough
//	own<R>, borrow<R>            the Go type of the resource: see NewResource
//	stream<u8>                   *Stream
//	stream<T>, future<T>         *Values[T], *Future[T], as results only
func Func[A, R any](f func(*Call, *A) (R, error)) Fn {
	return Fn{
		args:   reflect.TypeFor[A](),
		result: reflect.TypeFor[R](),
		call: func(c *Call, args, result unsafe.Pointer) error {
			r, err := f(c, (*A)(args))
			if err != nil {
				return err
			}
			*(*R)(result) = r
			return nil
		},
	}
}

// Try makes a host function of f for a WIT function that returns a
// result<T, E>. An error of f goes through classify, which returns the WIT
// error; or an error of its own, which traps the guest.
func Try[A, T, E any](f func(*Call, *A) (T, error), classify func(*Call, error) (E, error)) Fn {
	return Func(func(c *Call, args *A) (Result[T, E], error) {
		ok, err := f(c, args)
		if err == nil {
			return Result[T, E]{Ok: ok}, nil
		}
		e, trap := classify(c, err)
		return Result[T, E]{IsErr: true, Err: e}, trap
	})
}
