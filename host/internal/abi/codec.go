package abi

import "unsafe"

// codec moves one value between Go memory and a guest, for one pair of a
// component type and a Go type. It is compiled once and has no state.
//
// A flat form is NumFlat slots of raw bits, i32 and f32 in the low half. An
// address is aligned and in bounds for the type; the caller checked it. Go
// memory is zero before lift and load, which fill in only what is there.
type codec interface {
	lift(cx *Context, flat []uint64, dst unsafe.Pointer) error
	lower(cx *Context, src unsafe.Pointer, flat []uint64) error
	load(cx *Context, ptr uint32, dst unsafe.Pointer) error
	store(cx *Context, src unsafe.Pointer, ptr uint32) error
}

// plain is a codec whose Go memory is the guest's memory, byte for byte, for
// every value of both: integers, and what is made of them without padding.
// Guests are little-endian, as are all machines that the engine runs on here.
type plain interface{ plain() bool }

func isPlain(c codec) bool {
	p, ok := c.(plain)
	return ok && p.plain()
}
