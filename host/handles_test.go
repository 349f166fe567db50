package host_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host"
)

// The instances of a component share the limit of handles.
func TestHandleLimit(t *testing.T) {
	c := compile(t, `(component
	  (component $c
	    (type $r (resource (rep i32)))
	    (core func $new (canon resource.new $r))
	    (core module $m
	      (import "" "new" (func $new (param i32) (result i32)))
	      (func (export "f") (param $n i32)
	        (loop
	          (drop (call $new (i32.const 1)))
	          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
	    (core instance $i (instantiate $m (with "" (instance (export "new" (func $new))))))
	    (func (export "f") (param "n" u32) (canon lift (core func $i "f"))))
	  (instance $a (instantiate $c))
	  (instance $b (instantiate $c))
	  (func (export "a") (alias export $a "f"))
	  (func (export "b") (alias export $b "f")))`)
	in := instantiate(t, host.NewLinker(), c, host.Limits{Handles: 100})
	if _, err := in.Call(context.Background(), "", "a", uint32(60)); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Call(context.Background(), "", "b", uint32(41)); err == nil || !strings.Contains(err.Error(), "limit of 100 handles") {
		t.Fatalf("got %v", err)
	}
}

// A guest may lower a function many times, and lend very many borrows to each.
// The host must not keep room for all of them.
func TestLentBorrowsAreForgotten(t *testing.T) {
	const lowers, borrows = 300, 100_000
	var lower, imports, calls, with strings.Builder
	for i := range lowers {
		fmt.Fprintf(&lower, "(core func $f%d (canon lower (func $f) (memory $mem \"mem\")))\n", i)
		fmt.Fprintf(&imports, "(import \"\" \"f%[1]d\" (func $f%[1]d (param i32 i32)))\n", i)
		fmt.Fprintf(&calls, "(call $f%d (i32.const 0) (i32.const %d))\n", i, borrows)
		fmt.Fprintf(&with, "(export \"f%[1]d\" (func $f%[1]d))\n", i)
	}
	c := compile(t, `(component
	  (import "i" (instance $i
	    (export "r" (type $r (sub resource)))
	    (export "make" (func (result (own $r))))
	    (export "f" (func (param "rs" (list (borrow $r)))))))
	  (core func $make (canon lower (func $i "make")))
	  (core module $mem (memory (export "mem") 10))
	  (core instance $mem (instantiate $mem))
	  (alias export $i "f" (func $f))`+lower.String()+`
	  (core module $m
	    (import "" "mem" (memory 10))
	    (import "" "make" (func $make (result i32)))`+imports.String()+`
	    (func (export "f") (local $n i32) (local $h i32)
	      (local.set $h (call $make))
	      (loop
	        (i32.store (local.get $n) (local.get $h))
	        (br_if 0 (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 4))) (i32.const 400000))))`+calls.String()+`))
	  (core instance $m (instantiate $m (with "" (instance
	    (export "mem" (memory $mem "mem")) (export "make" (func $make))`+with.String()+`))))
	  (func (export "f") (canon lift (core func $m "f"))))`)
	l := host.NewLinker()
	i := l.Interface("i")
	i.Resource("r", host.NewResource[*thing]("r", nil))
	i.Func("make", host.Func(func(*host.Call, *struct{}) (*thing, error) { return &thing{}, nil }))
	i.Func("f", host.Func(func(_ *host.Call, a *struct{ Rs []*thing }) (host.None, error) {
		if len(a.Rs) != borrows {
			return host.None{}, fmt.Errorf("%d borrows", len(a.Rs))
		}
		return host.None{}, nil
	}))
	in := instantiate(t, l, c, host.Limits{})
	kept := liveAfter(func() {
		if _, err := in.Call(context.Background(), "", "f"); err != nil {
			t.Fatal(err)
		}
	})
	if kept > 32<<20 {
		t.Fatalf("%d MiB are kept", kept>>20)
	}
}

// A destructor is a task of its own: it finds its context slots empty.
func TestDestructorHasItsOwnContext(t *testing.T) {
	c := compile(t, `(component
	  (core func $get (canon context.get i32 0))
	  (core func $set (canon context.set i32 0))
	  (core module $d
	    (import "" "get" (func $get (result i32)))
	    (import "" "set" (func $set (param i32)))
	    (func (export "dtor") (param i32)
	      (if (call $get) (then unreachable))
	      (call $set (i32.const 9))))
	  (core instance $d (instantiate $d (with "" (instance (export "get" (func $get)) (export "set" (func $set))))))
	  (type $r (resource (rep i32) (dtor (func $d "dtor"))))
	  (core func $new (canon resource.new $r))
	  (core func $drop (canon resource.drop $r))
	  (core module $m
	    (import "" "get" (func $get (result i32)))
	    (import "" "set" (func $set (param i32)))
	    (import "" "new" (func $new (param i32) (result i32)))
	    (import "" "drop" (func $drop (param i32)))
	    (func (export "f") (result i32)
	      (call $set (i32.const 7))
	      (call $drop (call $new (i32.const 1)))
	      (call $get)))
	  (core instance $i (instantiate $m (with "" (instance (export "get" (func $get)) (export "set" (func $set))
	    (export "new" (func $new)) (export "drop" (func $drop))))))
	  (func (export "f") (result u32) (canon lift (core func $i "f"))))`)
	in := instantiate(t, host.NewLinker(), c, host.Limits{})
	if v, err := in.Call(context.Background(), "", "f"); err != nil || v != uint32(7) {
		t.Fatalf("got %v, %v", v, err)
	}
}

// The limit of operations bounds what a guest begins and leaves undone.
func TestOperationLimit(t *testing.T) {
	c := compile(t, working)
	l := host.NewLinker()
	i := l.Interface("i")
	i.Resource("r", host.NewResource[*thing]("r", nil))
	i.Func("work", host.Async(func(ctx context.Context, _ *host.Store, _ *struct{}) (given, error) {
		<-ctx.Done()
		return given{}, ctx.Err()
	}))
	in := instantiate(t, l, c, host.Limits{Operations: 20})
	if _, err := in.Call(context.Background(), "", "f"); err == nil || !strings.Contains(err.Error(), "limit of 20") {
		t.Fatalf("got %v", err)
	}
}
