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

// engine is shared: one is enough for a process.
var engine = func() *host.Engine {
	e, err := host.NewEngine(host.Config{})
	if err != nil {
		panic(err)
	}
	return e
}()

func compile(t testing.TB, text string) *host.Component {
	t.Helper()
	b, err := wat.Module(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := engine.Compile(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func instantiate(t testing.TB, l *host.Linker, c *host.Component, limits host.Limits) *host.Instance {
	t.Helper()
	s, err := engine.NewStore(limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	in, err := l.Instantiate(context.Background(), s, c)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// greeter imports a function that takes and returns strings, and a resource
// with a method, and exports what uses them.
const greeter = `(component
  (import "test:greet/api@0.2.3" (instance $api
    (export "thing" (type $thing (sub resource)))
    (export "[constructor]thing" (func (param "name" string) (result (own $thing))))
    (export "[method]thing.name" (func (param "self" (borrow $thing)) (result (result string (error u8)))))
  ))
  (alias export $api "thing" (type $thing))
  (core module $mem
    (memory (export "mem") 1)
    (global $at (mut i32) (i32.const 1024))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $p i32)
      (local.set $p (i32.and (i32.add (global.get $at) (i32.const 7)) (i32.const -8)))
      (global.set $at (i32.add (local.get $p) (local.get 3)))
      (local.get $p)))
  (core instance $mem (instantiate $mem))
  (core func $new (canon lower (func $api "[constructor]thing") (memory $mem "mem") (realloc (func $mem "realloc"))))
  (core func $name (canon lower (func $api "[method]thing.name") (memory $mem "mem") (realloc (func $mem "realloc"))))
  (core func $drop (canon resource.drop $thing))
  (core module $main
    (import "" "mem" (memory 1))
    (import "" "new" (func $new (param i32 i32) (result i32)))
    (import "" "name" (func $name (param i32 i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "greet") (param $p i32) (param $n i32) (result i32)
      (local $h i32)
      (local.set $h (call $new (local.get $p) (local.get $n)))
      (call $name (local.get $h) (i32.const 16))
      (call $drop (local.get $h))
      (i32.const 16))
    (func (export "keep") (param $p i32) (param $n i32)
      (drop (call $new (local.get $p) (local.get $n)))))
  (core instance $main (instantiate $main (with "" (instance
    (export "mem" (memory $mem "mem"))
    (export "new" (func $new)) (export "name" (func $name)) (export "drop" (func $drop))))))
  (func (export "greet") (param "name" string) (result (result string (error u8)))
    (canon lift (core func $main "greet") (memory $mem "mem") (realloc (func $mem "realloc"))))
  (func (export "keep") (param "name" string)
    (canon lift (core func $main "keep") (memory $mem "mem") (realloc (func $mem "realloc")))))`

type thing struct{ name string }

// things is the host's side of greeter; it counts what lives.
type things struct {
	live int
	res  *host.Resource[*thing]
}

var errNoName = errors.New("no name")

func (h *things) linker(version string) *host.Linker {
	h.res = host.NewResource("thing", func(_ *host.Call, _ *thing) error { h.live--; return nil })
	l := host.NewLinker()
	i := l.Interface("test:greet/api@" + version)
	i.Resource("thing", h.res)
	i.Func("[constructor]thing", host.Func(func(_ *host.Call, a *struct{ Name string }) (*thing, error) {
		h.live++
		return &thing{a.Name}, nil
	}))
	i.Func("[method]thing.name", host.Try(func(_ *host.Call, a *struct{ Self *thing }) (string, error) {
		if a.Self.name == "" {
			return "", errNoName
		}
		return "hello, " + a.Self.name, nil
	}, func(_ *host.Call, err error) (uint8, error) {
		if errors.Is(err, errNoName) {
			return 7, nil
		}
		return 0, err
	}))
	return l
}

type nameArg struct{ Name string }

func TestCallBothWays(t *testing.T) {
	h := &things{}
	in := instantiate(t, h.linker("0.2.0"), compile(t, greeter), host.Limits{})
	greet, err := host.Export[nameArg, host.Result[string, uint8]](in, "", "greet")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want host.Result[string, uint8]
	}{
		{"wörld", host.Result[string, uint8]{Ok: "hello, wörld"}},
		{"", host.Result[string, uint8]{IsErr: true, Err: 7}},
		{strings.Repeat("x", 5000), host.Result[string, uint8]{Ok: "hello, " + strings.Repeat("x", 5000)}},
	} {
		got, err := greet.Call(context.Background(), nameArg{c.name})
		if err != nil || got != c.want {
			t.Errorf("greet(%.10q) = %.40v, %v", c.name, got, err)
		}
	}
	if h.live != 0 {
		t.Errorf("%d things live", h.live)
	}
	v, err := in.Call(context.Background(), "", "greet", "you")
	if want := (host.Result[host.Value, host.Value]{Ok: "hello, you"}); err != nil || v != want {
		t.Errorf("dynamic call = %v, %v", v, err)
	}
}

func TestCloseDropsWhatGuestsHold(t *testing.T) {
	h := &things{}
	in := instantiate(t, h.linker("0.2.9"), compile(t, greeter), host.Limits{})
	keep, err := host.Export[nameArg, host.None](in, "", "keep")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := keep.Call(context.Background(), nameArg{"a"}); err != nil {
			t.Fatal(err)
		}
	}
	if h.live != 3 {
		t.Fatalf("%d things live, want 3", h.live)
	}
	if err := in.Store().Close(); err != nil || h.live != 0 {
		t.Fatalf("after Close: %v, %d live", err, h.live)
	}
	if _, err := keep.Call(context.Background(), nameArg{"a"}); !errors.Is(err, host.ErrClosed) {
		t.Fatalf("call after Close: %v", err)
	}
}

func TestLinkErrors(t *testing.T) {
	c := compile(t, greeter)
	t.Run("missing", func(t *testing.T) {
		l := host.NewLinker()
		l.Hint("test:greet/", "run with --greet")
		_, err := l.Link(c)
		var missing *host.MissingImportError
		if !errors.As(err, &missing) || missing.Import != "test:greet/api@0.2.3" || missing.Hint != "run with --greet" {
			t.Fatalf("got %#v", err)
		}
	})
	t.Run("other track", func(t *testing.T) {
		if _, err := (&things{}).linker("0.3.0").Link(c); err == nil {
			t.Fatal("0.3.0 served an import of 0.2.3")
		}
	})
	t.Run("pre-release", func(t *testing.T) {
		if _, err := (&things{}).linker("0.2.3-draft").Link(c); err == nil {
			t.Fatal("a draft served an import of the release")
		}
	})
	t.Run("item", func(t *testing.T) {
		l := host.NewLinker()
		l.Interface("test:greet/api@0.2.3").Resource("thing", (&things{}).linkerResource())
		_, err := l.Link(c)
		if err == nil || !strings.Contains(err.Error(), `"[method]thing.name" of test:greet/api@0.2.3`) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("type", func(t *testing.T) {
		h := &things{}
		l := h.linker("0.2.3")
		l.Interface("test:greet/api@0.2.3").Func("[constructor]thing", host.Func(func(_ *host.Call, a *struct{ Name uint32 }) (*thing, error) {
			return nil, nil
		}))
		_, err := l.Link(c)
		if err == nil || !strings.Contains(err.Error(), "name") || !strings.Contains(err.Error(), "string") {
			t.Fatalf("got %v", err)
		}
	})
}

func (h *things) linkerResource() *host.Resource[*thing] {
	return host.NewResource[*thing]("thing", nil)
}

func TestNoSuchExport(t *testing.T) {
	in := instantiate(t, (&things{}).linker("0.2.3"), compile(t, greeter), host.Limits{})
	_, err := host.Export[host.None, host.None](in, "wasi:cli/run@0.2.0", "run")
	var none *host.NoExportError
	if !errors.As(err, &none) {
		t.Fatalf("got %v", err)
	}
	if _, err := host.Export[struct{ Name uint64 }, host.None](in, "", "keep"); err == nil {
		t.Fatal("a string parameter took a uint64")
	}
}

// looper runs for ever, or calls the host for ever.
const looper = `(component
  (import "tick" (func $tick))
  (core func $tick' (canon lower (func $tick)))
  (core module $m
    (import "" "tick" (func $tick))
    (func (export "spin") (loop (br 0)))
    (func (export "ticks") (loop (call $tick) (br 0)))
    (func (export "once") (call $tick)))
  (core instance $i (instantiate $m (with "" (instance (export "tick" (func $tick'))))))
  (func (export "spin") (canon lift (core func $i "spin")))
  (func (export "ticks") (canon lift (core func $i "ticks")))
  (func (export "once") (canon lift (core func $i "once"))))`

func tickLinker(tick func(*host.Call) error) *host.Linker {
	l := host.NewLinker()
	l.Func("tick", host.Func(func(c *host.Call, _ *struct{}) (host.None, error) { return host.None{}, tick(c) }))
	return l
}

func TestContextStopsGuests(t *testing.T) {
	c := compile(t, looper)
	for _, name := range []string{"spin", "ticks"} {
		t.Run(name, func(t *testing.T) {
			in := instantiate(t, tickLinker(func(*host.Call) error { return nil }), c, host.Limits{})
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			_, err := in.Call(ctx, "", name)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 10*time.Second {
				t.Fatalf("got %v after %v", err, time.Since(start))
			}
			var trap *host.Trap
			if !errors.As(err, &trap) || in.Store().Err() == nil {
				t.Fatalf("a stopped guest lives: %v", err)
			}
			if _, err := in.Call(context.Background(), "", "once"); err == nil {
				t.Fatal("a stopped guest was called")
			}
		})
	}
}

func TestCloseStopsAGuestThatRunsOrWaits(t *testing.T) {
	c := compile(t, looper)
	for _, name := range []string{"spin", "once"} {
		t.Run(name, func(t *testing.T) {
			in := instantiate(t, tickLinker(func(c *host.Call) error {
				<-c.Context().Done()
				return context.Cause(c.Context())
			}), c, host.Limits{})
			done := make(chan error, 1)
			go func() {
				_, err := in.Call(context.Background(), "", name)
				done <- err
			}()
			time.Sleep(20 * time.Millisecond)
			if err := in.Store().Close(); err != nil {
				t.Fatal(err)
			}
			if err := <-done; !errors.Is(err, host.ErrClosed) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestHostErrorsAndPanicsTrap(t *testing.T) {
	c := compile(t, looper)
	cause := errors.New("out of ticks")
	in := instantiate(t, tickLinker(func(*host.Call) error { return cause }), c, host.Limits{})
	if _, err := in.Call(context.Background(), "", "once"); !errors.Is(err, cause) {
		t.Fatalf("got %v", err)
	}
	in = instantiate(t, tickLinker(func(*host.Call) error { panic("oops") }), c, host.Limits{})
	if _, err := in.Call(context.Background(), "", "once"); err == nil || !strings.Contains(err.Error(), "oops") {
		t.Fatalf("got %v", err)
	}
}

// A host function may call the store again, but not the instance that is
// waiting for it.
func TestReentrance(t *testing.T) {
	var in *host.Instance
	var nested error
	l := tickLinker(func(c *host.Call) error {
		_, nested = in.Call(c.Context(), "", "spin")
		return nil
	})
	in = instantiate(t, l, compile(t, looper), host.Limits{})
	_, err := in.Call(context.Background(), "", "once")
	if nested == nil || !strings.Contains(nested.Error(), "cannot enter component instance") {
		t.Fatalf("nested call: %v", nested)
	}
	if err == nil {
		t.Fatal("the trap of the nested call did not end the guest")
	}
}

// A call that a host function makes and no longer waits for is the end of the
// guests, as any other: what it left behind must not go on later.
func TestNestedCallTimesOut(t *testing.T) {
	sleeper := compile(t, `(component
  (import "sleep" (func $sleep async))
  (core func $sleep' (canon lower (func $sleep)))
  (core module $m (import "" "sleep" (func $sleep)) (func (export "f") (call $sleep)))
  (core instance $i (instantiate $m (with "" (instance (export "sleep" (func $sleep'))))))
  (func (export "f") async (canon lift (core func $i "f"))))`)
	var other *host.Instance
	var nested error
	l := tickLinker(func(c *host.Call) error {
		ctx, cancel := context.WithTimeout(c.Context(), 10*time.Millisecond)
		defer cancel()
		_, nested = other.Call(ctx, "", "f")
		return nil
	})
	l.Func("sleep", host.Async(func(ctx context.Context, _ *host.Store, _ *struct{}) (host.None, error) {
		<-ctx.Done()
		return host.None{}, ctx.Err()
	}))
	in := instantiate(t, l, compile(t, looper), host.Limits{})
	var err error
	other, err = l.Instantiate(context.Background(), in.Store(), sleeper)
	if err != nil {
		t.Fatal(err)
	}
	_, err = in.Call(context.Background(), "", "once")
	if !errors.Is(nested, context.DeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nested call: %v; the call around it: %v", nested, err)
	}
}

func TestCallsQueueForTheStore(t *testing.T) {
	running, most := 0, 0
	in := instantiate(t, tickLinker(func(*host.Call) error {
		running++
		most = max(most, running)
		time.Sleep(time.Millisecond)
		running--
		return nil
	}), compile(t, looper), host.Limits{})
	errs := make(chan error)
	for range 8 {
		go func() {
			_, err := in.Call(context.Background(), "", "once")
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if most != 1 {
		t.Fatalf("%d calls ran at once", most)
	}
}

func TestInvalidComponents(t *testing.T) {
	module, err := wat.Module("(module)")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty": nil, "text": []byte("(component)"), "core module": module, "cut": []byte("\x00asm\x0d\x00\x01\x00\x01"),
	} {
		_, err := engine.Compile(context.Background(), b)
		var invalid *host.InvalidError
		if !errors.As(err, &invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	c := compile(t, `(component
	  (core module $m (memory 1)
	    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
	  (core instance $i (instantiate $m))
	  (func (export "grow") (param "pages" u32) (result s32) (canon lift (core func $i "grow"))))`)
	in := instantiate(t, host.NewLinker(), c, host.Limits{MemoryBytes: 1 << 20})
	for _, step := range []struct {
		pages uint32
		want  int32
	}{{8, 1}, {100, -1}, {1, 9}} {
		got, err := in.Call(context.Background(), "", "grow", step.pages)
		if err != nil || got != step.want {
			t.Errorf("grow(%d) = %v, %v; want %d", step.pages, got, err, step.want)
		}
	}
}
