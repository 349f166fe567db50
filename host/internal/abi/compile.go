package abi

import (
	"fmt"
	"reflect"
	"strings"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

// Labeler is implemented by Go types of enums and flags that know the labels
// of their values; compiling a plan compares them with the component's type.
type Labeler interface{ Labels() []string }

// compiler compiles codecs.
type compiler struct {
	resolve Resolver
	alias   bool     // []byte may share the guest's memory
	path    []string // of the value being compiled, for errors
}

// at compiles below a step of the path.
func (c *compiler) at(step string, t *types.Type, g reflect.Type) (codec, error) {
	c.path = append(c.path, step)
	cd, err := c.compile(t, g)
	if err == nil {
		c.path = c.path[:len(c.path)-1]
	}
	return cd, err
}

// fail is the error for what the path leads to.
func (c *compiler) fail(format string, args ...any) error {
	path := strings.Join(c.path, " ")
	if path != "" {
		path += ": "
	}
	return fmt.Errorf("abi: %s%s", path, fmt.Sprintf(format, args...))
}

func (c *compiler) mismatch(t *types.Type, g reflect.Type) error {
	return c.fail("WIT %s, Go %v", typeName(t), g)
}

// typeName names a type in messages: in WIT notation, but without members.
func typeName(t *types.Type) string {
	switch t.Kind {
	case types.Record, types.Variant, types.Enum, types.Flags:
		return t.Kind.String()
	}
	return t.String()
}

// scalarKinds are the component types that one kind of Go types stands for.
var scalarKinds = map[types.Kind]struct {
	kind  reflect.Kind
	codec codec
}{
	types.Bool:   {reflect.Bool, boolCodec{}},
	types.S8:     {reflect.Int8, intCodec[int8]{}},
	types.U8:     {reflect.Uint8, intCodec[uint8]{}},
	types.S16:    {reflect.Int16, intCodec[int16]{}},
	types.U16:    {reflect.Uint16, intCodec[uint16]{}},
	types.S32:    {reflect.Int32, intCodec[int32]{}},
	types.U32:    {reflect.Uint32, intCodec[uint32]{}},
	types.S64:    {reflect.Int64, intCodec[int64]{}},
	types.U64:    {reflect.Uint64, intCodec[uint64]{}},
	types.F32:    {reflect.Float32, f32Codec{}},
	types.F64:    {reflect.Float64, f64Codec{}},
	types.Char:   {reflect.Int32, charCodec{}},
	types.String: {reflect.String, stringCodec{}},
}

func (c *compiler) compile(t *types.Type, g reflect.Type) (codec, error) {
	if s, ok := scalarKinds[t.Kind]; ok {
		if g.Kind() != s.kind || (g == reflect.TypeFor[Char]()) != (t.Kind == types.Char) {
			return nil, c.mismatch(t, g)
		}
		return s.codec, nil
	}
	switch t.Kind {
	case types.List, types.Map:
		return c.list(t, g)
	case types.Record, types.Tuple:
		return c.record(t, g)
	case types.Variant:
		return c.variant(t, g)
	case types.Option:
		return c.option(t, g)
	case types.Result:
		return c.result(t, g)
	case types.Enum:
		return c.enum(t, g)
	case types.Flags:
		return c.flags(t, g)
	case types.Own, types.Borrow:
		return c.handle(t, g)
	case types.Stream, types.Future:
		return c.channel(t, g)
	}
	return nil, c.fail("WIT %s is not supported", typeName(t))
}

func (c *compiler) record(t *types.Type, g reflect.Type) (codec, error) {
	if g.Kind() != reflect.Struct {
		return nil, c.mismatch(t, g)
	}
	first := 0
	if tuple := g.NumField() > 0 && g.Field(0).Type == reflect.TypeFor[Tuple](); tuple != (t.Kind == types.Tuple) {
		return nil, c.mismatch(t, g)
	} else if tuple {
		first = 1
	}
	return c.fields(t, g, first, "field")
}

// fields compiles the fields of a record, tuple or parameter list t, for the
// Go struct's fields from first on.
func (c *compiler) fields(t *types.Type, g reflect.Type, first int, what string) (codec, error) {
	if n := g.NumField() - first; n != len(t.Fields) {
		return nil, c.fail("WIT has %d %ss, Go %v has %d", len(t.Fields), what, g, n)
	}
	r := &record{size: t.Size}
	sizes := make([]uint32, len(t.Fields))
	flat := 0
	for i, f := range t.Fields {
		gf := g.Field(first + i)
		if err := c.checkName(what, f.Name, gf); err != nil {
			return nil, err
		}
		cd, err := c.at(step(what, i, f.Name), f.Type, gf.Type)
		if err != nil {
			return nil, err
		}
		r.fields = append(r.fields, field{cd, f.Offset, flat, f.Type.NumFlat, gf.Offset})
		sizes[i] = f.Type.Size
		flat += f.Type.NumFlat
	}
	r.bulk = r.noPadding(sizes, g.Size())
	return r, nil
}

func step(what string, i int, name string) string {
	switch {
	case name == "":
		return fmt.Sprintf("%s %d", what, i+1)
	case what == "param":
		return fmt.Sprintf("param %d (%s)", i+1, name)
	}
	return what + " " + name
}

// checkName checks the name of a Go field. Parameters go by their order alone,
// unless they have a tag.
func (c *compiler) checkName(what, name string, f reflect.StructField) error {
	if tag, ok := f.Tag.Lookup("wit"); ok {
		if tag != name {
			return c.fail("WIT %s %s, Go field %s is tagged %s", what, name, f.Name, tag)
		}
		return nil
	}
	if what == "param" || name == "" || strings.EqualFold(strings.ReplaceAll(name, "-", ""), f.Name) {
		return nil
	}
	return c.fail("WIT %s %s, Go field %s", what, name, f.Name)
}

func (c *compiler) variant(t *types.Type, g reflect.Type) (codec, error) {
	if g.Kind() != reflect.Struct || g.NumField() == 0 || g.Field(0).Type != reflect.TypeFor[Case]() {
		return nil, c.mismatch(t, g)
	}
	if n := g.NumField() - 1; n != len(t.Cases) {
		return nil, c.fail("WIT variant has %d cases, Go %v has %d", len(t.Cases), g, n)
	}
	v := newVariant(t)
	v.wide, v.tag = true, g.Field(0).Offset
	for i, cs := range t.Cases {
		gf := g.Field(1 + i)
		if err := c.checkName("case", cs.Name, gf); err != nil {
			return nil, err
		}
		if err := c.payload(v, "case "+cs.Name, cs.Type, gf); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func newVariant(t *types.Type) *variant {
	return &variant{disc: t.DiscriminantSize(), payload: t.PayloadOffset()}
}

// payload adds a case to v; a case without payload is an empty struct in Go.
func (c *compiler) payload(v *variant, what string, t *types.Type, f reflect.StructField) error {
	if t == nil {
		if f.Type.Kind() != reflect.Struct || f.Type.NumField() != 0 {
			return c.fail("%s: WIT has no payload, Go %v", what, f.Type)
		}
		v.cases = append(v.cases, variantCase{})
		return nil
	}
	cd, err := c.at(what, t, f.Type)
	v.cases = append(v.cases, variantCase{cd, t.NumFlat, f.Offset})
	return err
}

func (c *compiler) option(t *types.Type, g reflect.Type) (codec, error) {
	if !isGeneric(g, "Option[") {
		return nil, c.mismatch(t, g)
	}
	v := newVariant(t)
	v.tag = g.Field(0).Offset
	v.cases = append(v.cases, variantCase{})
	return v, c.payload(v, "some", t.Elem, g.Field(1))
}

func (c *compiler) result(t *types.Type, g reflect.Type) (codec, error) {
	if !isGeneric(g, "Result[") {
		return nil, c.mismatch(t, g)
	}
	v := newVariant(t)
	v.tag = g.Field(0).Offset
	if err := c.payload(v, "ok", t.Ok, g.Field(1)); err != nil {
		return nil, err
	}
	return v, c.payload(v, "err", t.Err, g.Field(2))
}

// isGeneric tells whether g is an instance of a generic type of this package.
func isGeneric(g reflect.Type, name string) bool {
	return g.PkgPath() == reflect.TypeFor[Case]().PkgPath() && strings.HasPrefix(g.Name(), name)
}

func (c *compiler) enum(t *types.Type, g reflect.Type) (codec, error) {
	n, size := uint32(len(t.Labels)), t.Size
	if err := c.checkLabels(t, g); err != nil {
		return nil, err
	}
	switch k := uintKind(g); {
	case k == reflect.Uint8 && size == 1:
		return &enumCodec[uint8]{n, size}, nil
	case k == reflect.Uint16 && size <= 2:
		return &enumCodec[uint16]{n, size}, nil
	case k == reflect.Uint32:
		return &enumCodec[uint32]{n, size}, nil
	case k == reflect.Uint64:
		return &enumCodec[uint64]{n, size}, nil
	}
	return nil, c.mismatch(t, g)
}

func (c *compiler) flags(t *types.Type, g reflect.Type) (codec, error) {
	mask, size := flagsMask(t), t.Size
	if err := c.checkLabels(t, g); err != nil {
		return nil, err
	}
	switch k := uintKind(g); {
	case k == reflect.Uint8 && size == 1:
		return &flagsCodec[uint8]{mask, size}, nil
	case k == reflect.Uint16 && size <= 2:
		return &flagsCodec[uint16]{mask, size}, nil
	case k == reflect.Uint32:
		return &flagsCodec[uint32]{mask, size}, nil
	case k == reflect.Uint64:
		return &flagsCodec[uint64]{mask, size}, nil
	}
	return nil, c.mismatch(t, g)
}

// flagsMask has a bit for each label.
func flagsMask(t *types.Type) uint32 { return uint32(uint64(1)<<len(t.Labels) - 1) }

// uintKind is the kind of an unsigned integer type by its width, else Invalid.
func uintKind(g reflect.Type) reflect.Kind {
	switch g.Kind() {
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return g.Kind()
	case reflect.Uint:
		if g.Size() == 4 {
			return reflect.Uint32
		}
		return reflect.Uint64
	}
	return reflect.Invalid
}

func (c *compiler) checkLabels(t *types.Type, g reflect.Type) error {
	if uintKind(g) == reflect.Invalid {
		return c.mismatch(t, g)
	}
	l, ok := reflect.Zero(g).Interface().(Labeler)
	if !ok {
		return nil
	}
	got := l.Labels()
	if len(got) != len(t.Labels) {
		return c.fail("WIT %s has %d labels, Go %v has %d", typeName(t), len(t.Labels), g, len(got))
	}
	for i, want := range t.Labels {
		if got[i] != want {
			return c.fail("label %d: WIT %s, Go %v has %s", i, want, g, got[i])
		}
	}
	return nil
}

func (c *compiler) handle(t *types.Type, g reflect.Type) (codec, error) {
	if g == reflect.TypeFor[Ref]() {
		return &handleCodec{t: t}, nil
	}
	var res GoResource
	if c.resolve != nil {
		res = c.resolve(t.Resource)
	}
	if res == nil {
		return nil, c.fail("resource %s is not implemented in Go, Go %v", t.Resource.Name, g)
	}
	if res.GoType() != g {
		return nil, c.fail("WIT %s is Go %v, not %v", typeName(t), res.GoType(), g)
	}
	return &handleCodec{t, res}, nil
}

func (c *compiler) list(t *types.Type, g reflect.Type) (codec, error) {
	kind, et := reflect.Slice, t.Elem
	if t.Fixed {
		kind = reflect.Array
	} else if t.Kind == types.Map {
		et = t.Entry
	}
	if g.Kind() != kind || t.Fixed && g.Len() != int(t.Len) {
		return nil, c.mismatch(t, g)
	}
	elem, err := c.at("element", et, g.Elem())
	if err != nil {
		return nil, err
	}
	block := isBlock(elem)
	if t.Fixed {
		return &array{elem, g.Len(), et.NumFlat, et.Size, g.Elem().Size(), block}, nil
	}
	alias := c.alias && et.Kind == types.U8
	return &list{elem, et.Size, et.Align, g.Elem().Size(), alias, block, maker(g)}, nil
}

// maker returns a function that allocates the elements of a slice of type g.
func maker(g reflect.Type) func(int) unsafe.Pointer {
	size := g.Elem().Size()
	switch {
	case size == 0:
		return func(int) unsafe.Pointer { return unsafe.Pointer(new(struct{})) }
	case g.Elem().Kind() == reflect.String:
		return func(n int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]string, n))) }
	case size == 1:
		return func(n int) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(make([]byte, n))) }
	case !hasPointers(g.Elem()):
		return func(n int) unsafe.Pointer {
			return unsafe.Pointer(unsafe.SliceData(make([]uint64, (uintptr(n)*size+7)/8)))
		}
	}
	return func(n int) unsafe.Pointer { return reflect.MakeSlice(g, n, n).UnsafePointer() }
}

// hasPointers tells whether the collector must look into values of type g.
func hasPointers(g reflect.Type) bool {
	switch k := g.Kind(); {
	case k == reflect.Struct:
		for i := range g.NumField() {
			if hasPointers(g.Field(i).Type) {
				return true
			}
		}
		return false
	case k == reflect.Array:
		return g.Len() > 0 && hasPointers(g.Elem())
	default:
		return k < reflect.Bool || k > reflect.Complex128
	}
}
