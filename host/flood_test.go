package host_test

import (
	"context"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	wasi "github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/p2"
)

// flood begins handshakes over its standard input and output for ever, and
// keeps the futures or drops them.
const flood = `(component
  (import "wasi:io/streams@0.2.0" (instance $io
    (export "input-stream" (type (sub resource)))
    (export "output-stream" (type (sub resource)))))
  (alias export $io "input-stream" (type $in))
  (alias export $io "output-stream" (type $out))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin (alias outer 1 $in (type $in))
    (export "get-stdin" (func (result (own $in))))))
  (import "wasi:cli/stdout@0.2.0" (instance $stdout (alias outer 1 $out (type $out))
    (export "get-stdout" (func (result (own $out))))))
  (import "wasi:tls/types@0.2.0-draft" (instance $tls
    (alias outer 1 $in (type $in')) (alias outer 1 $out (type $out'))
    (export "client-handshake" (type $hs (sub resource)))
    (export "future-client-streams" (type $future (sub resource)))
    (export "[constructor]client-handshake" (func
      (param "server-name" string) (param "input" (own $in')) (param "output" (own $out')) (result (own $hs))))
    (export "[static]client-handshake.finish" (func (param "this" (own $hs)) (result (own $future))))))
  (alias export $tls "future-client-streams" (type $future))
  (core module $mem (memory (export "mem") 1) (data (i32.const 0) "a.example"))
  (core instance $mem (instantiate $mem))
  (core func $in (canon lower (func $stdin "get-stdin")))
  (core func $out (canon lower (func $stdout "get-stdout")))
  (core func $new (canon lower (func $tls "[constructor]client-handshake") (memory $mem "mem")))
  (core func $finish (canon lower (func $tls "[static]client-handshake.finish")))
  (core func $drop (canon resource.drop $future))
  (core module $m
    (import "" "in" (func $in (result i32))) (import "" "out" (func $out (result i32)))
    (import "" "new" (func $new (param i32 i32 i32 i32) (result i32)))
    (import "" "finish" (func $finish (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func $begin (result i32)
      (call $finish (call $new (i32.const 0) (i32.const 9) (call $in) (call $out))))
    (func (export "keep") (loop (drop (call $begin)) (br 0)))
    (func (export "drop") (loop (call $drop (call $begin)) (br 0))))
  (core instance $m (instantiate $m (with "" (instance
    (export "in" (func $in)) (export "out" (func $out)) (export "new" (func $new))
    (export "finish" (func $finish)) (export "drop" (func $drop))))))
  (func (export "keep") (canon lift (core func $m "keep")))
  (func (export "drop") (canon lift (core func $m "drop"))))`

// A guest that begins ever more handshakes is stopped before it has made the
// host hold more than a bounded number of connections, and when it ends
// nothing is left.
func TestHandshakeFlood(t *testing.T) {
	c := compile(t, flood)
	l := host.NewLinker()
	wasi.Bind(l)
	if err := p2.Bind(l, p2.Options{TLS: true}); err != nil {
		t.Fatal(err)
	}
	for name, limit := range map[string]time.Duration{"keep": time.Minute, "drop": 2 * time.Second} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			s, err := engine.NewStore(host.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			in, out := io.Pipe()
			defer out.Close()
			if err := wasi.Attach(s, wasi.Config{Command: cli.Config{Streams: stdio.Streams{Stdin: in, Stdout: io.Discard}}}); err != nil {
				t.Fatal(err)
			}
			client, err := wasitls.NewClient(wasitls.Config{})
			if err != nil {
				t.Fatal(err)
			}
			p2.Attach(s, client.NewGuest(wasitls.GuestConfig{}))
			instance, err := l.Instantiate(context.Background(), s, c)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			most := 0
			done := make(chan error, 1)
			go func() {
				_, err := instance.Call(ctx, "", name)
				done <- err
			}()
			for err == nil {
				select {
				case err = <-done:
				case <-time.After(time.Millisecond):
					most = max(most, runtime.NumGoroutine())
				}
			}
			if most > before+4*wasitls.DefaultConnectionsPerGuest {
				t.Errorf("%d goroutines", most)
			}
			if name == "keep" && !strings.Contains(err.Error(), "handle table is full") {
				t.Errorf("got %v", err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before+5 && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond)
			}
			if n := runtime.NumGoroutine(); n > before+5 {
				t.Errorf("%d goroutines are left of %d", n, before)
			}
		})
	}
}
