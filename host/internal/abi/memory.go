package abi

import (
	"encoding/binary"
	"unsafe"
)

// begin fetches the view of memory. Every entry from outside starts with it:
// the guest may have run since the last one.
func (cx *Context) begin() {
	cx.mem = nil
	if cx.Memory != nil {
		cx.mem = cx.Memory.Bytes()
	}
}

// check checks a pointer to n bytes that came from the guest.
func (cx *Context) check(ptr, align uint32, n uint64, outside *Error) error {
	if ptr&(align-1) != 0 {
		return errUnaligned
	}
	if uint64(ptr)+n > uint64(len(cx.mem)) {
		return outside
	}
	return nil
}

// charge takes n bytes from the budget.
func (cx *Context) charge(n uint64) error {
	if cx.Budget < 0 || n > uint64(cx.Budget) {
		return errBudget
	}
	cx.Budget -= int64(n)
	return nil
}

// realloc calls the guest's allocator and checks what it returns.
func (cx *Context) realloc(old, oldSize, align, newSize uint32) (uint32, error) {
	if cx.Realloc == nil {
		return 0, errNoRealloc
	}
	ptr, err := cx.Realloc(old, oldSize, align, newSize)
	if err != nil {
		return 0, err
	}
	cx.begin()
	if ptr&(align-1) != 0 {
		return 0, errReallocUnaligned
	}
	if uint64(ptr)+uint64(newSize) > uint64(len(cx.mem)) {
		return 0, errReallocBounds
	}
	return ptr, nil
}

func (cx *Context) alloc(align, n uint32) (uint32, error) { return cx.realloc(0, 0, align, n) }

// listRange checks a list of length elements at ptr and charges the budget;
// held is what an element takes in Go.
func (cx *Context) listRange(ptr, length, size, align uint32, held uint64) error {
	n := uint64(length) * uint64(size)
	if n > MaxBytes {
		return errListLong
	}
	if err := cx.check(ptr, align, n, errList); err != nil {
		return err
	}
	return cx.charge(uint64(length) * max(uint64(size), held, 1))
}

// allocList allocates a list of length elements of size bytes.
func (cx *Context) allocList(length int, size, align uint32) (uint32, error) {
	if n := uint64(length) * uint64(size); n > MaxBytes || uint64(length) > MaxBytes {
		return 0, errListLong
	}
	return cx.alloc(align, uint32(length)*size)
}

type integer interface {
	~int8 | ~uint8 | ~int16 | ~uint16 | ~int32 | ~uint32 | ~int64 | ~uint64
}

func loadInt[T integer](m []byte, ptr uint32) T {
	switch unsafe.Sizeof(T(0)) {
	case 1:
		return T(m[ptr])
	case 2:
		return T(binary.LittleEndian.Uint16(m[ptr:]))
	case 4:
		return T(binary.LittleEndian.Uint32(m[ptr:]))
	}
	return T(binary.LittleEndian.Uint64(m[ptr:]))
}

func storeInt[T integer](m []byte, ptr uint32, v T) {
	switch unsafe.Sizeof(v) {
	case 1:
		m[ptr] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(m[ptr:], uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(m[ptr:], uint32(v))
	default:
		binary.LittleEndian.PutUint64(m[ptr:], uint64(v))
	}
}

// flatInt is the flat value of v: sign-extended to its core type, and that
// zero-extended to 64 bits, which is also what a joined variant slot holds.
func flatInt[T integer](v T) uint64 {
	if unsafe.Sizeof(v) == 8 {
		return uint64(v)
	}
	return uint64(uint32(v))
}

// loadBits reads an integer of size 1, 2 or 4: a discriminant or flags.
func (cx *Context) loadBits(ptr, size uint32) uint32 {
	switch size {
	case 1:
		return uint32(cx.mem[ptr])
	case 2:
		return uint32(loadInt[uint16](cx.mem, ptr))
	}
	return loadInt[uint32](cx.mem, ptr)
}

func (cx *Context) storeBits(ptr, size, v uint32) {
	switch size {
	case 1:
		cx.mem[ptr] = byte(v)
	case 2:
		storeInt(cx.mem, ptr, uint16(v))
	default:
		storeInt(cx.mem, ptr, v)
	}
}
