// Package wasitest runs guests in tests of the packages that bind the versions
// of WASI, and holds the tests that every version has to pass.
package wasitest

import (
	"bytes"
	"context"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/internal/guesttest"
)

// World is a version of WASI under test.
type World struct {
	Bind   func(*host.Linker)
	Attach func(*host.Store, wasi.Config) error
}

// Outcome is how a guest ended.
type Outcome struct {
	Status         int
	Err            error
	Stdout, Stderr string
}

var engine = sync.OnceValues(func() (*host.Engine, error) { return host.NewEngine(host.Config{}) })

// Engine returns the engine of all tests.
func Engine(tb testing.TB) *host.Engine {
	tb.Helper()
	e, err := engine()
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

// Store returns a new store.
func Store(tb testing.TB) *host.Store {
	tb.Helper()
	s, err := Engine(tb).NewStore(host.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

var compiled sync.Map // components by name

// Compile compiles a guest of testdata/guests, once.
func Compile(tb testing.TB, name string) *host.Component {
	tb.Helper()
	if c, ok := compiled.Load(name); ok {
		return c.(*host.Component)
	}
	c, err := Engine(tb).Compile(context.Background(), guesttest.Component(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	compiled.Store(name, c)
	return c
}

// Start instantiates a guest in a store to which c is attached, the guest's
// name being its first argument.
func (w World) Start(ctx context.Context, tb testing.TB, s *host.Store, name string, c wasi.Config) *host.Instance {
	tb.Helper()
	c.Command.Args = append([]string{name}, c.Command.Args...)
	if err := w.Attach(s, c); err != nil {
		tb.Fatal(err)
	}
	l := host.NewLinker()
	w.Bind(l)
	in, err := l.Instantiate(ctx, s, Compile(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	return in
}

// Run runs a guest to its end and checks that it leaves nothing behind.
func (w World) Run(tb testing.TB, name string, c wasi.Config) Outcome {
	tb.Helper()
	return w.RunFor(tb, 20*time.Second, name, c)
}

// RunFor is Run, but stops the guest after some time.
func (w World) RunFor(tb testing.TB, d time.Duration, name string, c wasi.Config) Outcome {
	tb.Helper()
	Compile(tb, name)
	warm()
	goroutines, files := runtime.NumGoroutine(), openFiles(tb)
	o := w.RunBeside(tb, d, name, c)
	settled(tb, goroutines, files)
	return o
}

// RunBeside is RunFor without a look at what is left behind, for tests that
// have something of their own come and go meanwhile.
func (w World) RunBeside(tb testing.TB, d time.Duration, name string, c wasi.Config) Outcome {
	tb.Helper()
	var out, stderr bytes.Buffer
	if c.Command.Stdout == nil {
		c.Command.Streams = stdio.Streams{Stdin: c.Command.Stdin, Stdout: &out, Stderr: &stderr}
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	s := Store(tb)
	status, err := wasi.RunCommand(ctx, w.Start(ctx, tb, s, name, c))
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
	return Outcome{status, err, out.String(), stderr.String()}
}
