package host_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

// heapAfter runs f and returns how much it let the heap grow, at its end.
func heapAfter(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.Sys - before.Sys
}

// A small file whose nested component has many steps and is instantiated
// often must not make the host take memory for all of them.
func TestStepBomb(t *testing.T) {
	for name, step := range map[string]string{
		"aliases":  `(alias core export $i "f" (core func))`,
		"lowers":   `(core func (canon lower (func $f)))`,
		"builtins": `(core func (canon resource.new $r))`,
		"types":    `(type (resource (rep i32)))`,
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			b.WriteString(`(component (component $bomb
			  (core module $m (func (export "f")))
			  (core instance $i (instantiate $m))
			  (type $r (resource (rep i32)))
			  (func $f (canon lift (core func $i "f")))` + "\n")
			b.WriteString(strings.Repeat(step+"\n", 50_000))
			b.WriteString(")\n")
			b.WriteString(strings.Repeat("(instance (instantiate $bomb))\n", 900))
			b.WriteString(")")
			bytes, err := wat.Module(b.String())
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			grown := heapAfter(func() {
				var c *host.Component
				if c, err = engine.Compile(context.Background(), bytes); err != nil {
					return
				}
				defer c.Close()
				s, serr := engine.NewStore(host.Limits{})
				if serr != nil {
					t.Fatal(serr)
				}
				defer s.Close()
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_, err = host.NewLinker().Instantiate(ctx, s, c)
			})
			if err == nil || !strings.Contains(err.Error(), "steps") || grown > 256<<20 {
				t.Errorf("%v, %d MiB, %.200v", time.Since(start), grown>>20, err)
			}
		})
	}
}

// An import of an instance with a long name and many members would make one
// error for each, all with the long name.
func TestMissingImportsBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString(`(component (import "` + strings.Repeat("a", 50_000) + `" (instance` + "\n")
	for i := range 10_000 {
		fmt.Fprintf(&b, "(export \"f%d\" (func))\n", i)
	}
	b.WriteString(")))")
	bytes, err := wat.Module(b.String())
	if err != nil {
		t.Fatal(err)
	}
	c, err := engine.Compile(context.Background(), bytes)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l := host.NewLinker()
	l.Interface(strings.Repeat("a", 50_000))
	_, err = l.Link(c)
	var missing *host.MissingImportError
	if !errors.As(err, &missing) {
		t.Fatalf("got %.200v", err)
	}
	if n := len(err.Error()); n > 1<<20 {
		t.Fatalf("an error of %d bytes", n)
	}
}

// liveAfter runs f and returns how much it let what lives on the heap grow.
func liveAfter(f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}

// Names in a component file may be long and hold anything: messages show them
// on one line, in part.
func TestMessagesAreSafe(t *testing.T) {
	name := "\\1b[2J\\0a" + strings.Repeat("x", 50_000)
	b, err := wat.Module(`(component
	  (core module $m (func (import "" "` + name + `")))
	  (core instance $i (instantiate $m (with "" (instance)))))`)
	if err != nil {
		t.Fatal(err)
	}
	_, err = engine.Compile(context.Background(), b)
	var invalid *host.InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("got %v", err)
	}
	if s := err.Error(); len(s) > 2000 || strings.ContainsAny(s, "\x1b\n") {
		t.Errorf("%d bytes: %.100q", len(s), s)
	}
}
