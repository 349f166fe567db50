package wt

import (
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

// FuzzCompile: whatever the bytes, a module or an error; and what compiled can
// be instantiated, killed, and asked for all its exports.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{guestText, hostileText, `(module)`, `(module (memory 1) (data (i32.const 0) "x") (tag) (start 0) (func))`,
		`(module (import "a" "t" (table 1 funcref)) (elem (i32.const 0) func 0) (func (export "f") (param exnref v128 externref)))`} {
		wasm, err := wat.Module(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(wasm)
	}
	e := newEngine(f, Config{})
	f.Fuzz(func(t *testing.T, wasm []byte) {
		m, err := e.Compile(wasm)
		if err != nil {
			return
		}
		defer m.Close()
		s := newStore(t, e, core.StoreLimits{MemoryBytes: 1 << 20})
		var imports []core.Extern
		for range m.Imports() {
			x, err := s.HostFunc(typeSink, 1)
			if err != nil {
				t.Fatal(err)
			}
			imports = append(imports, x)
		}
		i, err := s.Instantiate(m, imports)
		if err != nil {
			return
		}
		defer i.Close()
		if i.Resume() != core.EventDone {
			return
		}
		for name, want := range m.(*Module).sections.exports {
			x := i.Instance().Export(name)
			if x == nil || x.Kind() != want.kind {
				t.Fatalf("export %q", name)
			}
			x.Bytes()
			if ft, ok := x.FuncType(); ok && len(ft.Params) == 0 && crossable(ft) == nil {
				c, err := s.Call(x, nil)
				if err != nil {
					t.Fatal(err)
				}
				c.Resume()
				c.Close()
			}
		}
	})
}
