package host

import "github.com/wasitls/wasitls/host/internal/abi"

// Go types for WIT types that Go has no type for: see Func.
type (
	// Char is a Unicode scalar value.
	Char = abi.Char
	// Case is the index of a variant's case.
	Case = abi.Case
	// Tuple marks a struct as a tuple, as its first, blank field.
	Tuple = abi.Tuple
	// Option is an option<T>.
	Option[T any] = abi.Option[T]
	// Result is a result<T, E>.
	Result[T, E any] = abi.Result[T, E]
)

// Some returns the option that holds v.
func Some[T any](v T) Option[T] { return Option[T]{Some: true, Value: v} }
