package abi

import (
	"math"
	"unsafe"
)

// intCodec is an integer type; ints wrap to their width.
type intCodec[T integer] struct{}

func (intCodec[T]) plain() bool { return true }

func (intCodec[T]) lift(_ *Context, flat []uint64, dst unsafe.Pointer) error {
	*(*T)(dst) = T(flat[0])
	return nil
}

func (intCodec[T]) lower(_ *Context, src unsafe.Pointer, flat []uint64) error {
	flat[0] = flatInt(*(*T)(src))
	return nil
}

func (intCodec[T]) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	*(*T)(dst) = loadInt[T](cx.mem, ptr)
	return nil
}

func (intCodec[T]) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	storeInt(cx.mem, ptr, *(*T)(src))
	return nil
}

// boolCodec is bool, where every number but zero is true.
type boolCodec struct{}

func (boolCodec) lift(_ *Context, flat []uint64, dst unsafe.Pointer) error {
	*(*bool)(dst) = uint32(flat[0]) != 0
	return nil
}

func (boolCodec) lower(_ *Context, src unsafe.Pointer, flat []uint64) error {
	flat[0] = uint64(bit(*(*bool)(src)))
	return nil
}

func (boolCodec) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	*(*bool)(dst) = cx.mem[ptr] != 0
	return nil
}

func (boolCodec) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	cx.mem[ptr] = bit(*(*bool)(src))
	return nil
}

func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// NaNs, of which a component sees only one.
const (
	canonicalNaN32 = 0x7fc00000
	canonicalNaN64 = 0x7ff8000000000000
)

func canon32(bits uint32) uint32 {
	if bits&0x7fffffff > 0x7f800000 {
		return canonicalNaN32
	}
	return bits
}

func canon64(bits uint64) uint64 {
	if bits&math.MaxInt64 > 0x7ff0000000000000 {
		return canonicalNaN64
	}
	return bits
}

// Floats are handled as bits, so that no NaN changes on the way.
type (
	f32Codec struct{}
	f64Codec struct{}
)

func (f32Codec) lift(_ *Context, flat []uint64, dst unsafe.Pointer) error {
	*(*uint32)(dst) = canon32(uint32(flat[0]))
	return nil
}

func (f32Codec) lower(_ *Context, src unsafe.Pointer, flat []uint64) error {
	flat[0] = uint64(canon32(*(*uint32)(src)))
	return nil
}

func (f32Codec) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	*(*uint32)(dst) = canon32(loadInt[uint32](cx.mem, ptr))
	return nil
}

func (f32Codec) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	storeInt(cx.mem, ptr, canon32(*(*uint32)(src)))
	return nil
}

func (f64Codec) lift(_ *Context, flat []uint64, dst unsafe.Pointer) error {
	*(*uint64)(dst) = canon64(flat[0])
	return nil
}

func (f64Codec) lower(_ *Context, src unsafe.Pointer, flat []uint64) error {
	flat[0] = canon64(*(*uint64)(src))
	return nil
}

func (f64Codec) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	*(*uint64)(dst) = canon64(loadInt[uint64](cx.mem, ptr))
	return nil
}

func (f64Codec) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	storeInt(cx.mem, ptr, canon64(*(*uint64)(src)))
	return nil
}

// charCodec is char.
type charCodec struct{}

func validChar(c uint32) bool { return c < 0xd800 || c > 0xdfff && c < 0x110000 }

func liftChar(c uint32, dst unsafe.Pointer) error {
	if !validChar(c) {
		return errChar
	}
	*(*uint32)(dst) = c
	return nil
}

func (charCodec) lift(_ *Context, flat []uint64, dst unsafe.Pointer) error {
	return liftChar(uint32(flat[0]), dst)
}

func (charCodec) lower(_ *Context, src unsafe.Pointer, flat []uint64) error {
	c, err := lowerChar(*(*Char)(src))
	flat[0] = uint64(c)
	return err
}

func (charCodec) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	return liftChar(loadInt[uint32](cx.mem, ptr), dst)
}

func (charCodec) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	c, err := lowerChar(*(*Char)(src))
	storeInt(cx.mem, ptr, c)
	return err
}

func lowerChar(c Char) (uint32, error) {
	if !validChar(uint32(c)) {
		return 0, hostErrorf("%#x is no char", uint32(c))
	}
	return uint32(c), nil
}

// stringCodec is string.
type stringCodec struct{}

func (stringCodec) lift(cx *Context, flat []uint64, dst unsafe.Pointer) (err error) {
	*(*string)(dst), err = cx.loadString(uint32(flat[0]), uint32(flat[1]))
	return err
}

func (stringCodec) lower(cx *Context, src unsafe.Pointer, flat []uint64) error {
	ptr, n, err := cx.storeText(textOf(*(*string)(src)))
	flat[0], flat[1] = uint64(ptr), uint64(n)
	return err
}

func (stringCodec) load(cx *Context, ptr uint32, dst unsafe.Pointer) (err error) {
	*(*string)(dst), err = cx.loadString(loadInt[uint32](cx.mem, ptr), loadInt[uint32](cx.mem, ptr+4))
	return err
}

func (stringCodec) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	begin, n, err := cx.storeText(textOf(*(*string)(src)))
	if err != nil {
		return err
	}
	storeInt(cx.mem, ptr, begin)
	storeInt(cx.mem, ptr+4, n)
	return nil
}
