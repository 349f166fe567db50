// Package python runs Python in tests: the prebuilt python.wasm with its library and with the
// packages that its scripts import, and what componentize-py makes of the same.
package python

import (
	"bytes"
	"context"
	"crypto/x509"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/internal/guesttest"
	"github.com/wasitls/wasitls/wasitls"
	tlsp2 "github.com/wasitls/wasitls/wasitls/p2"
)

// Run is one run of Python. The zero value is granted the network and nothing else.
type Run struct {
	// Program is what runs: python.wasm, unless it is set.
	Program *Program
	// Args are Python's: a script as the guest knows it, or -c or -m, and what follows.
	Args []string
	// Env is the environment.
	Env []wasi.Variable
	// Mounts are directories beside the library, which is /usr.
	Mounts []rootfs.Mount
	// Roots are whom the host trusts; nil is the system's.
	Roots *x509.CertPool
	// NoNetwork grants none.
	NoNetwork bool
	// Limits bound the guest.
	Limits host.Limits
	// Timeout ends the guest: a minute, unless it is set.
	Timeout time.Duration
}

// Outcome is how a run ended.
type Outcome struct {
	Status         int
	Err            error // of the host: a trap, or the timeout
	Stdout, Stderr string
}

// Do runs Python to its end.
func (r Run) Do(tb testing.TB) Outcome {
	tb.Helper()
	program := r.Program
	if program == nil {
		program = static(tb)
		r.Mounts = append([]rootfs.Mount{{Host: library(tb), Guest: "/usr", ReadOnly: true}}, r.Mounts...)
	}
	client, err := wasitls.NewClient(wasitls.Config{Policy: wasitls.Trust(r.Roots)})
	if err != nil {
		tb.Fatal(err)
	}
	l := host.NewLinker()
	p2.Bind(l)
	if err := tlsp2.Bind(l, tlsp2.Options{TLS: true}); err != nil {
		tb.Fatal(err)
	}
	s, err := program.engine.NewStore(r.Limits)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	}()
	var out, errs bytes.Buffer
	err = p2.Attach(s, wasi.Config{
		Command: wasi.Command{
			Args:    append([]string{"python"}, r.Args...),
			Env:     r.Env,
			Streams: stdio.Streams{Stdout: &out, Stderr: &errs},
		},
		Mounts:  r.Mounts,
		Network: wasi.Network{Policy: netgrant.Policy{All: !r.NoNetwork}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tlsp2.Attach(s, client.NewGuest(wasitls.GuestConfig{Name: "python", Resolved: wasi.Resolved(s)}))
	limit := r.Timeout
	if limit == 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	in, err := l.Instantiate(ctx, s, program.component)
	if err != nil {
		tb.Fatal(err)
	}
	status, err := wasi.RunCommand(ctx, in)
	return Outcome{status, err, out.String(), errs.String()}
}

// Program is a compiled component that runs the script that is its first argument.
type Program struct {
	engine    *host.Engine
	component *host.Component
}

// compile compiles a component. With a folder, the code is kept there.
func compile(wasm []byte, cache string) (*Program, error) {
	engine, err := host.NewEngine(host.Config{CacheDir: cache})
	if err != nil {
		return nil, err
	}
	component, err := engine.Compile(context.Background(), wasm)
	if err != nil {
		return nil, err
	}
	return &Program{engine, component}, nil
}

var (
	once sync.Mutex
	kept *Program
)

// static compiles python.wasm, once for all tests.
func static(tb testing.TB) *Program {
	tb.Helper()
	wasm := guesttest.Component(tb, "python")
	once.Lock()
	defer once.Unlock()
	if kept == nil {
		var err error
		if kept, err = compile(wasm, ""); err != nil {
			tb.Fatal(err)
		}
	}
	return kept
}

// library makes a folder of the test's own with Python's library.
func library(tb testing.TB) string {
	tb.Helper()
	const archive = "python313.zip"
	dir := tb.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "lib"), 0o755); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "lib", archive), guesttest.Data(tb, archive), 0o644); err != nil {
		tb.Fatal(err)
	}
	return dir
}
