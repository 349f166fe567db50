package host_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

// A drop that panics ends the guest, or is told by Close; the process lives.
func TestDropPanics(t *testing.T) {
	h := &things{}
	l := h.linker("0.2.3")
	oops := errors.New("oops")
	l.Interface("test:greet/api@0.2.3").Resource("thing", host.NewResource("thing", func(*host.Call, *thing) error { panic(oops) }))
	in := instantiate(t, l, compile(t, greeter), host.Limits{})
	_, err := in.Call(context.Background(), "", "greet", "x")
	var p *host.PanicError
	if !errors.As(err, &p) || !errors.Is(err, oops) || len(p.Stack) == 0 {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), ".go:") {
		t.Errorf("the error has a stack in it: %v", err)
	}
	if err := in.Store().Close(); !errors.Is(err, oops) {
		t.Fatalf("Close: %v", err)
	}
}

// A host function may call another store, whose host function calls the first
// one again: it must not wait for itself.
func TestStoresCallEachOther(t *testing.T) {
	c := compile(t, looper)
	var a, b *host.Instance
	var inner error
	b = instantiate(t, tickLinker(func(c *host.Call) error {
		_, inner = a.Call(c.Context(), "", "once")
		return nil
	}), c, host.Limits{})
	a = instantiate(t, tickLinker(func(c *host.Call) error {
		_, err := b.Call(c.Context(), "", "once")
		return err
	}), c, host.Limits{})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := a.Call(ctx, "", "once")
	if errors.Is(err, context.DeadlineExceeded) || inner == nil || !strings.Contains(inner.Error(), "cannot enter component instance") {
		t.Fatalf("got %v, inner %v", err, inner)
	}
}

// What was closed says so.
func TestClosedComponent(t *testing.T) {
	b, err := wat.Module(looper)
	if err != nil {
		t.Fatal(err)
	}
	c, err := engine.Compile(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	l := tickLinker(func(*host.Call) error { return nil })
	p, err := l.Link(c)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	s, err := engine.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := p.Instantiate(context.Background(), s); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Fatalf("got %v", err)
	}
}

// Of several versions of an exported interface the newest is called.
func TestNewestExport(t *testing.T) {
	c := compile(t, `(component
	  (core module $m (func (export "a") (result i32) (i32.const 1)) (func (export "b") (result i32) (i32.const 2)))
	  (core instance $i (instantiate $m))
	  (func $a (result u32) (canon lift (core func $i "a")))
	  (func $b (result u32) (canon lift (core func $i "b")))
	  (instance $old (export "f" (func $a)))
	  (instance $new (export "f" (func $b)))
	  (export "x:y/z@0.2.3" (instance $old))
	  (export "x:y/z@0.2.10" (instance $new)))`)
	in := instantiate(t, host.NewLinker(), c, host.Limits{})
	for range 50 {
		v, err := in.Call(context.Background(), "x:y/z@0.2.0", "f")
		if err != nil || v != uint32(2) {
			t.Fatalf("got %v, %v", v, err)
		}
	}
}

// Imports of sorts that only components can give are missing, not fatal.
func TestUnusualImports(t *testing.T) {
	for name, text := range map[string]string{
		"module":           `(component (import "m" (core module)))`,
		"component":        `(component (import "c" (component)))`,
		"resource":         `(component (import "r" (type (sub resource))))`,
		"nested instance":  `(component (import "i" (instance (export "j" (instance (export "f" (func)))))))`,
		"nested component": `(component (import "i" (instance (export "c" (component)))))`,
		"nested module":    `(component (import "i" (instance (export "m" (core module)))))`,
	} {
		t.Run(name, func(t *testing.T) {
			c := compile(t, text)
			l := host.NewLinker()
			l.Interface("i")
			_, err := l.Link(c)
			var missing *host.MissingImportError
			if !errors.As(err, &missing) {
				t.Fatalf("got %v", err)
			}
			c.Imports()
		})
	}
	c := compile(t, `(component (type $u u32) (import "t" (type (eq $u))) (import "e" (instance)))`)
	instantiate(t, host.NewLinker(), c, host.Limits{})
}

// Streams, futures and error contexts are refused by name wherever a host
// function or an export with Go types would meet them.
func TestAsyncTypes(t *testing.T) {
	for _, typ := range []string{"(stream u8)", "(future u8)", "error-context"} {
		c := compile(t, `(component (import "f" (func (param "x" `+typ+`))))`)
		l := host.NewLinker()
		l.Func("f", host.Func(func(*host.Call, *struct{ X uint32 }) (host.None, error) { return host.None{}, nil }))
		if _, err := l.Link(c); err == nil || !strings.Contains(err.Error(), "x") {
			t.Errorf("import of %s: %v", typ, err)
		}
		c = compile(t, `(component
		  (core module $m (func (export "f") (param i32)) (func (export "g") (result i32) (i32.const 1)))
		  (core instance $i (instantiate $m))
		  (func (export "f") (param "x" `+typ+`) (canon lift (core func $i "f")))
		  (func (export "g") (result `+typ+`) (canon lift (core func $i "g"))))`)
		in := instantiate(t, host.NewLinker(), c, host.Limits{})
		if _, err := host.Export[struct{ X uint32 }, host.None](in, "", "f"); err == nil {
			t.Errorf("export with %s", typ)
		}
		if _, err := in.Call(context.Background(), "", "g"); err == nil {
			t.Errorf("result of %s: %v", typ, err)
		}
	}
}

// A component may export what it imports. Such a function is the host's own.
func TestReexports(t *testing.T) {
	c := compile(t, `(component
	  (import "tick" (func $tick))
	  (import "a:b/c@0.2.0" (instance $i (export "r" (type $r (sub resource))) (export "f" (func))))
	  (export "tick2" (func $tick))
	  (export "d:e/f" (instance $i)))`)
	l := tickLinker(func(*host.Call) error { return nil })
	i := l.Interface("a:b/c@0.2.0")
	i.Resource("r", host.NewResource[*thing]("r", nil))
	i.Func("f", host.Func(func(*host.Call, *struct{}) (host.None, error) { return host.None{}, nil }))
	in := instantiate(t, l, c, host.Limits{})
	if _, err := in.Call(context.Background(), "", "tick2"); err == nil || !strings.Contains(err.Error(), "host's") {
		t.Errorf("tick2: %v", err)
	}
	if _, err := in.Call(context.Background(), "d:e/f", "f"); err == nil || !strings.Contains(err.Error(), "host's") {
		t.Errorf("d:e/f f: %v", err)
	}
	var none *host.NoExportError
	if _, err := in.Call(context.Background(), "d:e/f", "r"); !errors.As(err, &none) {
		t.Errorf("r: %v", err)
	}
	if _, err := in.Call(context.Background(), "tick2", "r"); !errors.As(err, &none) {
		t.Errorf("tick2 r: %v", err)
	}
}

type panicking struct{}

func (panicking) Read([]byte) (int, error) { panic("oops") }
func (panicking) Ready() bool              { return true }
func (panicking) Notify(func()) func()     { return func() {} }
func (panicking) Drop()                    {}

// Streams of the host run in a guest's favour too.
func TestStreamPanics(t *testing.T) {
	c := compile(t, `(component
	  (type $s (stream u8))
	  (import "s" (func $get (result (stream u8))))
	  (core module $mem (memory (export "mem") 1))
	  (core instance $mem (instantiate $mem))
	  (core func $get' (canon lower (func $get)))
	  (core func $read (canon stream.read $s async (memory $mem "mem")))
	  (core module $m
	    (import "" "get" (func $get (result i32)))
	    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
	    (func (export "f") (drop (call $read (call $get) (i32.const 0) (i32.const 1)))))
	  (core instance $m (instantiate $m (with "" (instance (export "get" (func $get')) (export "read" (func $read))))))
	  (func (export "f") (canon lift (core func $m "f"))))`)
	l := host.NewLinker()
	l.Func("s", host.Func(func(*host.Call, *struct{}) (*host.Stream, error) { return host.NewStream(panicking{}), nil }))
	in := instantiate(t, l, c, host.Limits{})
	_, err := in.Call(context.Background(), "", "f")
	var p *host.PanicError
	if !errors.As(err, &p) || in.Store().Err() == nil {
		t.Fatalf("got %v", err)
	}
	if _, err := in.Call(context.Background(), "", "f"); err == nil {
		t.Fatal("the guest lives")
	}
}
