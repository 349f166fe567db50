package abi

import (
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

// Lift lifts a value of type t from the t.NumFlat flat values that start flat.
func Lift(cx *Context, t *types.Type, flat []uint64) (Value, error) {
	if err := checkFlat(flat, t.NumFlat); err != nil {
		return nil, err
	}
	cx.begin()
	return cx.lift(t, flat[:t.NumFlat])
}

// Load lifts a value of type t from ptr in the guest's memory.
func Load(cx *Context, t *types.Type, ptr uint32) (Value, error) {
	cx.begin()
	if err := cx.checkSpill(t, ptr, valueSize(t)); err != nil {
		return nil, err
	}
	return cx.load(t, ptr)
}

// LiftValues lifts the values of a tuple: a function's parameters or result
// (ParamTuple, ResultTuple). They are in flat, or in memory at flat[0] if they
// take more than maxFlat flat values (lift_flat_values).
func LiftValues(cx *Context, maxFlat int, tuple *types.Type, flat []uint64) ([]Value, error) {
	cx.begin()
	if n := tuple.NumFlat; n <= maxFlat {
		if err := checkFlat(flat, n); err != nil {
			return nil, err
		}
		return cx.liftFields(tuple, flat[:n])
	}
	if err := checkFlat(flat, 1); err != nil {
		return nil, err
	}
	ptr := uint32(flat[0])
	if err := cx.checkSpill(tuple, ptr, valueSize(tuple)); err != nil {
		return nil, err
	}
	return cx.loadFields(tuple, ptr)
}

func (cx *Context) lift(t *types.Type, flat []uint64) (Value, error) {
	if s := scalar(t.Kind); s != nil {
		err := s.lift(cx, flat, unsafe.Pointer(&cx.word))
		return s.value(unsafe.Pointer(&cx.word)), err
	}
	switch t.Kind {
	case types.String:
		return cx.text(uint32(flat[0]), uint32(flat[1]))
	case types.List, types.Map:
		if t.Fixed {
			return cx.liftElems(t, flat)
		}
		return cx.loadList(t, uint32(flat[0]), uint32(flat[1]))
	case types.Record, types.Tuple:
		vs, err := cx.liftFields(t, flat)
		return recordValue(t, vs), err
	case types.Variant, types.Enum, types.Option, types.Result:
		i := uint32(flat[0])
		if i >= uint32(t.NumCases()) {
			return nil, errDiscriminant
		}
		var v Value
		var err error
		if c := t.CaseType(int(i)); c != nil {
			v, err = cx.lift(c, flat[1:][:c.NumFlat])
		}
		return caseValue(t, i, v), err
	case types.Flags:
		return FlagsValue(uint32(flat[0]) & flagsMask(t)), nil
	case types.Own, types.Borrow:
		return cx.liftHandle(t, uint32(flat[0]))
	case types.Stream, types.Future:
		return cx.liftChannel(t, uint32(flat[0]))
	}
	return nil, errUnsupported
}

// load lifts from ptr, which is aligned and in bounds.
func (cx *Context) load(t *types.Type, ptr uint32) (Value, error) {
	if s := scalar(t.Kind); s != nil {
		err := s.load(cx, ptr, unsafe.Pointer(&cx.word))
		return s.value(unsafe.Pointer(&cx.word)), err
	}
	switch t.Kind {
	case types.String:
		return cx.text(loadInt[uint32](cx.mem, ptr), loadInt[uint32](cx.mem, ptr+4))
	case types.List, types.Map:
		if t.Fixed {
			return cx.loadElems(t.Elem, ptr, int(t.Len))
		}
		return cx.loadList(t, loadInt[uint32](cx.mem, ptr), loadInt[uint32](cx.mem, ptr+4))
	case types.Record, types.Tuple:
		vs, err := cx.loadFields(t, ptr)
		return recordValue(t, vs), err
	case types.Variant, types.Enum, types.Option, types.Result:
		i := cx.loadBits(ptr, t.DiscriminantSize())
		if i >= uint32(t.NumCases()) {
			return nil, errDiscriminant
		}
		var v Value
		var err error
		if c := t.CaseType(int(i)); c != nil {
			v, err = cx.load(c, ptr+t.PayloadOffset())
		}
		return caseValue(t, i, v), err
	case types.Flags:
		return FlagsValue(cx.loadBits(ptr, t.Size) & flagsMask(t)), nil
	case types.Own, types.Borrow:
		return cx.liftHandle(t, loadInt[uint32](cx.mem, ptr))
	case types.Stream, types.Future:
		return cx.liftChannel(t, loadInt[uint32](cx.mem, ptr))
	}
	return nil, errUnsupported
}

// text lifts a string, which owns its bytes.
func (cx *Context) text(ptr, length uint32) (Value, error) {
	t, err := cx.loadText(ptr, length)
	if err != nil {
		return nil, err
	}
	if cx.KeepText {
		t.Data = append([]byte(nil), t.Data...)
		return t, nil
	}
	return t.String(), nil
}

func (cx *Context) loadList(t *types.Type, ptr, length uint32) (Value, error) {
	e := elemOf(t)
	held := uint64(0)
	if numbers[e.Kind] == nil {
		held = valueSize(e)
	}
	if err := cx.listRange(ptr, length, e.Size, e.Align, held); err != nil {
		return nil, err
	}
	return cx.loadElems(e, ptr, int(length))
}

func (cx *Context) loadElems(e *types.Type, ptr uint32, n int) (Value, error) {
	if num := numbers[e.Kind]; num != nil {
		v, p := num.slice(n)
		return v, loadElems(cx, num.bare(), true, ptr, e.Size, n, p, uintptr(e.Size))
	}
	vs := make([]Value, n)
	for i := range vs {
		var err error
		if vs[i], err = cx.load(e, ptr+uint32(i)*e.Size); err != nil {
			return nil, err
		}
	}
	return vs, nil
}

// liftElems lifts a list of fixed length from flat values.
func (cx *Context) liftElems(t *types.Type, flat []uint64) (Value, error) {
	n, slots := int(t.Len), t.Elem.NumFlat
	if num := numbers[t.Elem.Kind]; num != nil {
		v, p := num.slice(n)
		for i := range n {
			if err := num.lift(cx, flat[i:], unsafe.Add(p, i*int(t.Elem.Size))); err != nil {
				return nil, err
			}
		}
		return v, nil
	}
	vs := make([]Value, n)
	for i := range vs {
		var err error
		if vs[i], err = cx.lift(t.Elem, flat[i*slots:][:slots]); err != nil {
			return nil, err
		}
	}
	return vs, nil
}

func (cx *Context) liftFields(t *types.Type, flat []uint64) ([]Value, error) {
	vs := make([]Value, len(t.Fields))
	for i, f := range t.Fields {
		var err error
		if vs[i], err = cx.lift(f.Type, flat[:f.Type.NumFlat]); err != nil {
			return nil, err
		}
		flat = flat[f.Type.NumFlat:]
	}
	return vs, nil
}

func (cx *Context) loadFields(t *types.Type, ptr uint32) ([]Value, error) {
	vs := make([]Value, len(t.Fields))
	for i, f := range t.Fields {
		var err error
		if vs[i], err = cx.load(f.Type, ptr+f.Offset); err != nil {
			return nil, err
		}
	}
	return vs, nil
}

func recordValue(t *types.Type, vs []Value) Value {
	if t.Kind == types.Tuple {
		return TupleValue(vs)
	}
	r := make(RecordValue, len(vs))
	for i, v := range vs {
		r[i] = NamedValue{t.Fields[i].Name, v}
	}
	return r
}

func caseValue(t *types.Type, i uint32, v Value) Value {
	switch t.Kind {
	case types.Enum:
		return EnumValue{i, t.Labels[i]}
	case types.Option:
		return Option[Value]{Some: i == 1, Value: v}
	case types.Result:
		if i == 1 {
			return Result[Value, Value]{IsErr: true, Err: v}
		}
		return Result[Value, Value]{Ok: v}
	}
	return VariantValue{i, t.Cases[i].Name, v}
}
