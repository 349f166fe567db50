package abi

import "github.com/wasitls/wasitls/host/internal/types"

var kindNames = [...]string{
	types.Bool: "bool", types.S8: "s8", types.U8: "u8", types.S16: "s16", types.U16: "u16",
	types.S32: "s32", types.U32: "u32", types.S64: "s64", types.U64: "u64", types.F32: "f32", types.F64: "f64",
	types.Char: "char", types.String: "string", types.ErrorContext: "error-context",
	types.Record: "record", types.Variant: "variant", types.List: "list", types.Tuple: "tuple",
	types.Flags: "flags", types.Enum: "enum", types.Option: "option", types.Result: "result",
	types.Own: "own", types.Borrow: "borrow", types.Stream: "stream", types.Future: "future", types.Map: "map",
}

// typeName names a type in messages, one level deep.
func typeName(t *types.Type) string {
	name := kindNames[t.Kind]
	switch t.Kind {
	case types.List, types.Option:
		return name + "<" + kindNames[t.Elem.Kind] + ">"
	case types.Own, types.Borrow:
		return name + "<" + t.Resource.Name + ">"
	}
	return name
}
