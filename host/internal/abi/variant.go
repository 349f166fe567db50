package abi

import "unsafe"

// variant is a variant, option or result.
type variant struct {
	cases   []variantCase
	disc    uint32 // size of the discriminant in guest memory
	payload uint32 // offset of the payload in guest memory
	// tag is where Go holds the case: a Case, or a bool where wide is unset.
	tag  uintptr
	wide bool
}

type variantCase struct {
	codec         // nil without payload
	n     int     // slots
	goOff uintptr // in the Go struct
}

func (v *variant) lift(cx *Context, flat []uint64, dst unsafe.Pointer) error {
	c, err := v.choose(uint32(flat[0]), dst)
	if err != nil || c.codec == nil {
		return err
	}
	return c.lift(cx, flat[1:][:c.n], unsafe.Add(dst, c.goOff))
}

func (v *variant) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	c, err := v.choose(cx.loadBits(ptr, v.disc), dst)
	if err != nil || c.codec == nil {
		return err
	}
	return c.load(cx, ptr+v.payload, unsafe.Add(dst, c.goOff))
}

// choose sets the case in Go.
func (v *variant) choose(i uint32, dst unsafe.Pointer) (*variantCase, error) {
	if i >= uint32(len(v.cases)) {
		return nil, errDiscriminant
	}
	if v.wide {
		*(*Case)(unsafe.Add(dst, v.tag)) = Case(i)
	} else {
		*(*bool)(unsafe.Add(dst, v.tag)) = i != 0
	}
	return &v.cases[i], nil
}

func (v *variant) lower(cx *Context, src unsafe.Pointer, flat []uint64) error {
	i, c, err := v.chosen(src)
	if err != nil {
		return err
	}
	clear(flat)
	flat[0] = uint64(i)
	if c.codec == nil {
		return nil
	}
	return c.lower(cx, unsafe.Add(src, c.goOff), flat[1:][:c.n])
}

func (v *variant) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	i, c, err := v.chosen(src)
	if err != nil {
		return err
	}
	cx.storeBits(ptr, v.disc, i)
	if c.codec == nil {
		return nil
	}
	return c.store(cx, unsafe.Add(src, c.goOff), ptr+v.payload)
}

// chosen reads the case from Go.
func (v *variant) chosen(src unsafe.Pointer) (uint32, *variantCase, error) {
	i := uint32(0)
	if v.wide {
		i = uint32(*(*Case)(unsafe.Add(src, v.tag)))
	} else {
		i = uint32(bit(*(*bool)(unsafe.Add(src, v.tag))))
	}
	if i >= uint32(len(v.cases)) {
		return 0, nil, hostErrorf("case %d of a variant of %d", i, len(v.cases))
	}
	return i, &v.cases[i], nil
}

type unsigned interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64
}

// enumCodec is an enum of n cases.
type enumCodec[T unsigned] struct{ n, size uint32 }

func (e *enumCodec[T]) put(c uint32, dst unsafe.Pointer) error {
	if c >= e.n {
		return errDiscriminant
	}
	*(*T)(dst) = T(c)
	return nil
}

func (e *enumCodec[T]) get(src unsafe.Pointer) (uint32, error) {
	c := uint64(*(*T)(src))
	if c >= uint64(e.n) {
		return 0, hostErrorf("case %d of an enum of %d", c, e.n)
	}
	return uint32(c), nil
}

func (e *enumCodec[T]) lift(_ *Context, flat []uint64, dst unsafe.Pointer) error {
	return e.put(uint32(flat[0]), dst)
}

func (e *enumCodec[T]) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	return e.put(cx.loadBits(ptr, e.size), dst)
}

func (e *enumCodec[T]) lower(_ *Context, src unsafe.Pointer, flat []uint64) error {
	c, err := e.get(src)
	flat[0] = uint64(c)
	return err
}

func (e *enumCodec[T]) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	c, err := e.get(src)
	if err == nil {
		cx.storeBits(ptr, e.size, c)
	}
	return err
}

// flagsCodec is flags; bits without a label are dropped both ways.
type flagsCodec[T unsigned] struct{ mask, size uint32 }

func (f *flagsCodec[T]) lift(_ *Context, flat []uint64, dst unsafe.Pointer) error {
	*(*T)(dst) = T(uint32(flat[0]) & f.mask)
	return nil
}

func (f *flagsCodec[T]) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	*(*T)(dst) = T(cx.loadBits(ptr, f.size) & f.mask)
	return nil
}

func (f *flagsCodec[T]) lower(_ *Context, src unsafe.Pointer, flat []uint64) error {
	flat[0] = uint64(uint32(*(*T)(src)) & f.mask)
	return nil
}

func (f *flagsCodec[T]) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	cx.storeBits(ptr, f.size, uint32(*(*T)(src))&f.mask)
	return nil
}
