package host_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
)

// busyCallback is a guest that reads from and writes to a stream of its own in
// each of its callbacks, so that the next event is always there already.
const busyCallback = `(component
  (type $s (stream u8))
  (core module $mem (memory (export "mem") 1))
  (core instance $mem (instantiate $mem))
  (core func $new (canon stream.new $s))
  (core func $read (canon stream.read $s async (memory $mem "mem")))
  (core func $write (canon stream.write $s async (memory $mem "mem")))
  (core func $set (canon waitable-set.new))
  (core func $join (canon waitable.join))
  (core module $m
    (import "" "new" (func $new (result i64)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "set" (func $set (result i32)))
    (import "" "join" (func $join (param i32 i32)))
    (global $r (mut i32) (i32.const 0))
    (global $w (mut i32) (i32.const 0))
    (global $s (mut i32) (i32.const 0))
    (func $next (result i32)
      (drop (call $read (global.get $r) (i32.const 0) (i32.const 1)))
      (drop (call $write (global.get $w) (i32.const 8) (i32.const 1)))
      (i32.or (i32.const 2) (i32.shl (global.get $s) (i32.const 4))))
    (func (export "f") (result i32)
      (local $both i64)
      (local.set $both (call $new))
      (global.set $r (i32.wrap_i64 (local.get $both)))
      (global.set $w (i32.wrap_i64 (i64.shr_u (local.get $both) (i64.const 32))))
      (global.set $s (call $set))
      (call $join (global.get $r) (global.get $s))
      (call $next))
    (func (export "cb") (param i32 i32 i32) (result i32) (call $next)))
  (core instance $m (instantiate $m (with "" (instance
    (export "new" (func $new)) (export "read" (func $read)) (export "write" (func $write))
    (export "set" (func $set)) (export "join" (func $join))))))
  (func (export "f") async (canon lift (core func $m "f") async (callback (func $m "cb")))))`

// A guest whose callbacks never have to wait must neither pile up stack and
// fibers nor outlive its deadline.
func TestBusyCallback(t *testing.T) { within(t, host.NewLinker(), 1500*time.Millisecond, busyCallback) }

// working calls an async function of the host that gives it a resource, and
// does not wait for it: once, or for ever.
const working = `(component
  (import "i" (instance $i
    (export "r" (type $r (sub resource)))
    (export "work" (func async (result (tuple (own $r) string (own $r)))))))
  (core module $mem
    (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $mem (instantiate $mem))
  (core func $work (canon lower (func $i "work") async (memory $mem "mem") (realloc (func $mem "realloc"))))
  (core module $m
    (import "" "work" (func $work (param i32) (result i32)))
    (func (export "once") (drop (call $work (i32.const 0))))
    (func (export "f") (loop (drop (call $work (i32.const 0))) (br 0))))
  (core instance $m (instantiate $m (with "" (instance (export "work" (func $work))))))
  (func (export "once") (canon lift (core func $m "once")))
  (func (export "f") (canon lift (core func $m "f"))))`

type given struct {
	_ host.Tuple
	A *thing
	S string
	B *thing
}

// Close waits for what the host does for a guest, and drops the resources that
// come of it.
func TestCloseWaitsForAsyncFunctions(t *testing.T) {
	var live, busy atomic.Int64
	l := host.NewLinker()
	i := l.Interface("i")
	i.Resource("r", host.NewResource("r", func(*host.Call, *thing) error { live.Add(-1); return nil }))
	i.Func("work", host.Async(func(ctx context.Context, _ *host.Store, _ *struct{}) (given, error) {
		busy.Add(1)
		defer busy.Add(-1)
		<-ctx.Done()
		time.Sleep(10 * time.Millisecond)
		live.Add(2)
		return given{A: &thing{}, S: "text", B: &thing{}}, nil
	}))
	c := compile(t, working)
	in := instantiate(t, l, c, host.Limits{})
	if _, err := in.Call(context.Background(), "", "once"); err != nil {
		t.Fatal(err)
	}
	if err := in.Store().Close(); err != nil {
		t.Fatal(err)
	}
	if w, n := busy.Load(), live.Load(); w != 0 || n != 0 {
		t.Errorf("%d functions work and %d things live after Close", w, n)
	}

	in = instantiate(t, l, c, host.Limits{})
	_, err := in.Call(context.Background(), "", "f")
	if err == nil || !strings.Contains(err.Error(), "too many calls of the host") {
		t.Errorf("calls without end: %v", err)
	}
	if err := in.Store().Close(); err != nil {
		t.Fatal(err)
	}
	if w, n := busy.Load(), live.Load(); w != 0 || n != 0 {
		t.Errorf("%d functions work and %d things live after Close", w, n)
	}
}
