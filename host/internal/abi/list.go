package abi

import "unsafe"

// slice is how Go lays out every slice.
type slice struct {
	data     unsafe.Pointer
	len, cap int
}

// list is a list as a Go slice.
type list struct {
	elem        codec
	size, align uint32  // of an element in guest memory
	goSize      uintptr // of an element in Go
	alias       bool    // share the guest's memory: []byte parameters
	block       bool    // move all elements as one block
	make        func(n int) unsafe.Pointer
}

func (l *list) lift(cx *Context, flat []uint64, dst unsafe.Pointer) error {
	return l.loadRange(cx, uint32(flat[0]), uint32(flat[1]), (*slice)(dst))
}

func (l *list) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	return l.loadRange(cx, loadInt[uint32](cx.mem, ptr), loadInt[uint32](cx.mem, ptr+4), (*slice)(dst))
}

func (l *list) loadRange(cx *Context, ptr, length uint32, dst *slice) error {
	if err := cx.listRange(ptr, length, l.size, l.align, uint64(l.goSize)); err != nil {
		return err
	}
	n := int(length)
	if l.alias {
		*(*[]byte)(unsafe.Pointer(dst)) = cx.mem[ptr:][:n:n]
		return nil
	}
	if n == 0 {
		return nil
	}
	*dst = slice{l.make(n), n, n}
	return loadElems(cx, l.elem, l.block, ptr, l.size, n, dst.data, l.goSize)
}

func (l *list) lower(cx *Context, src unsafe.Pointer, flat []uint64) error {
	ptr, n, err := l.storeRange(cx, (*slice)(src))
	flat[0], flat[1] = uint64(ptr), uint64(n)
	return err
}

func (l *list) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	begin, n, err := l.storeRange(cx, (*slice)(src))
	if err != nil {
		return err
	}
	storeInt(cx.mem, ptr, begin)
	storeInt(cx.mem, ptr+4, n)
	return nil
}

func (l *list) storeRange(cx *Context, src *slice) (ptr, length uint32, err error) {
	if ptr, err = cx.allocList(src.len, l.size, l.align); err != nil {
		return 0, 0, err
	}
	err = storeElems(cx, l.elem, l.block, ptr, l.size, src.len, src.data, l.goSize)
	return ptr, uint32(src.len), err
}

// array is a list of fixed length as a Go array.
type array struct {
	elem   codec
	n      int
	slots  int // of an element
	size   uint32
	goSize uintptr
	block  bool
}

func (a *array) plain() bool { return isPlain(a.elem) }

func (a *array) lift(cx *Context, flat []uint64, dst unsafe.Pointer) error {
	for i := range a.n {
		if err := a.elem.lift(cx, flat[i*a.slots:][:a.slots], unsafe.Add(dst, uintptr(i)*a.goSize)); err != nil {
			return err
		}
	}
	return nil
}

func (a *array) lower(cx *Context, src unsafe.Pointer, flat []uint64) error {
	for i := range a.n {
		if err := a.elem.lower(cx, unsafe.Add(src, uintptr(i)*a.goSize), flat[i*a.slots:][:a.slots]); err != nil {
			return err
		}
	}
	return nil
}

func (a *array) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	return loadElems(cx, a.elem, a.block, ptr, a.size, a.n, dst, a.goSize)
}

func (a *array) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	return storeElems(cx, a.elem, a.block, ptr, a.size, a.n, src, a.goSize)
}

// isBlock tells whether elements lie in Go as in the guest. Floats do but for NaNs.
func isBlock(elem codec) bool {
	switch elem.(type) {
	case f32Codec, f64Codec:
		return true
	}
	return isPlain(elem)
}

func loadElems(cx *Context, elem codec, block bool, ptr, size uint32, n int, dst unsafe.Pointer, goSize uintptr) error {
	if block {
		copy(unsafe.Slice((*byte)(dst), n*int(size)), cx.mem[ptr:][:n*int(size)])
		canonElems(elem, dst, n)
		return nil
	}
	for i := range n {
		if err := elem.load(cx, ptr+uint32(i)*size, unsafe.Add(dst, uintptr(i)*goSize)); err != nil {
			return err
		}
	}
	return nil
}

func storeElems(cx *Context, elem codec, block bool, ptr, size uint32, n int, src unsafe.Pointer, goSize uintptr) error {
	if block {
		// A NaN's bits are the host's to choose (maybe_scramble_nan32).
		copy(cx.mem[ptr:][:n*int(size)], unsafe.Slice((*byte)(src), n*int(size)))
		return nil
	}
	for i := range n {
		if err := elem.store(cx, unsafe.Add(src, uintptr(i)*goSize), ptr+uint32(i)*size); err != nil {
			return err
		}
	}
	return nil
}

func canonElems(elem codec, p unsafe.Pointer, n int) {
	switch elem.(type) {
	case f32Codec:
		for i, v := range unsafe.Slice((*uint32)(p), n) {
			if c := canon32(v); c != v {
				unsafe.Slice((*uint32)(p), n)[i] = c
			}
		}
	case f64Codec:
		for i, v := range unsafe.Slice((*uint64)(p), n) {
			if c := canon64(v); c != v {
				unsafe.Slice((*uint64)(p), n)[i] = c
			}
		}
	}
}
