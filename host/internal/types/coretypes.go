package types

import (
	"fmt"
	"slices"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
)

// Sizes that WebAssembly allows: pages of 64 KiB that 32 and 64 bits can address.
const (
	maxPages32 = 1 << 16
	maxPages64 = 1 << 48
)

// coreExtern resolves the type of a core import or export.
func coreExtern(e binary.CoreExtern, funcs []*core.FuncType) (CoreType, error) {
	t := CoreType{
		Kind: e.Kind, Ref: e.Val, Mutable: e.Mutable,
		Min: e.Limits.Min, Max: e.Limits.Max, HasMax: e.Limits.HasMax, Shared: e.Limits.Shared, Index64: e.Limits.Index64,
	}
	switch e.Kind {
	case core.Func, core.Tag:
		if int64(e.Type) >= int64(len(funcs)) {
			return t, fmt.Errorf("unknown type %d: type index out of bounds", e.Type)
		}
		t.Func = funcs[e.Type]
		if t.Func == nil {
			return t, fmt.Errorf("type index %d is not a function type", e.Type)
		}
		if e.Kind == core.Tag && len(t.Func.Results) > 0 {
			return t, fmt.Errorf("invalid exception type: non-empty tag result type")
		}
	case core.Memory:
		limit := uint64(maxPages32)
		if t.Index64 {
			limit = maxPages64
		}
		if t.Min > limit || t.HasMax && t.Max > limit {
			return t, fmt.Errorf("memory size must be at most %d pages", limit)
		}
		if t.Shared && !t.HasMax {
			return t, fmt.Errorf("shared memory must have maximum size")
		}
	case core.Table:
		if t.Ref != core.FuncRef && t.Ref != core.ExtRef && t.Ref != binary.OtherVal {
			return t, fmt.Errorf("malformed reference type %s of a table", valName(t.Ref))
		}
	}
	if t.HasMax && t.Min > t.Max {
		return t, fmt.Errorf("size minimum must not be greater than maximum")
	}
	return t, nil
}

// foreign tells whether a type mentions a value type that cannot cross a
// module's boundary here.
func (t CoreType) foreign() bool {
	if t.Func != nil {
		return slices.Contains(t.Func.Params, binary.OtherVal) || slices.Contains(t.Func.Results, binary.OtherVal)
	}
	return t.Ref == binary.OtherVal
}

// moduleType is the type of a core module.
func moduleType(m *binary.CoreModule) (*ModuleType, error) {
	t := &ModuleType{}
	var spaces [core.Tag + 1][]CoreType
	add := func(e binary.CoreExtern) (CoreType, error) {
		ct, err := coreExtern(e, m.Types)
		spaces[e.Kind] = append(spaces[e.Kind], ct)
		return ct, err
	}
	for _, i := range m.Imports {
		ct, err := add(i.Type)
		if err != nil {
			return nil, fmt.Errorf("core import `%s::%s`: %w", i.Module, i.Name, err)
		}
		if ct.foreign() {
			return nil, fmt.Errorf("core import `%s::%s` has a type of a proposal that is not supported", i.Module, i.Name)
		}
		t.Imports = append(t.Imports, CoreImport{i.Module, i.Name, ct})
	}
	own := func(kind core.Kind, indices []uint32) error {
		for _, i := range indices {
			if _, err := add(binary.CoreExtern{Kind: kind, Type: i}); err != nil {
				return err
			}
		}
		return nil
	}
	if err := own(core.Func, m.Funcs); err != nil {
		return nil, err
	}
	if err := own(core.Tag, m.Tags); err != nil {
		return nil, err
	}
	for _, es := range [][]binary.CoreExtern{m.Tables, m.Memories, m.Globals} {
		for _, e := range es {
			if _, err := add(e); err != nil {
				return nil, err
			}
		}
	}
	for _, e := range m.Exports {
		space := spaces[e.Kind]
		if int64(e.Index) >= int64(len(space)) {
			return nil, fmt.Errorf("unknown %s %d: core export `%s` index out of bounds", kindName(e.Kind), e.Index, e.Name)
		}
		ct := space[e.Index]
		if ct.foreign() {
			return nil, fmt.Errorf("core export `%s` has a type of a proposal that is not supported", e.Name)
		}
		t.Exports = append(t.Exports, CoreExport{e.Name, ct})
	}
	return t, t.unique()
}

// unique checks that names are given once.
func (t *ModuleType) unique() error {
	imports := map[[2]string]bool{}
	for _, i := range t.Imports {
		key := [2]string{i.Module, i.Name}
		if imports[key] {
			return fmt.Errorf("duplicate import name `%s:%s`", i.Module, i.Name)
		}
		imports[key] = true
	}
	exports := map[string]bool{}
	for _, e := range t.Exports {
		if exports[e.Name] {
			return fmt.Errorf("duplicate export name `%s` already defined", e.Name)
		}
		exports[e.Name] = true
	}
	return nil
}

// coreSubtype checks that an extern of type a can stand where b is expected.
func (v *validator) coreSubtype(a, b CoreType) error {
	if a.Kind != b.Kind {
		return fmt.Errorf("expected %s, found %s", kindName(b.Kind), kindName(a.Kind))
	}
	switch a.Kind {
	case core.Func, core.Tag:
		v.spend(1 + len(a.Func.Params)/16 + len(a.Func.Results)/16)
		if !equalFuncs(a.Func, b.Func) {
			return fmt.Errorf("expected: %s, found: %s", coreFuncName(b.Func), coreFuncName(a.Func))
		}
	case core.Global:
		if a.Mutable != b.Mutable {
			return fmt.Errorf("global types differ in mutability")
		}
		if a.Ref != b.Ref {
			return fmt.Errorf("expected global type %s, found %s", valName(b.Ref), valName(a.Ref))
		}
	case core.Table:
		if a.Ref != b.Ref {
			return fmt.Errorf("expected table element type %s, found %s", valName(b.Ref), valName(a.Ref))
		}
		return limitsMatch("table", a, b)
	case core.Memory:
		return limitsMatch("memory", a, b)
	}
	return nil
}

func limitsMatch(what string, a, b CoreType) error {
	switch {
	case a.Shared != b.Shared:
		return fmt.Errorf("mismatch in the shared flag for %s", what)
	case a.Index64 != b.Index64:
		return fmt.Errorf("mismatch in index type used for %s", what)
	case a.Min < b.Min || b.HasMax && (!a.HasMax || a.Max > b.Max):
		return fmt.Errorf("mismatch in %s limits", what)
	}
	return nil
}

func equalFuncs(a, b *core.FuncType) bool {
	return slices.Equal(a.Params, b.Params) && slices.Equal(a.Results, b.Results)
}

// moduleSubtype checks that a module of type a can stand where b is expected:
// it imports no more and exports no less.
func (v *validator) moduleSubtype(a, b *ModuleType) error {
	v.spend(len(a.Imports) + len(a.Exports) + len(b.Imports) + len(b.Exports))
	imports := map[[2]string]CoreType{}
	for _, i := range b.Imports {
		imports[[2]string{i.Module, i.Name}] = i.Type
	}
	for _, i := range a.Imports {
		t, ok := imports[[2]string{i.Module, i.Name}]
		if !ok {
			return fmt.Errorf("missing expected import `%s::%s`", i.Module, i.Name)
		}
		if err := v.coreSubtype(t, i.Type); err != nil {
			return fmt.Errorf("type mismatch in import `%s::%s`: %w", i.Module, i.Name, err)
		}
	}
	exports := map[string]CoreType{}
	for _, e := range a.Exports {
		exports[e.Name] = e.Type
	}
	for _, e := range b.Exports {
		t, ok := exports[e.Name]
		if !ok {
			return fmt.Errorf("missing expected export `%s`", e.Name)
		}
		if err := v.coreSubtype(t, e.Type); err != nil {
			return fmt.Errorf("type mismatch in export `%s`: %w", e.Name, err)
		}
	}
	return nil
}
