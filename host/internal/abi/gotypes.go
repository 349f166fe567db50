package abi

// Go types for the WIT types that Go has no type for. Package host exports them.

// Char is a Unicode scalar value.
type Char rune

// Case is the index of a variant's case, the first field of the struct that
// stands for a variant.
type Case uint32

// Tuple marks a struct as a tuple, as its first, blank field.
type Tuple struct{}

// Option is an option<T>: Value counts if Some is set.
type Option[T any] struct {
	Some  bool
	Value T
}

// Result is a result<T, E>: Err counts if IsErr is set, else Ok.
type Result[T, E any] struct {
	IsErr bool
	Ok    T
	Err   E
}
