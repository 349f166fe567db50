package types

import "github.com/wasitls/wasitls/host/internal/core"

// MaxFlatResults and MaxFlatAsyncParams are MAX_FLAT_RESULTS and
// MAX_FLAT_ASYNC_PARAMS of the canonical ABI.
const (
	MaxFlatResults     = 1
	MaxFlatAsyncParams = 4
)

// flatten computes Flat and NumFlat ("Flattening" of the canonical ABI).
func (t *Type) flatten() {
	f := flattener{}
	switch t.Kind {
	case S64, U64:
		f.add(FlatI64)
	case F32:
		f.add(FlatF32)
	case F64:
		f.add(FlatF64)
	case String, Map:
		f.add(FlatI32, FlatI32)
	case List:
		if !t.Fixed {
			f.add(FlatI32, FlatI32)
			break
		}
		for i := uint32(0); i < min(t.Len, MaxFlat+1); i++ {
			f.addType(t.Elem)
		}
	case Record, Tuple:
		for i := range t.Fields {
			f.addType(t.Fields[i].Type)
		}
	case Variant, Enum, Option, Result:
		f.add(FlatI32)
		t.children(func(c *Type) { f.join(1, c) })
	default:
		f.add(FlatI32)
	}
	t.Flat, t.NumFlat = f.flat(), f.n
}

// flattener collects flat types up to MaxFlat; n counts one further.
type flattener struct {
	types [MaxFlat]FlatType
	n     int
}

func (f *flattener) add(ts ...FlatType) {
	for _, t := range ts {
		if f.n < MaxFlat {
			f.types[f.n] = t
		}
		f.n = min(f.n+1, MaxFlat+1)
	}
}

func (f *flattener) addType(t *Type) {
	if t.NumFlat > MaxFlat {
		f.n = MaxFlat + 1
		return
	}
	f.add(t.Flat...)
}

// join merges t as one of several payloads that begin at from.
func (f *flattener) join(from int, t *Type) {
	if from+t.NumFlat > MaxFlat {
		f.n = MaxFlat + 1
		return
	}
	for i, ft := range t.Flat {
		if at := from + i; at >= f.n {
			f.add(ft)
		} else {
			f.types[at] = joinFlat(f.types[at], ft)
		}
	}
}

func (f *flattener) flat() []FlatType {
	if f.n > MaxFlat {
		return nil
	}
	return append(make([]FlatType, 0, f.n), f.types[:f.n]...)
}

func joinFlat(a, b FlatType) FlatType {
	switch {
	case a == b:
		return a
	case a == FlatI32 && b == FlatF32, a == FlatF32 && b == FlatI32:
		return FlatI32
	}
	return FlatI64
}

// Core returns the core value type of a flat type.
func (f FlatType) Core() core.ValType {
	return [...]core.ValType{FlatI32: core.I32, FlatI64: core.I64, FlatF32: core.F32, FlatF64: core.F64}[f]
}

// FlatParams returns the flat types of the function's parameters, nil when
// there are more than MaxFlat, and their number, capped at MaxFlat+1.
func (f *Func) FlatParams() ([]FlatType, int) {
	var fl flattener
	for i := range f.Params {
		fl.addType(f.Params[i].Type)
	}
	return fl.flat(), fl.n
}

// FlatResult returns the flat types of the result and their number, like FlatParams.
func (f *Func) FlatResult() ([]FlatType, int) {
	if f.Result == nil {
		return []FlatType{}, 0
	}
	return f.Result.Flat, f.Result.NumFlat
}

// FlattenFunc returns the core type of the function when it is lowered (a core
// module calls it) or lifted (a core module implements it), in the synchronous
// or the asynchronous form (flatten_functype of the canonical ABI). The
// asynchronous lift is the one with a callback; without a callback it has no
// results.
func FlattenFunc(f *Func, lower, async bool) core.FuncType {
	params, np := f.FlatParams()
	results, nr := f.FlatResult()
	maxParams := MaxFlat
	if lower && async {
		maxParams = MaxFlatAsyncParams
	}
	if np > maxParams {
		params = []FlatType{FlatI32}
	}
	switch {
	case async && lower:
		if nr > 0 {
			params = append(params[:len(params):len(params)], FlatI32)
		}
		results = []FlatType{FlatI32}
	case async:
		results = []FlatType{FlatI32}
	case nr > MaxFlatResults && lower:
		params = append(params[:len(params):len(params)], FlatI32)
		results = nil
	case nr > MaxFlatResults:
		results = []FlatType{FlatI32}
	}
	return core.FuncType{Params: coreTypes(params), Results: coreTypes(results)}
}

func coreTypes(flat []FlatType) []core.ValType {
	ts := make([]core.ValType, len(flat))
	for i, f := range flat {
		ts[i] = f.Core()
	}
	return ts
}
