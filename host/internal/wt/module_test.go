package wt

import (
	"bytes"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

func TestEqualModulesCompileOnce(t *testing.T) {
	e := newEngine(t, Config{})
	wasm, err := wat.Module(guestText)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	got := make([]*Module, 8)
	for i := range got {
		wg.Go(func() {
			m, err := e.Compile(bytes.Clone(wasm))
			if err != nil {
				t.Error(err)
				return
			}
			got[i] = m.(*Module)
		})
	}
	wg.Wait()
	for _, m := range got {
		if m.compiled != got[0].compiled {
			t.Error("compiled twice")
		}
		m.Close()
		m.Close()
	}
	if len(e.modules) != 0 {
		t.Error("not freed")
	}
	for range 2 { // a failure is not remembered as a success
		if _, err := e.Compile([]byte("\x00asm\x01\x00\x00\x00\x01")); err == nil {
			t.Error("compiled")
		}
	}
	if len(e.modules) != 0 {
		t.Error("a failure was kept")
	}
}

func TestImports(t *testing.T) {
	e := newEngine(t, Config{})
	m := compile(t, e, `(module (tag (import "" "e") (param i32)) (import "a" "f" (func)) (import "a" "t" (table 1 2 externref))
	  (import "b" "m" (memory 1)) (import "b" "" (global (mut i64))))`)
	want := []core.Import{{Module: "", Name: "e", Kind: core.Tag}, {Module: "a", Name: "f", Kind: core.Func},
		{Module: "a", Name: "t", Kind: core.Table}, {Module: "b", Name: "m", Kind: core.Memory}, {Module: "b", Name: "", Kind: core.Global}}
	got := m.Imports()
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Error(got[i], want[i])
		}
	}
}

func TestExchange(t *testing.T) {
	e := newEngine(t, Config{})
	s := newStore(t, e, core.StoreLimits{})
	in := instantiate(t, s, compile(t, e, `(module
	  (global (export "i32") (mut i32) (i32.const -3)) (global (export "i64") (mut i64) (i64.const -4))
	  (global (export "f64") (mut f64) (f64.const 1)) (global (export "const") i32 (i32.const 5))
	  (func (export "sum") (result i64) (i64.add (i64.extend_i32_u (global.get 0)) (global.get 1))))`))
	i32 := in.Export("i32")
	if v := i32.Exchange(1<<32 | 7); v != 0xfffffffd {
		t.Errorf("i32 was %#x", v)
	}
	if v := in.Export("i64").Exchange(1 << 40); v != 1<<64-4 {
		t.Errorf("i64 was %#x", v)
	}
	for _, name := range []string{"f64", "const", "sum"} {
		if v := in.Export(name).Exchange(9); v != 0 {
			t.Errorf("%s was %d", name, v)
		}
	}
	f := call(t, s, in, "sum")
	defer f.Close()
	expect(t, f, core.EventDone)
	if v := f.Results()[0]; v != 1<<40+7 {
		t.Errorf("the guest reads %#x", v)
	}
	s.Close()
	if v := i32.Exchange(9); v != 0 {
		t.Error("a closed store has a global", v)
	}
}

// Every sort of extern goes from one instance to the next, under empty names too.
func TestExternsBetweenInstances(t *testing.T) {
	e := newEngine(t, Config{})
	s := newStore(t, e, core.StoreLimits{})
	a := instantiate(t, s, compile(t, e, `(module
	  (memory (export "") 1) (table (export "t") 1 funcref) (global (export "g") (mut i32) (i32.const 3)) (tag (export "e"))
	  (func (export "f") (param i32) (result i32) (i32.mul (local.get 0) (global.get 0))))`))
	user := compile(t, e, `(module
	  (import "" "" (memory 1)) (import "x" "t" (table 1 funcref)) (import "x" "g" (global $g (mut i32)))
	  (import "x" "e" (tag)) (import "x" "f" (func $f (param i32) (result i32)))
	  (export "f2" (func $f))
	  (func (export "run") (result i32) (global.set $g (i32.const 7)) (i32.store8 (i32.const 0) (i32.const 9)) (call $f (i32.const 6))))`)
	var imports []core.Extern
	for _, name := range []string{"", "t", "g", "e", "f"} {
		imports = append(imports, a.Export(name))
	}
	f, err := s.Instantiate(user, imports)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	expect(t, f.(*Fiber), core.EventDone)
	b := f.Instance().(*Instance)
	run := call(t, s, b, "run")
	defer run.Close()
	expect(t, run, core.EventDone)
	if run.Results()[0] != 42 || a.Export("").Bytes()[0] != 9 {
		t.Error(run.Results())
	}
	if ft, ok := b.Export("f2").FuncType(); !ok || len(ft.Params) != 1 || len(ft.Results) != 1 {
		t.Error("type of a re-exported import", ft)
	}
	for _, name := range []string{"", "t", "g", "e", "f"} {
		x := a.Export(name).(*extern)
		y := *x
		if !x.same(&y) || x.same(a.Export("f").(*extern)) != (name == "f") {
			t.Errorf("identity of %q", name)
		}
	}
}

func TestMemoryWithoutPages(t *testing.T) {
	e := newEngine(t, Config{})
	s := newStore(t, e, core.StoreLimits{})
	in := instantiate(t, s, compile(t, e, `(module (memory (export "m") 0) (table (export "t") 0 funcref))`))
	if b := in.Export("m").Bytes(); b == nil || len(b) != 0 {
		t.Error(b)
	}
	if in.Export("t").Bytes() != nil {
		t.Error("bytes of a table")
	}
}

func TestHostFuncsAreShared(t *testing.T) {
	e := newEngine(t, Config{})
	for range 3 {
		s := newStore(t, e, core.StoreLimits{})
		for id := range uint32(5) {
			for _, ft := range []core.FuncType{typeEcho, typeSink} {
				if _, err := s.HostFunc(ft, id); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if len(e.funcs) != 10 {
		t.Error(len(e.funcs), "definitions")
	}
	for id := range uint32(maxSharedFuncs) { // a full table
		e.funcs[hostFunc{"full", id}] = struct{}{}
	}
	s := newStore(t, e, core.StoreLimits{})
	m := compile(t, e, `(module (import "h" "f" (func $f (result i64))) (func (export "run") (result i64) (call $f)))`)
	x, err := s.HostFunc(core.FuncType{Results: []core.ValType{core.I64}}, 77)
	if err != nil {
		t.Fatal(err)
	}
	f, err := s.Instantiate(m, []core.Extern{x})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	expect(t, f.(*Fiber), core.EventDone)
	run := call(t, s, f.Instance().(*Instance), "run")
	defer run.Close()
	expect(t, run, core.EventHostCall)
	if run.ID() != 77 {
		t.Error(run.ID())
	}
	run.Return(1 << 40)
	expect(t, run, core.EventDone)
	if run.Results()[0] != 1<<40 {
		t.Error(run.Results())
	}
}

// cached compiles guestText in an engine of its own with that cache and tells
// when the file was written.
func cached(t *testing.T, dir string) (written int64) {
	t.Helper()
	e := newEngine(t, Config{CacheDir: dir})
	m := compile(t, e, guestText)
	s := newStore(t, e, core.StoreLimits{})
	f := call(t, s, instantiate(t, s, m), "add", 1)
	defer f.Close()
	expect(t, f, core.EventDone)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime().UnixNano()
}

func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	run := func(name string) (written int64) {
		t.Run(name, func(t *testing.T) { written = cached(t, dir) })
		return written
	}
	first := run("compile")
	if run("load") != first {
		t.Error("compiled again beside a good file")
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	if err := os.Truncate(files[0], 5000); err != nil {
		t.Fatal(err)
	}
	second := run("damaged")
	if second == first {
		t.Error("a damaged file was used")
	}
	if err := os.Chmod(files[0], 0o666); err != nil {
		t.Fatal(err)
	}
	if run("open to others") == second {
		t.Error("a file that others can write was used")
	}
	if _, err := New(Config{CacheDir: files[0]}); err == nil {
		t.Error("a file as folder")
	}
}

func TestSectionsOfDamagedModules(t *testing.T) {
	wasm, err := wat.Module(hostileText)
	if err != nil {
		t.Fatal(err)
	}
	for i := range wasm {
		for _, x := range []byte{1, 0x80, 0xff} {
			b := bytes.Clone(wasm)
			b[i] ^= x
			readSections(b)     // must come back
			readSections(b[:i]) // with or without an error
		}
	}
}

func BenchmarkCompileCached(b *testing.B) {
	wasm, err := wat.Module(guestText)
	if err != nil {
		b.Fatal(err)
	}
	e := newEngine(b, Config{CacheDir: filepath.Join(b.TempDir(), "cache")})
	for b.Loop() {
		m, err := e.Compile(wasm)
		if err != nil {
			b.Fatal(err)
		}
		m.Close()
	}
}
