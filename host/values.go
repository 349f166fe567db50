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

// Value is a component value whose type is known at run time only, for
// Instance.Call: see the types below.
//
//	bool, s8 … u64, f32, f64   bool, int8 … uint64, float32, float64
//	char                       Char
//	string                     string
//	list<T>                    []byte for list<u8>, the slice of the Go type for
//	                           other numbers; else []Value
//	map<K, V>                  []Value of TupleValue
//	record, tuple              RecordValue, TupleValue
//	variant, enum, flags       VariantValue, EnumValue, FlagsValue
//	option<T>, result<T, E>    Option[Value], Result[Value, Value]
type Value = abi.Value

// Dynamic values of composite types: see Value.
type (
	// RecordValue is a record: its fields in order.
	RecordValue = abi.RecordValue
	// NamedValue is a field of a record.
	NamedValue = abi.NamedValue
	// TupleValue is a tuple.
	TupleValue = abi.TupleValue
	// VariantValue is a variant, by Name, or by Case if that is "".
	VariantValue = abi.VariantValue
	// EnumValue is an enum, by Name, or by Case if that is "".
	EnumValue = abi.EnumValue
	// FlagsValue is flags: bit i stands for label i.
	FlagsValue = abi.FlagsValue
)
