package abi

import "unsafe"

// record is a record or tuple, and the parameters of a function.
type record struct {
	fields []field
	size   uint32 // in guest memory
	bulk   bool   // plain
}

type field struct {
	codec
	offset uint32  // in guest memory
	flat   int     // first slot
	n      int     // slots
	goOff  uintptr // in the Go struct
}

func (r *record) plain() bool { return r.bulk }

// noPadding tells whether the fields lie in Go as in the guest: both without
// gaps. Gaps are not copied: what the host's memory holds there is nobody's
// business.
func (r *record) noPadding(sizes []uint32, goSize uintptr) bool {
	sum := uint32(0)
	for i, f := range r.fields {
		if !isPlain(f.codec) {
			return false
		}
		sum += sizes[i]
	}
	return sum == r.size && uintptr(sum) == goSize
}

func (r *record) lift(cx *Context, flat []uint64, dst unsafe.Pointer) error {
	for i := range r.fields {
		f := &r.fields[i]
		if err := f.lift(cx, flat[f.flat:][:f.n], unsafe.Add(dst, f.goOff)); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) lower(cx *Context, src unsafe.Pointer, flat []uint64) error {
	for i := range r.fields {
		f := &r.fields[i]
		if err := f.lower(cx, unsafe.Add(src, f.goOff), flat[f.flat:][:f.n]); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	if r.bulk {
		copy(unsafe.Slice((*byte)(dst), r.size), cx.mem[ptr:][:r.size])
		return nil
	}
	for i := range r.fields {
		f := &r.fields[i]
		if err := f.load(cx, ptr+f.offset, unsafe.Add(dst, f.goOff)); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	if r.bulk {
		copy(cx.mem[ptr:][:r.size], unsafe.Slice((*byte)(src), r.size))
		return nil
	}
	for i := range r.fields {
		f := &r.fields[i]
		if err := f.store(cx, unsafe.Add(src, f.goOff), ptr+f.offset); err != nil {
			return err
		}
	}
	return nil
}
