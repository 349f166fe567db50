package abi

import (
	"reflect"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

// Plan moves values of one component type to and from Go values of one type.
// It is immutable and safe for concurrent use.
type Plan struct {
	t *types.Type
	c codec
}

// Compile makes the plan for t and g. What it lifts shares nothing with the
// guest's memory. An error names the place where the types do not fit.
func Compile(t *types.Type, g reflect.Type, r Resolver) (*Plan, error) {
	c, err := (&compiler{resolve: r}).compile(t, g)
	if err != nil {
		return nil, err
	}
	return &Plan{t, c}, nil
}

// Lift lifts the value that starts flat into *dst, which is zero.
func (p *Plan) Lift(cx *Context, flat []uint64, dst unsafe.Pointer) error {
	if err := checkFlat(flat, p.t.NumFlat); err != nil {
		return err
	}
	cx.begin()
	return p.c.lift(cx, flat[:p.t.NumFlat], dst)
}

// Lower lowers *src into the first slots of flat.
func (p *Plan) Lower(cx *Context, src unsafe.Pointer, flat []uint64) error {
	if err := checkFlat(flat, p.t.NumFlat); err != nil {
		return err
	}
	cx.begin()
	return p.c.lower(cx, src, flat[:p.t.NumFlat])
}

// Load lifts the value at ptr in the guest's memory into *dst, which is zero.
func (p *Plan) Load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	cx.begin()
	if err := cx.checkSpill(p.t, ptr, 0); err != nil {
		return err
	}
	return p.c.load(cx, ptr, dst)
}

// Store lowers *src to ptr in the guest's memory.
func (p *Plan) Store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	cx.begin()
	if err := cx.check(ptr, p.t.Align, uint64(p.t.Size), errPointer); err != nil {
		return err
	}
	return p.c.store(cx, src, ptr)
}

func checkFlat(flat []uint64, n int) error {
	if n > types.MaxFlat || len(flat) < n {
		return hostErrorf("%d flat values, want %d", len(flat), n)
	}
	return nil
}

// checkSpill checks the address of a value that the guest passes in memory,
// and charges the budget; held is what it takes in Go, if that is up to the guest.
func (cx *Context) checkSpill(t *types.Type, ptr uint32, held uint64) error {
	if err := cx.check(ptr, t.Align, uint64(t.Size), errPointer); err != nil {
		return err
	}
	return cx.charge(max(uint64(t.Size), held))
}

// FuncPlan moves the parameters and the result of one function type. For a
// host function that is LiftArgs and LowerResult, for a call of a guest's
// export LowerArgs and LiftResult. It is immutable and safe for concurrent use.
type FuncPlan struct {
	params *types.Type // tuple
	result *types.Type // nil where there is none
	args   codec
	res    codec
}

// CompileFunc makes the plan for f, whose parameters are the fields of the
// struct type args in order, and whose result is a Go value of type result: an
// empty struct if f has none. A []byte in the parameters, however deep, shares
// the guest's memory when lifted: it is valid until the guest runs again, and
// lowering a result runs the guest's realloc, so no result may refer to it.
//
// Fields of records and cases of variants go by their name: the Go name
// without regard to case and dashes, or the tag `wit:"name"`. An error names
// the place where the types do not fit.
func CompileFunc(f *types.Func, args, result reflect.Type, r Resolver) (*FuncPlan, error) {
	return compileFunc(f, args, result, r, true)
}

// CompileAsyncFunc is CompileFunc for a function that keeps its arguments:
// nothing of them shares the guest's memory.
func CompileAsyncFunc(f *types.Func, args, result reflect.Type, r Resolver) (*FuncPlan, error) {
	return compileFunc(f, args, result, r, false)
}

func compileFunc(f *types.Func, args, result reflect.Type, r Resolver, alias bool) (*FuncPlan, error) {
	p := &FuncPlan{params: ParamTuple(f), result: f.Result}
	if args.Kind() != reflect.Struct {
		return nil, (&compiler{}).fail("parameters: Go %v is not a struct", args)
	}
	var err error
	if p.args, err = (&compiler{resolve: r, alias: alias}).fields(p.params, args, 0, "param"); err != nil {
		return nil, err
	}
	c := &compiler{resolve: r}
	if f.Result == nil {
		if result.Kind() != reflect.Struct || result.NumField() != 0 {
			return nil, c.fail("result: WIT has none, Go %v", result)
		}
		return p, nil
	}
	p.res, err = c.at("result", f.Result, result)
	return p, err
}

// ParamTuple is the tuple of a function's parameters, whose fields keep their
// names.
func ParamTuple(f *types.Func) *types.Type {
	return types.NewRecord(append([]types.Field(nil), f.Params...))
}

// ResultTuple is the tuple of a function's result: of one element or none.
func ResultTuple(f *types.Func) *types.Type {
	if f.Result == nil {
		return types.NewTuple()
	}
	return types.NewTuple(f.Result)
}

// LiftArgs lifts the parameters into the zeroed struct *args. They are flat if
// they are at most maxFlat values, else in memory.
func (p *FuncPlan) LiftArgs(cx *Context, maxFlat int, flat []uint64, args unsafe.Pointer) error {
	cx.begin()
	return liftSpilled(cx, p.params, p.args, maxFlat, flat, args)
}

// LowerResult lowers *result for the guest that called. flat are the flat
// parameters of the call; the last of them is the address where a result goes
// that needs more than maxFlat flat values, which is 1 or 0. It returns the
// flat result, and n = 0 if there is none.
func (p *FuncPlan) LowerResult(cx *Context, maxFlat int, flat []uint64, result unsafe.Pointer) (value uint64, n int, err error) {
	if p.result == nil {
		return 0, 0, nil
	}
	cx.begin()
	if p.result.NumFlat <= maxFlat {
		var out [MaxFlatResults]uint64
		err = p.res.lower(cx, result, out[:p.result.NumFlat])
		return out[0], p.result.NumFlat, err
	}
	if len(flat) == 0 {
		return 0, 0, hostErrorf("no address for the result")
	}
	ptr := uint32(flat[len(flat)-1])
	if err := cx.check(ptr, p.result.Align, uint64(p.result.Size), errPointer); err != nil {
		return 0, 0, err
	}
	return 0, 0, p.res.store(cx, result, ptr)
}

// LowerArgs lowers the parameters in the struct *args for a guest's function
// and appends the flat values to flat, which has room for MaxFlatParams in a
// caller that allocates nothing.
func (p *FuncPlan) LowerArgs(cx *Context, args unsafe.Pointer, flat []uint64) ([]uint64, error) {
	cx.begin()
	if n := p.params.NumFlat; n <= MaxFlatParams {
		flat = append(flat, make([]uint64, n)...)
		return flat, p.args.lower(cx, args, flat[len(flat)-n:])
	}
	ptr, err := cx.alloc(p.params.Align, p.params.Size)
	if err != nil {
		return nil, err
	}
	return append(flat, uint64(ptr)), p.args.store(cx, args, ptr)
}

// LiftResult lifts the result of a guest's function into the zeroed value
// *result. It is in flat, or in memory at flat[0] if it takes more than maxFlat
// flat values: MaxFlatResults for what a function returned, MaxFlatParams for
// what it passed to task.return. It shares nothing with the guest's memory.
func (p *FuncPlan) LiftResult(cx *Context, maxFlat int, flat []uint64, result unsafe.Pointer) error {
	if p.result == nil {
		return nil
	}
	cx.begin()
	return liftSpilled(cx, p.result, p.res, maxFlat, flat, result)
}

// liftSpilled lifts a value that is flat, or in memory if that would take more
// than maxFlat values.
func liftSpilled(cx *Context, t *types.Type, c codec, maxFlat int, flat []uint64, dst unsafe.Pointer) error {
	if n := t.NumFlat; n <= maxFlat {
		if err := checkFlat(flat, n); err != nil {
			return err
		}
		return c.lift(cx, flat[:n], dst)
	}
	if err := checkFlat(flat, 1); err != nil {
		return err
	}
	ptr := uint32(flat[0])
	if err := cx.checkSpill(t, ptr, 0); err != nil {
		return err
	}
	return c.load(cx, ptr, dst)
}
