package host_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// worker is a guest whose exports wait: for an async function of the host, and
// for a stream and the future that tells how it ended.
const worker = `(component
  (type $bytes (stream u8))
  (type $ended (future (result (error string))))
  (import "example:store/jobs" (instance $jobs
    (export "run" (func async (param "millis" u32) (result string)))))
  (import "example:store/files" (instance $files
    (export "open" (func (result (tuple $bytes $ended))))))
  (core module $mem
    (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $mem (instantiate $mem))
  (core func $run (canon lower (func $jobs "run") (memory $mem "mem") (realloc (func $mem "realloc"))))
  (core func $open (canon lower (func $files "open") (memory $mem "mem")))
  (core func $read (canon stream.read $bytes (memory $mem "mem")))
  (core func $wait (canon future.read $ended (memory $mem "mem") (realloc (func $mem "realloc"))))
  (core module $main
    (import "" "mem" (memory 1))
    (import "" "run" (func $run (param i32 i32)))
    (import "" "open" (func $open (param i32)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "wait" (func $wait (param i32 i32) (result i32)))
    (func (export "work") (result i32)
      (call $run (i32.const 5) (i32.const 16))
      (i32.const 16))
    (func (export "read") (result i32)
      (local $n i32) (local $r i32)
      (call $open (i32.const 16))
      (loop $more
        (local.set $r (call $read (i32.load (i32.const 16)) (i32.add (i32.const 2048) (local.get $n)) (i32.const 64)))
        (local.set $n (i32.add (local.get $n) (i32.shr_u (local.get $r) (i32.const 4))))
        (br_if $more (i32.eqz (i32.and (local.get $r) (i32.const 1)))))
      (drop (call $wait (i32.load (i32.const 20)) (i32.const 32)))
      (if (i32.load8_u (i32.const 32)) (then unreachable))
      (i32.store (i32.const 16) (i32.const 2048))
      (i32.store (i32.const 20) (local.get $n))
      (i32.const 16)))
  (core instance $main (instantiate $main (with "" (instance
    (export "mem" (memory $mem "mem"))
    (export "run" (func $run)) (export "open" (func $open))
    (export "read" (func $read)) (export "wait" (func $wait))))))
  (func (export "work") async (result string) (canon lift (core func $main "work") (memory $mem "mem")))
  (func (export "read") async (result string) (canon lift (core func $main "read") (memory $mem "mem"))))`

// contents is a stream, and a future that tells how it ended.
type contents struct {
	_     host.Tuple
	Data  *host.Stream
	Ended *host.Future[host.Result[host.None, string]]
}

// telling is a source that tells a future how it ended.
type telling struct {
	stream.Input
	ended *host.Future[host.Result[host.None, string]]
}

func (t *telling) Read(p []byte) (int, error) {
	n, err := t.Input.Read(p)
	switch {
	case errors.Is(err, stream.ErrClosed):
		t.ended.Resolve(host.Result[host.None, string]{})
	case err != nil:
		t.ended.Resolve(host.Result[host.None, string]{IsErr: true, Err: err.Error()})
	}
	return n, err
}

func (t *telling) Drop() {
	t.Input.Drop()
	t.ended.Resolve(host.Result[host.None, string]{}) // the guest wants no more
}

// A guest waits for functions, streams and futures of the host.
func Example_async() {
	linker := host.NewLinker()
	linker.Interface("example:store/jobs").Func("run",
		host.Async(func(ctx context.Context, _ *host.Store, a *struct{ Millis uint32 }) (string, error) {
			select {
			case <-time.After(time.Duration(a.Millis) * time.Millisecond):
				return "done", nil
			case <-ctx.Done():
				return "", ctx.Err() // nobody waits for the answer
			}
		}))
	linker.Interface("example:store/files").Func("open",
		host.Func(func(*host.Call, *host.None) (contents, error) {
			ended := host.NewFuture[host.Result[host.None, string]]()
			source := stream.NewReader(strings.NewReader("all of it"))
			return contents{
				Data:  host.NewStream(&telling{source, ended}),
				Ended: ended,
			}, nil
		}))

	ctx := context.Background()
	wasm, err := wat.Module(worker)
	if err != nil {
		log.Fatal(err)
	}
	component, err := engine.Compile(ctx, wasm)
	if err != nil {
		log.Fatal(err)
	}
	defer component.Close()
	store, err := engine.NewStore(host.Limits{})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	instance, err := linker.Instantiate(ctx, store, component)
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range []string{"work", "read"} {
		export, err := host.Export[host.None, string](instance, "", name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(export.Call(ctx, host.None{}))
	}
	// Output:
	// done <nil>
	// all of it <nil>
}
