package abi

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/types"
)

// pair is a component type with a Go type for it.
type pair struct {
	t *types.Type
	g reflect.Type
}

func pairOf[T any](t *types.Type) pair { return pair{t, reflect.TypeFor[T]()} }

func option[T any](t *types.Type) pair { return pairOf[Option[T]](types.NewOption(t)) }

func result[T, E any](ok, err *types.Type) pair {
	return pairOf[Result[T, E]](types.NewResult(ok, err))
}

// leaves are the types that random ones are made of. Go cannot instantiate
// generic types at run time, hence the options and results here.
var leaves = func() []pair {
	bytes := types.NewList(prim(types.U8))
	big := types.NewEnum(numbered(300))
	flags := types.NewFlags(numbered(12))
	return []pair{
		pairOf[bool](prim(types.Bool)), pairOf[int8](prim(types.S8)), pairOf[uint8](prim(types.U8)),
		pairOf[int16](prim(types.S16)), pairOf[uint16](prim(types.U16)), pairOf[int32](prim(types.S32)),
		pairOf[uint32](prim(types.U32)), pairOf[int64](prim(types.S64)), pairOf[uint64](prim(types.U64)),
		pairOf[float32](prim(types.F32)), pairOf[float64](prim(types.F64)), pairOf[Char](prim(types.Char)),
		pairOf[string](prim(types.String)), pairOf[[]byte](bytes),
		pairOf[uint8](types.NewEnum(numbered(3))), pairOf[uint16](big), pairOf[uint32](big),
		pairOf[uint16](flags), pairOf[uint64](flags), pairOf[uint32](types.NewFlags(numbered(32))),
		pairOf[mixed](mixedType()),
		option[string](prim(types.String)), option[uint8](prim(types.U8)), option[float64](prim(types.F64)),
		option[Option[uint32]](types.NewOption(prim(types.U32))), option[mixed](mixedType()),
		result[struct{}, struct{}](nil, nil), result[string, uint16](prim(types.String), big),
		result[[]byte, float32](bytes, prim(types.F32)), result[struct{}, int64](nil, prim(types.S64)),
		result[Char, Option[string]](prim(types.Char), types.NewOption(prim(types.String))),
	}
}()

// randomPair returns a random type of at most this depth.
func randomPair(r *rand.Rand, depth int) pair {
	if depth == 0 || r.IntN(4) == 0 {
		return leaves[r.IntN(len(leaves))]
	}
	switch r.IntN(6) {
	case 0:
		e := randomPair(r, depth-1)
		return pair{types.NewList(e.t), reflect.SliceOf(e.g)}
	case 1:
		e, n := randomPair(r, depth-1), 1+r.IntN(3)
		return pair{types.NewFixedList(e.t, uint32(n)), reflect.ArrayOf(n, e.g)}
	case 2:
		k := pairOf[string](prim(types.String))
		v := randomPair(r, depth-1)
		g := reflect.StructOf([]reflect.StructField{{Name: "T", Type: reflect.TypeFor[Tuple]()}, {Name: "K", Type: k.g}, {Name: "V", Type: v.g}})
		return pair{types.NewMap(k.t, v.t), reflect.SliceOf(g)}
	}
	return randomStruct(r, depth)
}

// randomStruct returns a random record, tuple or variant.
func randomStruct(r *rand.Rand, depth int) pair {
	var wit []types.Field
	var cases []types.Case
	var gos []reflect.StructField
	for i := range 1 + r.IntN(4) {
		p := randomPair(r, depth-1)
		name := fmt.Sprintf("f-%d", i)
		if r.IntN(5) == 0 {
			cases = append(cases, types.Case{Name: name})
			gos = append(gos, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: reflect.TypeFor[struct{}]()})
			wit = nil
			continue
		}
		wit = append(wit, types.Field{Name: name, Type: p.t})
		cases = append(cases, types.Case{Name: name, Type: p.t})
		gos = append(gos, reflect.StructField{Name: fmt.Sprintf("F%d", i), Type: p.g})
	}
	mark := func(g reflect.Type) reflect.Type {
		return reflect.StructOf(append([]reflect.StructField{{Name: "Mark", Type: g}}, gos...))
	}
	switch {
	case len(wit) != len(cases) || r.IntN(3) == 0:
		return pair{types.NewVariant(cases), mark(reflect.TypeFor[Case]())}
	case r.IntN(2) == 0:
		return pair{types.NewRecord(wit), reflect.StructOf(gos)}
	}
	elems := make([]*types.Type, len(wit))
	for i := range wit {
		elems[i] = wit[i].Type
	}
	return pair{types.NewTuple(elems...), mark(reflect.TypeFor[Tuple]())}
}

var runes = []rune{'a', 'z', 0x7f, 0x80, 'é', 'ÿ', 'Ā', 0x7ff, 0x800, '☃', 0xd7ff, 0xe000, 0xffff, 0x10000, '🍰', 0x10ffff}

// fill sets v to a random value of type t.
func fill(r *rand.Rand, t *types.Type, v reflect.Value) {
	switch t.Kind {
	case types.Bool:
		v.SetBool(r.IntN(2) == 0)
	case types.S8, types.S16, types.S32, types.S64:
		v.SetInt(int64(r.Uint64()) >> (64 - v.Type().Bits()) >> r.IntN(8))
	case types.U8, types.U16, types.U32, types.U64:
		v.SetUint(r.Uint64() >> (64 - v.Type().Bits()) >> r.IntN(8))
	case types.F32, types.F64:
		v.SetFloat([]float64{0, math.Copysign(0, -1), 1.5, math.Inf(1), float64(float32(r.NormFloat64()))}[r.IntN(5)])
	case types.Char:
		v.SetInt(int64(runes[r.IntN(len(runes))]))
	case types.String:
		set := runes[:[]int{2, 6, len(runes)}[r.IntN(3)]]
		s := make([]rune, r.IntN(6))
		for i := range s {
			s[i] = set[r.IntN(len(set))]
		}
		v.SetString(string(s))
	case types.Enum:
		v.SetUint(r.Uint64N(uint64(len(t.Labels))))
	case types.Flags:
		v.SetUint(r.Uint64() & uint64(flagsMask(t)))
	case types.List, types.Map:
		if n := r.IntN(4); !t.Fixed && n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range v.Len() {
			fill(r, elemOf(t), v.Index(i))
		}
	case types.Record, types.Tuple:
		skip := v.NumField() - len(t.Fields)
		for i, f := range t.Fields {
			fill(r, f.Type, v.Field(skip+i))
		}
	case types.Variant:
		i := r.IntN(len(t.Cases))
		v.Field(0).SetUint(uint64(i))
		fillCase(r, t.CaseType(i), v.Field(1+i))
	case types.Option:
		if r.IntN(2) == 0 {
			v.Field(0).SetBool(true)
			fill(r, t.Elem, v.Field(1))
		}
	case types.Result:
		i := r.IntN(2)
		v.Field(0).SetBool(i == 1)
		fillCase(r, t.CaseType(i), v.Field(1+i))
	}
}

func fillCase(r *rand.Rand, t *types.Type, v reflect.Value) {
	if t != nil {
		fill(r, t, v)
	}
}

func randomEncoding(r *rand.Rand) binary.Encoding { return binary.Encoding(r.IntN(3)) }
