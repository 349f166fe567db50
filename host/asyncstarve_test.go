package host_test

import (
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
func TestBusyCallback(t *testing.T) { within(t, host.NewLinker(), 3*time.Second, busyCallback) }
