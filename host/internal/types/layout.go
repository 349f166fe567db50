package types

import "math"

// extent is the size and alignment of a type for one width of pointers.
type extent struct{ size, align uint64 }

// scalarSizes are the sizes of the kinds that are plain numbers in memory,
// whose alignment is their size.
var scalarSizes = [...]uint64{
	Bool: 1, S8: 1, U8: 1, S16: 2, U16: 2, S32: 4, U32: 4, S64: 8, U64: 8, F32: 4, F64: 8, Char: 4,
	ErrorContext: 4, Own: 4, Borrow: 4, Stream: 4, Future: 4, Map: 0,
}

// layout computes Size, Align and the fields' offsets for 32-bit memories, and
// the size for 64-bit ones, which bounds what a valid type may be.
func (t *Type) layout() {
	e := t.extent(4, func(c *Type) extent { return extent{uint64(c.Size), uint64(c.Align)} })
	t.Size, t.Align = uint32(min(e.size, math.MaxUint32)), uint32(e.align)
	t.wide = t.extent(8, func(c *Type) extent { return c.wide })
	switch t.Kind {
	case Variant, Option, Result:
		t.payload = t.payloadOffset()
	case Record, Tuple:
		at := uint64(0)
		for i := range t.Fields {
			f := &t.Fields[i]
			at = alignTo(at, uint64(f.Type.Align))
			f.Offset = uint32(min(at, math.MaxUint32))
			at = min(at+uint64(f.Type.Size), maxSize)
		}
	}
}

// extent is "Alignment" and "Element Size" of the canonical ABI for pointers
// of ptr bytes. Sizes saturate at maxSize.
func (t *Type) extent(ptr uint64, of func(*Type) extent) extent {
	switch t.Kind {
	case String, Map:
		return extent{2 * ptr, ptr}
	case List:
		if !t.Fixed {
			return extent{2 * ptr, ptr}
		}
		e := of(t.Elem)
		return extent{min(e.size*uint64(t.Len), maxSize), e.align}
	case Record, Tuple:
		r := extent{0, 1}
		for i := range t.Fields {
			e := of(t.Fields[i].Type)
			r.size = min(alignTo(r.size, e.align)+e.size, maxSize)
			r.align = max(r.align, e.align)
		}
		r.size = alignTo(r.size, r.align)
		return r
	case Flags:
		n := flagsSize(len(t.Labels))
		return extent{n, n}
	case Variant, Enum, Option, Result:
		disc := discriminantSize(t.NumCases())
		payload := extent{0, 1}
		t.children(func(c *Type) {
			e := of(c)
			payload.size, payload.align = max(payload.size, e.size), max(payload.align, e.align)
		})
		align := max(disc, payload.align)
		return extent{min(alignTo(alignTo(disc, payload.align)+payload.size, align), maxSize), align}
	}
	n := scalarSizes[t.Kind]
	return extent{n, n}
}

// NumCases is how many cases a variant, enum, option or result has; 0 for
// other kinds.
func (t *Type) NumCases() int {
	switch t.Kind {
	case Variant:
		return len(t.Cases)
	case Enum:
		return len(t.Labels)
	case Option, Result:
		return 2
	}
	return 0
}

// CaseType is the payload of case i of a variant, enum, option or result, nil
// where it has none.
func (t *Type) CaseType(i int) *Type {
	switch t.Kind {
	case Variant:
		return t.Cases[i].Type
	case Option:
		if i == 1 {
			return t.Elem
		}
	case Result:
		if i == 0 {
			return t.Ok
		}
		return t.Err
	}
	return nil
}

// DiscriminantSize is the size in bytes of the discriminant of a variant,
// enum, option or result: 1, 2 or 4.
func (t *Type) DiscriminantSize() uint32 { return uint32(discriminantSize(t.NumCases())) }

// PayloadOffset is where the payload of a variant, option or result begins.
func (t *Type) PayloadOffset() uint32 { return t.payload }

func (t *Type) payloadOffset() uint32 {
	align := uint32(1)
	t.children(func(c *Type) { align = max(align, c.Align) })
	return uint32(alignTo(uint64(t.DiscriminantSize()), uint64(align)))
}

func discriminantSize(cases int) uint64 {
	switch {
	case cases <= 1<<8:
		return 1
	case cases <= 1<<16:
		return 2
	}
	return 4
}

func flagsSize(labels int) uint64 {
	switch {
	case labels <= 8:
		return 1
	case labels <= 16:
		return 2
	}
	return 4
}

func alignTo(n, align uint64) uint64 { return (n + align - 1) &^ (align - 1) }
