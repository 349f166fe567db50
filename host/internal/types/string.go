package types

import (
	"fmt"
	"strings"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
)

var kindNames = [...]string{
	Bool: "bool", S8: "s8", U8: "u8", S16: "s16", U16: "u16", S32: "s32", U32: "u32", S64: "s64", U64: "u64",
	F32: "f32", F64: "f64", Char: "char", String: "string", ErrorContext: "error-context",
	Record: "record", Variant: "variant", List: "list", Tuple: "tuple", Flags: "flags", Enum: "enum",
	Option: "option", Result: "result", Own: "own", Borrow: "borrow", Stream: "stream", Future: "future", Map: "map",
}

// String returns the keyword of the kind in WIT.
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", k)
}

// String returns the sort's keyword.
func (s Sort) String() string {
	switch s {
	case SortModule:
		return "module"
	case SortFunc:
		return "func"
	case SortValue:
		return "value"
	case SortType:
		return "type"
	case SortComponent:
		return "component"
	case SortInstance:
		return "instance"
	}
	return fmt.Sprintf("sort(%d)", s)
}

// maxText bounds what String writes of one type.
const maxText = 1000

// String returns the type in WIT notation: by its name, if it has one, or else
// with its members. A very long type is cut off with "…".
func (t *Type) String() string {
	var w writer
	w.typ(t)
	return w.String()
}

// Definition returns the type in WIT notation with its members, even if it has
// a name.
func (t *Type) Definition() string {
	var w writer
	w.definition(t)
	return w.String()
}

// String returns the function type in WIT notation, as "func(name: type) -> type".
func (f *Func) String() string {
	var w writer
	w.fn(f)
	return w.String()
}

// String returns a short form of the type: function types and the definition
// of value types in WIT notation, resources and the other sorts by their
// keyword.
func (e ExternType) String() string {
	switch {
	case e.Resource != nil:
		return "resource"
	case e.Func != nil:
		return e.Func.String()
	case e.Value != nil:
		return e.Value.Definition()
	}
	return e.typeKind()
}

// typeKind says what sort of thing the type is of.
func (e ExternType) typeKind() string {
	switch {
	case e.Resource != nil:
		return "resource"
	case e.Value != nil:
		return "defined type " + e.Value.Kind.String()
	case e.Func != nil:
		return "func"
	case e.Instance != nil:
		return "instance"
	case e.Component != nil:
		return "component"
	case e.Module != nil:
		return "module"
	}
	return e.Sort.String()
}

// writer writes up to maxText bytes.
type writer struct{ b strings.Builder }

func (w *writer) full() bool { return w.b.Len() >= maxText }

func (w *writer) String() string {
	if w.full() {
		return w.b.String() + "…"
	}
	return w.b.String()
}

func (w *writer) put(ss ...string) {
	for _, s := range ss {
		if !w.full() {
			w.b.WriteString(s)
		}
	}
}

// list writes n items between brackets, separated by commas.
func (w *writer) list(open, end string, n int, item func(i int)) {
	w.put(open)
	for i := 0; i < n && !w.full(); i++ {
		if i > 0 {
			w.put(", ")
		}
		item(i)
	}
	w.put(end)
}

func (w *writer) typ(t *Type) {
	switch {
	case t == nil:
		w.put("_")
	case t.Name != "":
		w.put(t.Name)
	case !w.full():
		w.definition(t)
	}
}

func (w *writer) definition(t *Type) {
	w.put(t.Kind.String())
	switch t.Kind {
	case Record:
		w.list(" { ", " }", len(t.Fields), func(i int) { w.put(t.Fields[i].Name, ": "); w.typ(t.Fields[i].Type) })
	case Tuple:
		w.list("<", ">", len(t.Fields), func(i int) { w.typ(t.Fields[i].Type) })
	case Variant:
		w.list(" { ", " }", len(t.Cases), func(i int) {
			w.put(t.Cases[i].Name)
			if t.Cases[i].Type != nil {
				w.put("(")
				w.typ(t.Cases[i].Type)
				w.put(")")
			}
		})
	case Flags, Enum:
		w.list(" { ", " }", len(t.Labels), func(i int) { w.put(t.Labels[i]) })
	case List:
		w.put("<")
		w.typ(t.Elem)
		if t.Fixed {
			w.put(fmt.Sprintf(", %d", t.Len))
		}
		w.put(">")
	case Map:
		w.list("<", ">", 2, func(i int) { w.typ([]*Type{t.Key, t.Elem}[i]) })
	case Result:
		w.result(t)
	case Own, Borrow:
		w.put("<", t.Resource.Name, ">")
	case Option, Stream, Future:
		if t.Elem != nil {
			w.list("<", ">", 1, func(int) { w.typ(t.Elem) })
		}
	}
}

func (w *writer) result(t *Type) {
	switch {
	case t.Err != nil:
		w.list("<", ">", 2, func(i int) { w.typ([]*Type{t.Ok, t.Err}[i]) })
	case t.Ok != nil:
		w.list("<", ">", 1, func(int) { w.typ(t.Ok) })
	}
}

func (w *writer) fn(f *Func) {
	if f.Async {
		w.put("async ")
	}
	w.list("func(", ")", len(f.Params), func(i int) { w.put(f.Params[i].Name, ": "); w.typ(f.Params[i].Type) })
	if f.Result != nil {
		w.put(" -> ")
		w.typ(f.Result)
	}
}

func kindName(k core.Kind) string {
	return [...]string{core.Func: "func", core.Table: "table", core.Memory: "memory", core.Global: "global", core.Tag: "tag"}[k]
}

func valName(v core.ValType) string {
	switch v {
	case core.I32:
		return "i32"
	case core.I64:
		return "i64"
	case core.F32:
		return "f32"
	case core.F64:
		return "f64"
	case core.V128:
		return "v128"
	case core.FuncRef:
		return "funcref"
	case core.ExtRef:
		return "externref"
	case binary.OtherVal:
		return "reference"
	}
	return fmt.Sprintf("type(%#x)", byte(v))
}

func valNames(vs []core.ValType) string {
	var w writer
	w.list("[", "]", len(vs), func(i int) { w.put(valName(vs[i])) })
	return w.String()
}

func coreFuncName(f *core.FuncType) string {
	return "(func " + valNames(f.Params) + " -> " + valNames(f.Results) + ")"
}
