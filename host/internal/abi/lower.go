package abi

import (
	"slices"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

// Lower lowers v, a value of type t, into the first t.NumFlat slots of flat.
func Lower(cx *Context, t *types.Type, v Value, flat []uint64) error {
	if err := checkFlat(flat, t.NumFlat); err != nil {
		return err
	}
	cx.begin()
	return cx.lower(t, v, flat[:t.NumFlat])
}

// Store lowers v, a value of type t, to ptr in the guest's memory.
func Store(cx *Context, t *types.Type, v Value, ptr uint32) error {
	cx.begin()
	if err := cx.check(ptr, t.Align, uint64(t.Size), errPointer); err != nil {
		return err
	}
	return cx.store(t, v, ptr)
}

// LowerValues lowers the values of a tuple: a function's parameters or result
// (ParamTuple, ResultTuple). It appends them to flat and returns that. If they
// take more than maxFlat flat values they go to memory instead: to *out, which
// is a caller's address for results, or if out is nil to new memory, whose
// address is then the only flat value (lower_flat_values).
func LowerValues(cx *Context, maxFlat int, tuple *types.Type, vs []Value, out *uint32, flat []uint64) ([]uint64, error) {
	cx.begin()
	if n := tuple.NumFlat; n <= maxFlat {
		flat = append(flat, make([]uint64, n)...)
		return flat, cx.lowerFields(tuple, vs, flat[len(flat)-n:])
	}
	if out != nil {
		if err := cx.check(*out, tuple.Align, uint64(tuple.Size), errPointer); err != nil {
			return nil, err
		}
		return flat, cx.storeFields(tuple, vs, *out)
	}
	ptr, err := cx.alloc(tuple.Align, tuple.Size)
	if err != nil {
		return nil, err
	}
	return append(flat, uint64(ptr)), cx.storeFields(tuple, vs, ptr)
}

func mismatch(t *types.Type, v Value) error { return hostErrorf("WIT %s, Go %T", typeName(t), v) }

func (cx *Context) lower(t *types.Type, v Value, flat []uint64) error {
	if s := scalar(t.Kind); s != nil {
		if !s.pointer(v, unsafe.Pointer(&cx.word)) {
			return mismatch(t, v)
		}
		return s.lower(cx, unsafe.Pointer(&cx.word), flat)
	}
	switch t.Kind {
	case types.String, types.List, types.Map:
		if t.Fixed {
			return cx.lowerElems(t, v, flat)
		}
		ptr, n, err := cx.storeBlock(t, v)
		flat[0], flat[1] = uint64(ptr), uint64(n)
		return err
	case types.Record, types.Tuple:
		vs, err := fieldValues(t, v)
		if err != nil {
			return err
		}
		return cx.lowerFields(t, vs, flat)
	case types.Variant, types.Enum, types.Option, types.Result:
		i, payload, err := caseOf(t, v)
		if err != nil {
			return err
		}
		clear(flat)
		flat[0] = uint64(i)
		if c := t.CaseType(int(i)); c != nil {
			return cx.lower(c, payload, flat[1:][:c.NumFlat])
		}
		return nil
	}
	bits, err := cx.bits(t, v)
	flat[0] = uint64(bits)
	return err
}

// store lowers to ptr, which is aligned and in bounds.
func (cx *Context) store(t *types.Type, v Value, ptr uint32) error {
	if s := scalar(t.Kind); s != nil {
		if !s.pointer(v, unsafe.Pointer(&cx.word)) {
			return mismatch(t, v)
		}
		return s.store(cx, unsafe.Pointer(&cx.word), ptr)
	}
	switch t.Kind {
	case types.String, types.List, types.Map:
		if t.Fixed {
			return cx.storeElems(t, v, ptr)
		}
		begin, n, err := cx.storeBlock(t, v)
		if err == nil {
			storeInt(cx.mem, ptr, begin)
			storeInt(cx.mem, ptr+4, n)
		}
		return err
	case types.Record, types.Tuple:
		vs, err := fieldValues(t, v)
		if err != nil {
			return err
		}
		return cx.storeFields(t, vs, ptr)
	case types.Variant, types.Enum, types.Option, types.Result:
		i, payload, err := caseOf(t, v)
		if err != nil {
			return err
		}
		cx.storeBits(ptr, t.DiscriminantSize(), i)
		if c := t.CaseType(int(i)); c != nil {
			return cx.store(c, payload, ptr+t.PayloadOffset())
		}
		return nil
	}
	bits, err := cx.bits(t, v)
	if err == nil {
		cx.storeBits(ptr, t.Size, bits)
	}
	return err
}

// bits lowers flags and handles.
func (cx *Context) bits(t *types.Type, v Value) (uint32, error) {
	switch t.Kind {
	case types.Flags:
		switch f := v.(type) {
		case FlagsValue:
			return uint32(f) & flagsMask(t), nil
		case []string:
			return flagsNamed(t, f)
		}
		return 0, mismatch(t, v)
	case types.Own, types.Borrow:
		if ref, ok := v.(Ref); ok {
			return cx.lowerHandle(t, ref)
		}
		return 0, mismatch(t, v)
	case types.Stream, types.Future:
		if cx.Handles == nil {
			return 0, errNoHandles
		}
		return cx.Handles.LowerChannel(t, v)
	}
	return 0, errUnsupported
}

// storeBlock lowers a string or list of any length; it returns the address and length.
func (cx *Context) storeBlock(t *types.Type, v Value) (ptr, length uint32, err error) {
	if t.Kind == types.String {
		switch s := v.(type) {
		case string:
			return cx.storeText(textOf(s))
		case Text:
			return cx.storeText(s)
		}
		return 0, 0, mismatch(t, v)
	}
	e := elemOf(t)
	n, err := listLen(t, v)
	if err != nil {
		return 0, 0, err
	}
	if ptr, err = cx.allocList(n, e.Size, e.Align); err != nil {
		return 0, 0, err
	}
	return ptr, uint32(n), cx.storeElems(t, v, ptr)
}

// listLen is the length of a list value.
func listLen(t *types.Type, v Value) (int, error) {
	n, ok := 0, false
	if num := numbers[elemOf(t).Kind]; num != nil {
		_, n, ok = num.data(v)
	}
	if vs, isValues := v.([]Value); isValues {
		n, ok = len(vs), true
	}
	switch {
	case !ok:
		return 0, mismatch(t, v)
	case t.Fixed && n != int(t.Len):
		return 0, hostErrorf("WIT list of %d elements, Go has %d", t.Len, n)
	}
	return n, nil
}

func (cx *Context) storeElems(t *types.Type, v Value, ptr uint32) error {
	n, err := listLen(t, v)
	if err != nil {
		return err
	}
	e := elemOf(t)
	if num := numbers[e.Kind]; num != nil {
		if p, _, ok := num.data(v); ok {
			return storeElems(cx, num.bare(), true, ptr, e.Size, n, p, uintptr(e.Size))
		}
	}
	for i, v := range v.([]Value) {
		if err := cx.store(e, v, ptr+uint32(i)*e.Size); err != nil {
			return err
		}
	}
	return nil
}

// lowerElems lowers a list of fixed length to flat values.
func (cx *Context) lowerElems(t *types.Type, v Value, flat []uint64) error {
	n, err := listLen(t, v)
	if err != nil {
		return err
	}
	e, slots := t.Elem, t.Elem.NumFlat
	if num := numbers[e.Kind]; num != nil {
		if p, _, ok := num.data(v); ok {
			for i := range n {
				if err := num.lower(cx, unsafe.Add(p, i*int(e.Size)), flat[i:]); err != nil {
					return err
				}
			}
			return nil
		}
	}
	for i, v := range v.([]Value) {
		if err := cx.lower(e, v, flat[i*slots:][:slots]); err != nil {
			return err
		}
	}
	return nil
}

func (cx *Context) lowerFields(t *types.Type, vs []Value, flat []uint64) error {
	if len(vs) != len(t.Fields) {
		return hostErrorf("%d values, want %d", len(vs), len(t.Fields))
	}
	for i, f := range t.Fields {
		if err := cx.lower(f.Type, vs[i], flat[:f.Type.NumFlat]); err != nil {
			return err
		}
		flat = flat[f.Type.NumFlat:]
	}
	return nil
}

func (cx *Context) storeFields(t *types.Type, vs []Value, ptr uint32) error {
	if len(vs) != len(t.Fields) {
		return hostErrorf("%d values, want %d", len(vs), len(t.Fields))
	}
	for i, f := range t.Fields {
		if err := cx.store(f.Type, vs[i], ptr+f.Offset); err != nil {
			return err
		}
	}
	return nil
}

// fieldValues are the values of a record or tuple.
func fieldValues(t *types.Type, v Value) ([]Value, error) {
	if t.Kind == types.Tuple {
		if vs, ok := v.(TupleValue); ok {
			return vs, nil
		}
		return nil, mismatch(t, v)
	}
	r, ok := v.(RecordValue)
	if !ok || len(r) != len(t.Fields) {
		return nil, mismatch(t, v)
	}
	vs := make([]Value, len(r))
	for i, f := range r {
		if f.Name != t.Fields[i].Name {
			return nil, hostErrorf("WIT field %s, Go has %s", t.Fields[i].Name, f.Name)
		}
		vs[i] = f.Value
	}
	return vs, nil
}

// caseOf is the case and payload of a variant, enum, option or result.
func caseOf(t *types.Type, v Value) (i uint32, payload Value, err error) {
	name, ok := "", false
	switch t.Kind {
	case types.Variant:
		var w VariantValue
		w, ok = v.(VariantValue)
		i, name, payload = w.Case, w.Name, w.Value
	case types.Enum:
		var e EnumValue
		e, ok = v.(EnumValue)
		i, name = e.Case, e.Name
	case types.Option:
		var o Option[Value]
		o, ok = v.(Option[Value])
		i, payload = uint32(bit(o.Some)), o.Value
	case types.Result:
		var r Result[Value, Value]
		if r, ok = v.(Result[Value, Value]); r.IsErr {
			i, payload = 1, r.Err
		} else {
			payload = r.Ok
		}
	}
	switch {
	case !ok:
		return 0, nil, mismatch(t, v)
	case name != "":
		i, err = caseNamed(t, i, name)
	case i >= uint32(t.NumCases()):
		err = hostErrorf("case %d of a %s of %d", i, typeName(t), t.NumCases())
	}
	return i, payload, err
}

// caseNamed finds a case by name; it is likely the one at hint.
func caseNamed(t *types.Type, hint uint32, name string) (uint32, error) {
	n := uint32(t.NumCases())
	if hint < n && caseName(t, hint) == name {
		return hint, nil
	}
	for i := range n {
		if caseName(t, i) == name {
			return i, nil
		}
	}
	return 0, hostErrorf("%s has no case %s", typeName(t), name)
}

func caseName(t *types.Type, i uint32) string {
	if t.Kind == types.Enum {
		return t.Labels[i]
	}
	return t.Cases[i].Name
}

// flagsNamed finds flags by their labels.
func flagsNamed(t *types.Type, labels []string) (f uint32, err error) {
	for _, l := range labels {
		i := slices.Index(t.Labels, l)
		if i < 0 {
			return 0, hostErrorf("flags have no label %s", l)
		}
		f |= 1 << i
	}
	return f, nil
}
