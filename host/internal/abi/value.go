package abi

import (
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

// Value is a component value whose type is known at run time only:
//
//	bool, s8 … u64, f32, f64   bool, int8 … uint64, float32, float64
//	char                       Char
//	string                     string (or Text, see Context.KeepText)
//	list<T>, also of fixed     []byte for list<u8>, and the slice of the Go type
//	length                     for every other number; else []Value
//	map<K, V>                  []Value of TupleValue
//	record                     RecordValue
//	tuple                      TupleValue
//	variant                    VariantValue
//	enum                       EnumValue
//	flags                      FlagsValue; []string of labels for lowering
//	option<T>                  Option[Value]
//	result<T, E>               Result[Value, Value]
//	own<R>, borrow<R>          Ref
//
// Lowering takes []Value for any list, and text in any encoding.
type Value = any

// RecordValue is a record: its fields in order. Lowering checks the names.
type RecordValue []NamedValue

// NamedValue is a field of a record.
type NamedValue struct {
	Name  string
	Value Value
}

// TupleValue is a tuple.
type TupleValue []Value

// VariantValue is a variant. Lowering goes by Name, or by Case if that is "".
type VariantValue struct {
	Case  uint32
	Name  string
	Value Value // nil without payload
}

// EnumValue is an enum. Lowering goes by Name, or by Case if that is "".
type EnumValue struct {
	Case uint32
	Name string
}

// FlagsValue is flags: bit i stands for label i.
type FlagsValue uint32

// number moves the numbers of one kind.
type number interface {
	codec
	// slice allocates a slice of n numbers, as a Value and its memory.
	slice(n int) (Value, unsafe.Pointer)
	// data is the memory and length of a slice that slice could have made.
	data(v Value) (unsafe.Pointer, int, bool)
	// bare is the codec without its Go type.
	bare() codec
	// value and pointer convert a number.
	value(p unsafe.Pointer) Value
	pointer(v Value, p unsafe.Pointer) bool
}

// numberOf gives a codec its Go type T.
type numberOf[T any] struct{ codec }

func (numberOf[T]) slice(n int) (Value, unsafe.Pointer) {
	s := make([]T, n)
	return s, unsafe.Pointer(unsafe.SliceData(s))
}

func (numberOf[T]) data(v Value) (unsafe.Pointer, int, bool) {
	s, ok := v.([]T)
	return unsafe.Pointer(unsafe.SliceData(s)), len(s), ok
}

func (n numberOf[T]) bare() codec { return n.codec }

func (numberOf[T]) value(p unsafe.Pointer) Value { return *(*T)(p) }

func (numberOf[T]) pointer(v Value, p unsafe.Pointer) bool {
	n, ok := v.(T)
	if ok {
		*(*T)(p) = n
	}
	return ok
}

// numbers are the kinds of numbers, nil for other kinds.
var numbers = [types.Map + 1]number{
	types.S8: numberOf[int8]{intCodec[int8]{}}, types.U8: numberOf[uint8]{intCodec[uint8]{}},
	types.S16: numberOf[int16]{intCodec[int16]{}}, types.U16: numberOf[uint16]{intCodec[uint16]{}},
	types.S32: numberOf[int32]{intCodec[int32]{}}, types.U32: numberOf[uint32]{intCodec[uint32]{}},
	types.S64: numberOf[int64]{intCodec[int64]{}}, types.U64: numberOf[uint64]{intCodec[uint64]{}},
	types.F32: numberOf[float32]{f32Codec{}}, types.F64: numberOf[float64]{f64Codec{}},
}

// scalars are the codecs of bool and char, whose lists are []Value.
var scalars = [types.Map + 1]number{
	types.Bool: numberOf[bool]{boolCodec{}}, types.Char: numberOf[Char]{charCodec{}},
}

// scalar returns how a number, bool or char moves, nil for other kinds.
func scalar(k types.Kind) number {
	if n := numbers[k]; n != nil {
		return n
	}
	return scalars[k]
}

// elemOf is the element type of a list or map.
func elemOf(t *types.Type) *types.Type {
	if t.Kind == types.Map {
		return t.Entry
	}
	return t.Elem
}

// valueSize is what a Value of type t takes in Go, about: for each value in it
// an interface, what that points to, and the name of a field. Strings and
// lists pay for themselves.
func valueSize(t *types.Type) uint64 { return 48 * t.Nodes }
