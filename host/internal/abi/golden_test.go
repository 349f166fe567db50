package abi

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"strconv"
	"testing"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/types"
)

// golden is testdata/spec.json.
type golden struct {
	Layout []struct {
		Type        goldenType
		Size, Align uint32
		Flat        []string
	}
	Lower []struct {
		Type         goldenType
		Value        any
		Encoding     string
		Size         int
		Stored, Heap string
		Calls        [][]uint32
		Flat         []string
	}
	Lift []struct {
		Type     goldenType
		Encoding string
		Mem      string
		Flat     []string
		Ptr      uint32
		Value    any
		Trap     bool
	}
	Text []struct {
		Text, From, To string
		Calls          [][]uint32
		Ptr, Length    uint32
		Heap           string
	}
}

// heapStart is where the allocator of the golden runs starts.
const heapStart = 4096

func loadGolden(t *testing.T) *golden {
	t.Helper()
	data, err := os.ReadFile("testdata/spec.json")
	if err != nil {
		t.Fatal(err)
	}
	g := &golden{}
	if err := json.Unmarshal(data, g); err != nil {
		t.Fatal(err)
	}
	return g
}

// goldenType decodes the way types are written in the file.
type goldenType struct{ *types.Type }

func (g *goldenType) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	g.Type = typeOf(v)
	return nil
}

func typeOf(v any) *types.Type {
	switch v := v.(type) {
	case nil:
		return nil
	case string:
		for k := types.Bool; k <= types.String; k++ {
			if k.String() == v {
				return prim(k)
			}
		}
	case map[string]any:
		for form, arg := range v {
			if t := formOf(form, arg, v); t != nil {
				return t
			}
		}
	}
	panic(fmt.Sprintf("no type: %v", v))
}

func formOf(form string, arg any, v map[string]any) *types.Type {
	switch form {
	case "list":
		if n, ok := v["n"]; ok {
			return types.NewFixedList(typeOf(arg), uint32(n.(float64)))
		}
		return types.NewList(typeOf(arg))
	case "record":
		var fs []types.Field
		for _, f := range arg.([]any) {
			fs = append(fs, types.Field{Name: f.([]any)[0].(string), Type: typeOf(f.([]any)[1])})
		}
		return types.NewRecord(fs)
	case "tuple":
		var es []*types.Type
		for _, e := range arg.([]any) {
			es = append(es, typeOf(e))
		}
		return types.NewTuple(es...)
	case "variant":
		var cs []types.Case
		for _, c := range arg.([]any) {
			cs = append(cs, types.Case{Name: c.([]any)[0].(string), Type: typeOf(c.([]any)[1])})
		}
		return types.NewVariant(cs)
	case "enum":
		return types.NewEnum(numbered(int(arg.(float64))))
	case "flags":
		return types.NewFlags(numbered(int(arg.(float64))))
	case "option":
		return types.NewOption(typeOf(arg))
	case "result":
		return types.NewResult(typeOf(arg.([]any)[0]), typeOf(arg.([]any)[1]))
	case "map":
		return types.NewMap(typeOf(arg.([]any)[0]), typeOf(arg.([]any)[1]))
	}
	return nil
}

func numbered(n int) []string {
	ls := make([]string, n)
	for i := range ls {
		ls[i] = "l" + strconv.Itoa(i)
	}
	return ls
}

// valueOf decodes the way values are written in the file.
func valueOf(t *types.Type, v any) Value {
	if t == nil {
		return nil
	}
	number := func(base int) uint64 {
		u, err := strconv.ParseUint(v.(string), base, 64)
		if err != nil {
			i, err := strconv.ParseInt(v.(string), base, 64)
			if err != nil {
				panic(err)
			}
			u = uint64(i)
		}
		return u
	}
	switch t.Kind {
	case types.Bool, types.String:
		return v
	case types.S8:
		return int8(number(10))
	case types.U8:
		return uint8(number(10))
	case types.S16:
		return int16(number(10))
	case types.U16:
		return uint16(number(10))
	case types.S32:
		return int32(number(10))
	case types.U32:
		return uint32(number(10))
	case types.S64:
		return int64(number(10))
	case types.U64:
		return number(10)
	case types.F32:
		return math.Float32frombits(uint32(number(16)))
	case types.F64:
		return math.Float64frombits(number(16))
	case types.Char:
		return Char(number(10))
	case types.Flags:
		return FlagsValue(number(10))
	}
	vs := v.([]any)
	switch t.Kind {
	case types.List, types.Map:
		return listOf(elemOf(t), vs)
	case types.Record, types.Tuple:
		var out []Value
		for i, f := range t.Fields {
			out = append(out, valueOf(f.Type, vs[i]))
		}
		return recordValue(t, out)
	}
	i := int(vs[0].(float64))
	return caseValue(t, uint32(i), valueOf(t.CaseType(i), vs[1]))
}

func listOf(e *types.Type, vs []any) Value {
	if num := numbers[e.Kind]; num != nil {
		s, _ := num.slice(len(vs))
		for i, v := range vs {
			reflect.ValueOf(s).Index(i).Set(reflect.ValueOf(valueOf(e, v)))
		}
		return s
	}
	out := make([]Value, len(vs))
	for i, v := range vs {
		out[i] = valueOf(e, v)
	}
	return out
}

var encodings = map[string]binary.Encoding{"utf8": binary.UTF8, "utf16": binary.UTF16, "latin1+utf16": binary.Latin1UTF16}

// same compares values; NaNs, of which there is one, are equal.
func same(a, b Value) bool { return fmt.Sprintf("%#v", a) == fmt.Sprintf("%#v", b) }

func TestGoldenLayout(t *testing.T) {
	names := []string{types.FlatI32: "i32", types.FlatI64: "i64", types.FlatF32: "f32", types.FlatF64: "f64"}
	for i, l := range loadGolden(t).Layout {
		var flat []string
		for _, f := range l.Type.Flat {
			flat = append(flat, names[f])
		}
		if l.Type.Size != l.Size || l.Type.Align != l.Align || !reflect.DeepEqual(flat, l.Flat) {
			t.Errorf("%d %s: size %d align %d flat %v, want %d, %d, %v", i, typeName(l.Type.Type), l.Type.Size, l.Type.Align, flat, l.Size, l.Align, l.Flat)
		}
	}
}

func TestGoldenLower(t *testing.T) {
	for i, l := range loadGolden(t).Lower {
		v := valueOf(l.Type.Type, l.Value)
		enc := encodings[l.Encoding]
		g := newGuest(heapStart)
		g.next = heapStart
		if err := Store(g.context(enc), l.Type.Type, v, 0); err != nil {
			t.Errorf("%d %s: %v", i, typeName(l.Type.Type), err)
			continue
		}
		check := func(what string, got, want any) {
			t.Helper()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d %s %v: %s %v, want %v", i, typeName(l.Type.Type), l.Value, what, got, want)
			}
		}
		check("stored", hex.EncodeToString(g.mem[:l.Size]), l.Stored)
		check("heap", hex.EncodeToString(g.mem[heapStart:g.next]), l.Heap)
		check("calls", append([][]uint32{}, g.calls...), l.Calls)
		back, err := Load(g.context(enc), l.Type.Type, 0)
		if err != nil || !same(back, v) {
			t.Errorf("%d: loaded %#v (%v), want %#v", i, back, err, v)
		}
		if l.Flat == nil {
			continue
		}
		g = newGuest(heapStart)
		g.next = heapStart
		flat, err := LowerValues(g.context(enc), MaxFlatParams, types.NewTuple(l.Type.Type), []Value{v}, nil, nil)
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		var hexes []string
		for _, f := range flat {
			hexes = append(hexes, strconv.FormatUint(f, 16))
		}
		check("flat", hexes, l.Flat)
		check("flat heap", hex.EncodeToString(g.mem[heapStart:g.next]), l.Heap)
		back, err = Lift(g.context(enc), l.Type.Type, flat)
		if err != nil || !same(back, v) {
			t.Errorf("%d: lifted %#v (%v), want %#v", i, back, err, v)
		}
	}
}

func TestGoldenLift(t *testing.T) {
	for i, l := range loadGolden(t).Lift {
		g := newGuest(0)
		g.mem, _ = hex.DecodeString(l.Mem)
		cx := g.context(encodings[l.Encoding])
		var got Value
		var err error
		if l.Flat != nil {
			var flat []uint64
			for _, f := range l.Flat {
				u, _ := strconv.ParseUint(f, 16, 64)
				flat = append(flat, u)
			}
			got, err = Lift(cx, l.Type.Type, flat)
		} else {
			got, err = Load(cx, l.Type.Type, l.Ptr)
		}
		if l.Trap {
			if _, ok := err.(*Error); !ok {
				t.Errorf("%d %s: got %#v, %v, want a trap", i, typeName(l.Type.Type), got, err)
			}
			continue
		}
		if want := valueOf(l.Type.Type, l.Value); err != nil || !same(got, want) {
			t.Errorf("%d %s: got %#v, %v, want %#v", i, typeName(l.Type.Type), got, err, want)
		}
	}
}

func TestGoldenText(t *testing.T) {
	for _, l := range loadGolden(t).Text {
		src := Text{Data: []byte(l.Text)}
		switch l.From {
		case "utf16":
			src = Text{Encoding: binary.UTF16, Data: appendUTF16(nil, l.Text)}
		case "tagged":
			src = Text{Encoding: binary.Latin1UTF16, Wide: true, Data: appendUTF16(nil, l.Text)}
		case "latin1":
			src = Text{Encoding: binary.Latin1UTF16, Data: nil}
			for _, r := range l.Text {
				src.Data = append(src.Data, byte(r))
			}
		}
		g := newGuest(heapStart)
		g.next = heapStart
		flat := make([]uint64, 2)
		if err := Lower(g.context(encodings[l.To]), prim(types.String), src, flat); err != nil {
			t.Errorf("%q %s to %s: %v", l.Text, l.From, l.To, err)
			continue
		}
		if !reflect.DeepEqual(g.calls, l.Calls) {
			t.Errorf("%q %s to %s: calls %v, want %v", l.Text, l.From, l.To, g.calls, l.Calls)
		}
		if got := hex.EncodeToString(g.mem[heapStart:g.next]); got != l.Heap || flat[0] != uint64(l.Ptr) || flat[1] != uint64(l.Length) {
			t.Errorf("%q %s to %s: %x %s, want %x %x %s", l.Text, l.From, l.To, flat, got, l.Ptr, l.Length, l.Heap)
		}
		cx := g.context(encodings[l.To])
		cx.KeepText = true
		kept, err := Lift(cx, prim(types.String), flat)
		if text, ok := kept.(Text); err != nil || !ok || text.String() != l.Text || text.Encoding != encodings[l.To] {
			t.Errorf("%q %s to %s: lifted %v, %v", l.Text, l.From, l.To, kept, err)
		}
	}
}
