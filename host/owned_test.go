package host_test

import (
	"context"
	"testing"

	"github.com/wasitls/wasitls/host"
)

// lossy has the host give it three resources at once, and gives the host one
// together with a list that lies outside of its memory.
const lossy = `(component
  (import "i" (instance $i
    (export "r" (type $r (sub resource)))
    (export "three" (func (result (tuple (own $r) (list (own $r)) (option (own $r))))))
    (export "take" (func (param "r" (own $r)) (param "s" (list u8))))))
  (alias export $i "r" (type $r))
  (core module $mem
    (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $mem (instantiate $mem))
  (core func $three (canon lower (func $i "three") (memory $mem "mem") (realloc (func $mem "realloc"))))
  (core func $take (canon lower (func $i "take") (memory $mem "mem")))
  (core module $m
    (import "" "mem" (memory 1))
    (import "" "three" (func $three (param i32)))
    (import "" "take" (func $take (param i32 i32 i32)))
    (func (export "three") (call $three (i32.const 16)))
    (func (export "take")
      (call $three (i32.const 16))
      (call $take (i32.load (i32.const 16)) (i32.const 65000) (i32.const 65000))))
  (core instance $m (instantiate $m (with "" (instance
    (export "mem" (memory $mem "mem")) (export "three" (func $three)) (export "take" (func $take))))))
  (func (export "three") (canon lift (core func $m "three")))
  (func (export "take") (canon lift (core func $m "take"))))`

// What a host function gives a guest or takes from it is dropped with the
// store when the call fails half-way.
func TestNothingIsLostHalfWay(t *testing.T) {
	type three struct {
		_ host.Tuple
		A *thing
		B []*thing
		C host.Option[*thing]
	}
	live := 0
	l := host.NewLinker()
	i := l.Interface("i")
	i.Resource("r", host.NewResource("r", func(*host.Call, *thing) error { live--; return nil }))
	i.Func("three", host.Func(func(*host.Call, *struct{}) (three, error) {
		live += 4
		return three{A: &thing{}, B: []*thing{{}, {}}, C: host.Some(&thing{})}, nil
	}))
	i.Func("take", host.Func(func(*host.Call, *struct {
		R *thing
		S []byte
	}) (host.None, error) {
		t.Error("take was called")
		return host.None{}, nil
	}))
	c := compile(t, lossy)
	for handles := range 6 {
		for _, name := range []string{"three", "take"} {
			live = 0
			in := instantiate(t, l, c, host.Limits{Handles: 1 + handles})
			_, err := in.Call(context.Background(), "", name)
			if (err == nil) != (name == "three" && handles >= 3) {
				t.Errorf("%s with %d handles: %v", name, 1+handles, err)
			}
			if err := in.Store().Close(); err != nil || live != 0 {
				t.Errorf("%s with %d handles: %d live after Close, %v", name, 1+handles, live, err)
			}
		}
	}
}
