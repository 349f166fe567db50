package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host"
)

// dtorChain is a component whose destructor makes and drops another resource of
// its own type, for ever: each level is a call inside the one before.
const dtorChain = `(component
  (core module $shim
    (type $t (func (param i32)))
    (table (export "table") 2 funcref)
    (memory (export "mem") 1)
    (func (export "dtor") (param i32) (call_indirect (type $t) (i32.const 0) (i32.const 0)))
    (func (export "f") (call_indirect (type $t) (i32.const 0) (i32.const 1))))
  (core instance $shim (instantiate $shim))
  (type $r (resource (rep i32) (dtor (func $shim "dtor"))))
  (core func $new (canon resource.new $r))
  (core func $drop (canon resource.drop $r))
  (func $f (canon lift (core func $shim "f")))
  (core func $again (canon lower (func $f)))
  (core module $fix
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (import "" "again" (func $again))
    (import "" "table" (table 2 funcref))
    (func $deeper (param i32) (call $drop (call $new (i32.const 1))))
    (func $self (param i32) (call $again))
    (elem (i32.const 0) func $deeper $self)
    (func (export "start") (call $deeper (i32.const 0))))
  (core instance $fix (instantiate $fix (with "" (instance
    (export "new" (func $new)) (export "drop" (func $drop)) (export "again" (func $again)) (export "table" (table $shim "table"))))))
  (func (export "dtor") (canon lift (core func $fix "start")))
  (func (export "self") (canon lift (core func $shim "f"))))`

// A guest that calls itself through the runtime for ever would take Go stack
// and a fiber for each level, until the process has no room for other guests.
func TestEndlessNesting(t *testing.T) {
	c := compile(t, dtorChain)
	for name, want := range map[string]string{"dtor": "nested deeper", "self": "cannot enter"} {
		t.Run(name, func(t *testing.T) {
			in := instantiate(t, host.NewLinker(), c, host.Limits{})
			_, err := in.Call(context.Background(), "", name)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}
