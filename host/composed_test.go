package host_test

import (
	"context"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host"
)

// nested is greeter inside another component, which passes on what it imports.
// The two count their resource types differently.
var nested = `(component
  (import "test:greet/api@0.2.3" (instance $api
    (export "other" (type $other (sub resource)))
    (export "look" (func (param "other" (borrow $other))))
    (export "thing" (type $thing (sub resource)))
    (export "[constructor]thing" (func (param "name" string) (result (own $thing))))
    (export "[method]thing.name" (func (param "self" (borrow $thing)) (result (result string (error u8)))))
  ))
  ` + strings.Replace(greeter, "(component", "(component $greeter", 1) + `
  (instance $g (instantiate $greeter (with "test:greet/api@0.2.3" (instance $api))))
  (export "inner" (instance $g)))`

func TestNestedComponentCallsTheHost(t *testing.T) {
	h := &things{}
	l := h.linker("0.2.0")
	api := l.Interface("test:greet/api@0.2.0")
	api.Resource("other", host.NewResource[*int]("other", nil))
	api.Func("look", host.Func(func(*host.Call, *struct{ Other *int }) (host.None, error) { return host.None{}, nil }))
	in := instantiate(t, l, compile(t, nested), host.Limits{})
	got, err := in.Call(context.Background(), "inner", "greet", "wörld")
	want := host.Result[host.Value, host.Value]{Ok: "hello, wörld"}
	if err != nil || got != want {
		t.Errorf("greet: %v, %v; want %v", got, err, want)
	}
	if h.live != 0 {
		t.Errorf("%d things live after the call", h.live)
	}
}

// composed is two guests: $maker defines a resource with a destructor, $user
// makes two, lends both, gives one away, gets it back under the name of a
// string that has crossed as well, and drops them.
const composed = `(component
  (import "test:shop/types" (instance (type $u u32) (export "unused" (type (eq $u)))))
  (component $maker
    (core module $m
      (memory (export "mem") 1)
      (global $at (mut i32) (i32.const 1024))
      (global $live (mut i32) (i32.const 0))
      (func (export "realloc") (param i32 i32 i32 i32) (result i32)
        (local $p i32)
        (if (local.get 0) (then (return (local.get 0)))) ;; the last block can grow where it is
        (local.set $p (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
        (global.set $at (i32.add (local.get $p) (local.get 3)))
        (local.get $p))
      (func (export "dtor") (param i32) (global.set $live (i32.sub (global.get $live) (i32.const 1))))
      (func (export "born") (global.set $live (i32.add (global.get $live) (i32.const 1))))
      (func (export "live") (result i32) (global.get $live))
      (func (export "compare") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
      (func (export "echo") (param $p i32) (param $n i32) (result i32)
        (i32.store (i32.const 16) (local.get $p))
        (i32.store (i32.const 20) (local.get $n))
        (i32.const 16)))
    (core instance $m (instantiate $m))
    (type $counter' (resource (rep i32) (dtor (func $m "dtor"))))
    (core func $new (canon resource.new $counter'))
    (core func $rep (canon resource.rep $counter'))
    (core module $glue
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "rep" (func $rep (param i32) (result i32)))
      (import "" "born" (func $born))
      (func (export "make") (param i32) (result i32) (call $born) (call $new (local.get 0)))
      (func (export "bump") (param i32) (result i32)
        (call $new (i32.add (i32.const 1) (call $rep (local.get 0))))))
    (core instance $glue (instantiate $glue (with "" (instance
      (export "new" (func $new)) (export "rep" (func $rep)) (export "born" (func $m "born"))))))
    (export $counter "counter" (type $counter'))
    (func (export "[constructor]counter") (param "n" u32) (result (own $counter)) (canon lift (core func $glue "make")))
    (func (export "bump") (param "c" (own $counter)) (result (own $counter)) (canon lift (core func $glue "bump")))
    (func (export "[method]counter.compare") (param "self" (borrow $counter)) (param "with" (borrow $counter)) (result s32)
      (canon lift (core func $m "compare")))
    (func (export "live") (result u32) (canon lift (core func $m "live")))
    (func (export "echo") (param "s" string) (result string)
      (canon lift (core func $m "echo") (memory $m "mem") (realloc (func $m "realloc")))))
  (component $user
    (import "maker" (instance $maker
      (export "counter" (type $counter (sub resource)))
      (export "[constructor]counter" (func (param "n" u32) (result (own $counter))))
      (export "bump" (func (param "c" (own $counter)) (result (own $counter))))
      (export "[method]counter.compare" (func (param "self" (borrow $counter)) (param "with" (borrow $counter)) (result s32)))
      (export "echo" (func (param "s" string) (result string)))))
    (alias export $maker "counter" (type $counter))
    (core module $mem
      (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096)))
    (core instance $mem (instantiate $mem))
    (core func $new (canon lower (func $maker "[constructor]counter")))
    (core func $bump (canon lower (func $maker "bump")))
    (core func $compare (canon lower (func $maker "[method]counter.compare")))
    (core func $echo (canon lower (func $maker "echo") string-encoding=utf16 (memory $mem "mem") (realloc (func $mem "realloc"))))
    (core func $drop (canon resource.drop $counter))
    (core module $run
      (import "" "mem" (memory 1))
      (import "" "new" (func $new (param i32) (result i32)))
      (import "" "bump" (func $bump (param i32) (result i32)))
      (import "" "compare" (func $compare (param i32 i32) (result i32)))
      (import "" "echo" (func $echo (param i32 i32 i32)))
      (import "" "drop" (func $drop (param i32)))
      (data (i32.const 64) "h\00\e9\00")
      (func (export "run") (result i32)
        (local $a i32) (local $b i32)
        (call $echo (i32.const 64) (i32.const 2) (i32.const 16))
        (if (i32.ne (i32.load (i32.load (i32.const 16))) (i32.const 0x00e90068)) (then unreachable))
        (if (i32.ne (i32.load (i32.const 20)) (i32.const 2)) (then unreachable))
        (local.set $a (call $new (i32.const 40)))
        (local.set $b (call $bump (call $new (i32.const 50))))
        (call $compare (local.get $b) (local.get $a))
        (call $compare (local.get $a) (local.get $a))
        i32.add
        (call $drop (local.get $a))
        (call $drop (local.get $b))))
    (core instance $run (instantiate $run (with "" (instance
      (export "mem" (memory $mem "mem")) (export "new" (func $new)) (export "bump" (func $bump))
      (export "compare" (func $compare)) (export "echo" (func $echo)) (export "drop" (func $drop))))))
    (func (export "run") (result s32) (canon lift (core func $run "run"))))
  (instance $maker (instantiate $maker))
  (instance $user (instantiate $user (with "maker" (instance $maker))))
  (export "maker" (instance $maker))
  (export "user" (instance $user)))`

func TestResourcesCrossBetweenGuests(t *testing.T) {
	// Nobody offers the interface it imports: there are only types in it.
	in := instantiate(t, host.NewLinker(), compile(t, composed), host.Limits{})
	for range 3 {
		if got, err := in.Call(context.Background(), "user", "run"); err != nil || got != int32(11) {
			t.Fatalf("run: %v, %v; want 11", got, err)
		}
	}
	// Two are made and two dropped: bump keeps what it was given for good, and makes another of it.
	if got, err := in.Call(context.Background(), "maker", "live"); err != nil || got != uint32(0) {
		t.Errorf("live: %v, %v; want 0", got, err)
	}
}

func TestResourceIsNoType(t *testing.T) {
	c := compile(t, `(component (import "test:a/types" (instance (export "r" (type (sub resource))))))`)
	if _, err := host.NewLinker().Link(c); err == nil {
		t.Error("linked an import of a resource that nobody offers")
	}
}
