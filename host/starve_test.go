package host_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
)

// within calls f of a component with a deadline, which must stop it in seconds.
func within(t *testing.T, l *host.Linker, limit time.Duration, text string, args ...host.Value) {
	t.Helper()
	in := instantiate(t, l, compile(t, text), host.Limits{})
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	start := time.Now()
	_, err := in.Call(ctx, "", "f", args...)
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > limit+3*time.Second {
		t.Fatalf("%.300v after %v", err, time.Since(start))
	}
}

// A guest whose allocator is slow, yet never so slow that it is preempted.
func TestSlowRealloc(t *testing.T) {
	list := make([]host.Value, 4000)
	for i := range list {
		list[i] = "x"
	}
	within(t, host.NewLinker(), 100*time.Millisecond, `(component
	  (core module $m
	    (memory (export "mem") 4)
	    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
	      (local $n i32)
	      (loop
	        (local.set $n (i32.add (local.get $n) (i32.const 1)))
	        (br_if 0 (i32.lt_u (local.get $n) (i32.const 3000000))))
	      (i32.const 0))
	    (func (export "f") (param i32 i32)))
	  (core instance $i (instantiate $m))
	  (func (export "f") (param "x" (list string))
	    (canon lift (core func $i "f") (memory $i "mem") (realloc (func $i "realloc")))))`, list)
}

// crossingOf is a component in which one guest passes a list of type L, which
// defs defines, to another.
func crossingOf(defs string, elems int) string {
	return fmt.Sprintf(`(component
	  (component $b
	    %[1]s
	    (core module $m
	      (memory (export "mem") 1)
	      (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
	      (func (export "f") (param i32 i32)))
	    (core instance $i (instantiate $m))
	    (func (export "f") (param "x" $L)
	      (canon lift (core func $i "f") (memory $i "mem") (realloc (func $i "realloc")))))
	  (instance $b (instantiate $b))
	  (core module $mem (memory (export "mem") 1025))
	  (core instance $mem (instantiate $mem))
	  (core func $f (canon lower (func $b "f") (memory $mem "mem")))
	  (core module $m
	    (import "" "f" (func $f (param i32 i32)))
	    (func (export "f") (call $f (i32.const 0) (i32.const %[2]d))))
	  (core instance $m (instantiate $m (with "" (instance (export "f" (func $f))))))
	  (func (export "f") (canon lift (core func $m "f"))))`, defs, elems)
}

// Lifting must not take long for each element of a list because its type is
// large: a guest is not preempted while the host lifts.
func TestLargeTypes(t *testing.T) {
	var cases, fields strings.Builder
	for i := range 9_000 {
		fmt.Fprintf(&cases, " (case \"c%d\" u8)", i)
	}
	for range 900 {
		fields.WriteString(" u64")
	}
	for name, c := range map[string]struct {
		defs  string
		elems int
	}{
		"variant": {`(type $T (variant` + cases.String() + `)) (export $N "t" (type $T)) (type $L (list $N))`, 1_000_000},
		"inner lists": {`(type $A (tuple` + fields.String() + `)) (type $B (tuple` + strings.Repeat(" $A", 900) + `))
		  (type $L (list (list $B)))`, 1_000_000},
	} {
		t.Run(name, func(t *testing.T) {
			in := instantiate(t, host.NewLinker(), compile(t, crossingOf(c.defs, c.elems)), host.Limits{})
			start := time.Now()
			_, err := in.Call(context.Background(), "", "f")
			if err == nil || time.Since(start) > 5*time.Second {
				t.Fatalf("%v after %v", err, time.Since(start))
			}
		})
	}
}
