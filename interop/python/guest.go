// Package python runs the Python guest in tests: the prebuilt python.wasm with its library, and
// with the packages that its scripts import.
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
	c := compiled(tb)
	client, err := wasitls.NewClient(wasitls.Config{Roots: r.Roots})
	if err != nil {
		tb.Fatal(err)
	}
	l := host.NewLinker()
	p2.Bind(l)
	if err := tlsp2.Bind(l, tlsp2.Options{TLS: true, Client: client}); err != nil {
		tb.Fatal(err)
	}
	s, err := c.engine.NewStore(r.Limits)
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
		Mounts:  append([]rootfs.Mount{{Host: library(tb), Guest: "/usr", ReadOnly: true}}, r.Mounts...),
		Network: wasi.Network{Policy: netgrant.Policy{All: !r.NoNetwork}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tlsp2.Attach(s)
	limit := r.Timeout
	if limit == 0 {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	in, err := l.Instantiate(ctx, s, c.component)
	if err != nil {
		tb.Fatal(err)
	}
	status, err := wasi.RunCommand(ctx, in)
	return Outcome{status, err, out.String(), errs.String()}
}

// code is python.wasm, compiled.
type code struct {
	engine    *host.Engine
	component *host.Component
}

var (
	once sync.Mutex
	kept *code
)

// compiled compiles python.wasm, once for all tests.
func compiled(tb testing.TB) *code {
	tb.Helper()
	wasm := guesttest.Component(tb, "python")
	once.Lock()
	defer once.Unlock()
	if kept != nil {
		return kept
	}
	engine, err := host.NewEngine(host.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	component, err := engine.Compile(context.Background(), wasm)
	if err != nil {
		tb.Fatal(err)
	}
	kept = &code{engine, component}
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
