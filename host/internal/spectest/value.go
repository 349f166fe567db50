package spectest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/wasitls/wasitls/host"
)

// value is a typed component value of a script.
type value struct {
	Type  string          `json:"type"`
	Case  string          `json:"case"`
	Value json.RawMessage `json:"value"`
}

// decode makes the dynamic value.
func (v value) decode() (host.Value, error) {
	switch v.Type {
	case "list", "tuple":
		var elems []value
		if err := json.Unmarshal(v.Value, &elems); err != nil {
			return nil, err
		}
		vs := make([]host.Value, len(elems))
		for i, e := range elems {
			var err error
			if vs[i], err = e.decode(); err != nil {
				return nil, err
			}
		}
		if v.Type == "tuple" {
			return host.TupleValue(vs), nil
		}
		return vs, nil
	case "record":
		return v.decodeRecord()
	case "variant":
		p, err := v.payload()
		return host.VariantValue{Name: v.Case, Value: p}, err
	case "option":
		p, err := v.payload()
		return host.Option[host.Value]{Some: p != nil, Value: p}, err
	case "result":
		p, err := v.payload()
		if v.Case == "err" {
			return host.Result[host.Value, host.Value]{IsErr: true, Err: p}, err
		}
		return host.Result[host.Value, host.Value]{Ok: p}, err
	}
	return v.scalar()
}

func (v value) decodeRecord() (host.Value, error) {
	var pairs [][2]json.RawMessage
	if err := json.Unmarshal(v.Value, &pairs); err != nil {
		return nil, err
	}
	r := make(host.RecordValue, len(pairs))
	for i, p := range pairs {
		var field value
		if err := errors.Join(json.Unmarshal(p[0], &r[i].Name), json.Unmarshal(p[1], &field)); err != nil {
			return nil, err
		}
		var err error
		if r[i].Value, err = field.decode(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// payload decodes the value of a case, nil if it has none.
func (v value) payload() (host.Value, error) {
	if len(v.Value) == 0 || string(v.Value) == "null" {
		return nil, nil
	}
	var p value
	if err := json.Unmarshal(v.Value, &p); err != nil {
		return nil, err
	}
	return p.decode()
}

func (v value) scalar() (host.Value, error) {
	var s string
	if v.Type == "flags" {
		var labels []string
		err := json.Unmarshal(v.Value, &labels)
		return labels, err
	}
	if err := json.Unmarshal(v.Value, &s); err != nil {
		return nil, err
	}
	switch v.Type {
	case "bool":
		return s == "true", nil
	case "string":
		return s, nil
	case "char":
		return host.Char([]rune(s)[0]), nil
	case "enum":
		return host.EnumValue{Name: s}, nil
	case "f32":
		f, err := strconv.ParseFloat(s, 32)
		return float32(f), err
	case "f64":
		return strconv.ParseFloat(s, 64)
	}
	return integer(v.Type, s)
}

func integer(typ, s string) (host.Value, error) {
	if len(typ) < 2 || !strings.Contains("su", typ[:1]) {
		return nil, fmt.Errorf("unknown type %q", typ)
	}
	bits, err := strconv.Atoi(typ[1:])
	if err != nil {
		return nil, fmt.Errorf("unknown type %q", typ)
	}
	if typ[0] == 'u' {
		n, err := strconv.ParseUint(s, 0, bits)
		return map[int]host.Value{8: uint8(n), 16: uint16(n), 32: uint32(n), 64: n}[bits], err
	}
	n, err := strconv.ParseInt(s, 0, bits)
	return map[int]host.Value{8: int8(n), 16: int16(n), 32: int32(n), 64: n}[bits], err
}

// match compares what a guest returned with what is expected.
func (v value) match(got host.Value) error {
	if v.Type == "flags" {
		return v.matchFlags(got)
	}
	want, err := v.decode()
	if err != nil {
		return err
	}
	if g, w := normal(got), normal(want); !same(g, w) {
		return fmt.Errorf("got %v, want %v", g, w)
	}
	return nil
}

// matchFlags counts labels: a flags value does not know its labels' names.
func (v value) matchFlags(got host.Value) error {
	var labels []string
	if err := json.Unmarshal(v.Value, &labels); err != nil {
		return err
	}
	f, ok := got.(host.FlagsValue)
	n := 0
	for x := uint32(f); x != 0; x &= x - 1 {
		n++
	}
	if !ok || n != len(labels) {
		return fmt.Errorf("got %v, want flags %v", got, labels)
	}
	return nil
}

// normal brings values that mean the same to the same Go form.
func normal(v host.Value) any {
	switch v := v.(type) {
	case host.EnumValue:
		return v.Name
	case host.VariantValue:
		return []any{v.Name, normal(v.Value)}
	case host.Option[host.Value]:
		return []any{v.Some, normal(v.Value)}
	case host.Result[host.Value, host.Value]:
		return []any{v.IsErr, normal(v.Ok), normal(v.Err)}
	case host.RecordValue:
		out := make([]any, len(v))
		for i, f := range v {
			out[i] = []any{f.Name, normal(f.Value)}
		}
		return out
	case float32:
		return float64(v)
	}
	if r := reflect.ValueOf(v); r.Kind() == reflect.Slice {
		out := make([]any, r.Len())
		for i := range out {
			out[i] = normal(r.Index(i).Interface())
		}
		return out
	}
	return v
}

// same is equality in which all NaNs are one.
func same(a, b any) bool {
	if x, ok := a.(float64); ok {
		y, ok := b.(float64)
		return ok && (x == y || math.IsNaN(x) && math.IsNaN(y))
	}
	x, ok := a.([]any)
	if !ok {
		return a == b
	}
	y, ok := b.([]any)
	return ok && slices.EqualFunc(x, y, same)
}

// matchText wants a message that says what the script expects.
func matchText(err error, text string) error {
	want := strings.ToLower(strings.TrimPrefix(text, "wasm trap: "))
	if strings.Contains(strings.ToLower(err.Error()), want) {
		return nil
	}
	return fmt.Errorf("trapped with another message: %w; want %q", err, text)
}
