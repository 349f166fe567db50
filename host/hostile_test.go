package host_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

// hostile is a component whose every entry point, beside the exported
// function, is what the test puts there: realloc, post-return, the destructor
// of a resource and the start function. Each may call the host ("tick"), trap,
// recurse, grow memory or loop for ever.
func hostile(realloc, postReturn, dtor, start string) string {
	return fmt.Sprintf(`(component
  (import "tick" (func $tick))
  (core func $tick' (canon lower (func $tick)))
  (core module $d
    (import "" "tick" (func $tick))
    (memory 1)
    (func $recurse (call $recurse) (call $recurse))
    (func (export "dtor") (param i32) %[3]s))
  (core instance $d (instantiate $d (with "" (instance (export "tick" (func $tick'))))))
  (type $r (resource (rep i32) (dtor (func $d "dtor"))))
  (core func $new (canon resource.new $r))
  (core func $drop (canon resource.drop $r))
  (core module $m
    (import "" "tick" (func $tick))
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (memory (export "mem") 1)
    (func $recurse (call $recurse) (call $recurse))
    (func $start %[4]s)
    (start $start)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) %[1]s (i32.const 64))
    (func (export "f") (param i32 i32) (result i32)
      (call $drop (call $new (i32.const 1)))
      (i32.const 16))
    (func (export "post") (param i32) %[2]s))
  (core instance $i (instantiate $m (with "" (instance
    (export "tick" (func $tick')) (export "new" (func $new)) (export "drop" (func $drop))))))
  (func (export "f") (param "s" string) (result string)
    (canon lift (core func $i "f") (memory $i "mem") (realloc (func $i "realloc")) (post-return (func $i "post")))))`,
		realloc, postReturn, dtor, start)
}

// TestHostileGuests puts every misdeed at every entry point. Each must end as
// an error of that guest, in time, and the process must live on.
func TestHostileGuests(t *testing.T) {
	entries := []string{"realloc", "post-return", "destructor", "start"}
	for _, deed := range []struct {
		name, code string
		harmless   string // entries where it is no misdeed
		want       string
	}{
		{"calls the host", `(call $tick)`, "destructor start", "cannot leave component instance"},
		{"traps", `unreachable`, "", "unreachable"},
		{"recurses", `(call $recurse)`, "", "stack"},
		{"grows", `(loop (br_if 0 (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable`, "", "unreachable"},
		{"loops", `(loop (br 0))`, "", "deadline"},
		{"calls the host for ever", `(loop (call $tick) (br 0))`, "", ""},
	} {
		for i, entry := range entries {
			t.Run(entry+" "+deed.name, func(t *testing.T) {
				code := make([]string, len(entries))
				code[i] = deed.code
				err := runHostile(t, hostile(code[0], code[1], code[2], code[3]))
				if strings.Contains(deed.harmless, entry) {
					if err != nil {
						t.Fatalf("got %v, want no error", err)
					}
					return
				}
				if err == nil || !strings.Contains(err.Error(), deed.want) {
					t.Fatalf("got %v, want %q", err, deed.want)
				}
				var trap *host.Trap
				if !errors.As(err, &trap) {
					t.Fatalf("%v is no trap", err)
				}
			})
		}
	}
	if err := runHostile(t, hostile("", "", "", "")); err != nil {
		t.Fatalf("a guest that does nothing wrong: %v", err)
	}
}

func runHostile(t *testing.T, text string) error {
	t.Helper()
	c := compile(t, text)
	s, err := engine.NewStore(host.Limits{MemoryBytes: 8 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	in, err := tickLinker(func(*host.Call) error { return nil }).Instantiate(ctx, s, c)
	if err != nil {
		return err
	}
	v, err := in.Call(ctx, "", "f", "hello")
	if err == nil && v != "" {
		t.Errorf("f returned %q", v)
	}
	return err
}

// A bomb of nested components, each of which instantiates the one before
// twice, must be refused before it has eaten the machine.
func TestInstantiationBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("(component (component $c0)\n")
	const depth = 24 // 16 million instances
	for i := 1; i <= depth; i++ {
		fmt.Fprintf(&b, "(component $c%d (alias outer 1 $c%d (component $p)) (instance (instantiate $p)) (instance (instantiate $p)))\n", i, i-1)
	}
	fmt.Fprintf(&b, "(instance (instantiate $c%d)))", depth)
	bytes, err := wat.Module(b.String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := engine.Compile(context.Background(), bytes)
	if err == nil {
		defer c.Close()
		s, serr := engine.NewStore(host.Limits{})
		if serr != nil {
			t.Fatal(serr)
		}
		defer s.Close()
		_, err = host.NewLinker().Instantiate(context.Background(), s, c)
	}
	if err == nil || !strings.Contains(err.Error(), "instances") {
		t.Fatalf("got %v", err)
	}
}
