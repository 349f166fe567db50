package p2_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/internal/guesttest"
)

var engine = sync.OnceValues(func() (*host.Engine, error) { return host.NewEngine(host.Config{}) })

var compiled sync.Map // components by name

// compile compiles a prebuilt guest once.
func compile(tb testing.TB, name string) *host.Component {
	tb.Helper()
	if c, ok := compiled.Load(name); ok {
		return c.(*host.Component)
	}
	e, err := engine()
	if err != nil {
		tb.Fatal(err)
	}
	c, err := e.Compile(context.Background(), guesttest.Component(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	compiled.Store(name, c)
	return c
}

// outcome is how a guest ended.
type outcome struct {
	status         int
	err            error
	stdout, stderr string
}

// run runs a guest to its end and checks that it leaves nothing behind.
func run(tb testing.TB, name string, c p2.Config) outcome {
	tb.Helper()
	return runFor(tb, 20*time.Second, name, c)
}

// runFor stops the guest after some time.
func runFor(tb testing.TB, d time.Duration, name string, c p2.Config) outcome {
	tb.Helper()
	comp := compile(tb, name)
	e, err := engine()
	if err != nil {
		tb.Fatal(err)
	}
	warm()
	goroutines, files := runtime.NumGoroutine(), openFiles(tb)
	store, err := e.NewStore(host.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	var out, stderr bytes.Buffer
	if c.Command.Stdout == nil {
		c.Command.Streams = stdio.Streams{Stdin: c.Command.Stdin, Stdout: &out, Stderr: &stderr}
	}
	c.Command.Args = append([]string{name}, c.Command.Args...)
	if err := p2.Attach(store, c); err != nil {
		tb.Fatal(err)
	}
	l := host.NewLinker()
	p2.Bind(l)
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	in, err := l.Instantiate(ctx, store, comp)
	if err != nil {
		tb.Fatal(err)
	}
	status, err := cli.RunCommand(ctx, in)
	if err := store.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
	settled(tb, goroutines, files)
	return outcome{status, err, out.String(), stderr.String()}
}

// warm makes Go open what it keeps for all files.
var warm = sync.OnceFunc(func() {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
})

// openFiles counts descriptors, but not those with which the engine keeps the
// initial memory of a component.
func openFiles(tb testing.TB) int {
	tb.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Skip("no /proc/self/fd to count descriptors in")
	}
	n := 0
	for _, fd := range fds {
		to, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err == nil && !strings.Contains(to, "wasm-memory-image") {
			n++
		}
	}
	return n
}

// settled fails the test if there are more goroutines or descriptors than
// before, also after some time.
func settled(tb testing.TB, goroutines, files int) {
	tb.Helper()
	var g, f int
	for range 100 {
		g, f = runtime.NumGoroutine(), openFiles(tb)
		if g <= goroutines && f <= files {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	tb.Errorf("left behind: %d goroutines and %d descriptors more\n%s", g-goroutines, f-files, buf[:runtime.Stack(buf, true)])
}

func TestHello(t *testing.T) {
	for _, c := range []struct {
		name   string
		config cli.Config
		status int
		out    string
		err    string
	}{
		{"plain", cli.Config{}, 0, "hello\n", ""},
		{"args", cli.Config{Args: []string{"args", "ünï"}}, 0, "arg 0 hello\narg 1 args\narg 2 ünï\nhello ünï\nhello\n", ""},
		{"no environment", cli.Config{Args: []string{"env"}}, 0, "hello\n", ""},
		{"environment", cli.Config{Args: []string{"env"}, Env: []cli.Variable{{Name: "B", Value: "2"}, {Name: "A", Value: "x=y"}}}, 0, "env A=x=y\nenv B=2\nhello\n", ""},
		{"no stdin", cli.Config{Args: []string{"stdin"}}, 0, "stdin 0\nhello\n", ""},
		{"stdin", cli.Config{Args: []string{"stdin"}, Streams: stdio.Streams{Stdin: strings.NewReader("in\n")}}, 0, "stdin 3\nin\nhello\n", ""},
		{"stderr", cli.Config{Args: []string{"err=oops"}}, 0, "hello\n", "oops\n"},
		{"exit", cli.Config{Args: []string{"exit=3"}}, 1, "", ""},
		{"exit with code", cli.Config{Args: []string{"code=42"}}, 42, "", ""},
		{"sleep", cli.Config{Args: []string{"sleep=20"}}, 0, "slept true\nhello\n", ""},
		{"no files", cli.Config{Args: []string{"read=/etc/passwd"}}, 1, "", "hello: read=/etc/passwd: No such file or directory (os error 44)\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := run(t, "hello", p2.Config{Command: c.config})
			if o.err != nil || o.status != c.status || o.stdout != c.out || o.stderr != c.err {
				t.Errorf("got %+v (%v)", o, o.err)
			}
		})
	}
}

func TestTrap(t *testing.T) {
	o := run(t, "hello", p2.Config{Command: cli.Config{Args: []string{"panic"}}})
	var trap *host.Trap
	if !errors.As(o.err, &trap) || !strings.Contains(o.stderr, "told to panic") {
		t.Errorf("got %+v (%v)", o, o.err)
	}
}

func TestFiles(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		filepath.Join(dir, "a.txt"):          "alpha",
		filepath.Join(outside, "secret.txt"): "secret",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(outside, filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.txt", filepath.Join(dir, "in")); err != nil {
		t.Fatal(err)
	}
	mounts := []rootfs.Mount{{Host: dir, Guest: "/data"}, {Host: dir, Guest: "/ro", ReadOnly: true}}
	for _, c := range []struct {
		words  []string
		status int
		out    string
	}{
		{[]string{"read=/data/a.txt"}, 0, "read alpha\nhello\n"},
		{[]string{"read=/data/in"}, 0, "read alpha\nhello\n"},
		{[]string{"list=/data"}, 0, "list a.txt in out\nhello\n"},
		{[]string{"write=/data/b", "read=/data/b", "remove=/data/b"}, 0, "wrote 17 bytes\nread written by hello\n\nhello\n"},
		{[]string{"read=/data/out/secret.txt"}, 1, ""},
		{[]string{"read=/data/../" + filepath.Base(outside) + "/secret.txt"}, 1, ""},
		{[]string{"read=/ro/a.txt"}, 0, "read alpha\nhello\n"},
		{[]string{"write=/ro/b"}, 1, ""},
		{[]string{"write=/ro/a.txt"}, 1, ""},
		{[]string{"remove=/ro/a.txt"}, 1, ""},
	} {
		o := run(t, "hello", p2.Config{Command: cli.Config{Args: c.words}, Mounts: mounts})
		if o.err != nil || o.status != c.status || o.stdout != c.out {
			t.Errorf("%v: got %+v", c.words, o)
		}
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 3 {
		t.Errorf("directory holds %v, %v", names, err)
	}
}

// A guest that waits for its standard input ends with its context, and nothing
// of what it did not take is lost.
func TestStdinWait(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	comp := compile(t, "hello")
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	store, err := e.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if err := p2.Attach(store, p2.Config{Command: cli.Config{
		Args: []string{"hello", "stdin"}, Streams: stdio.Streams{Stdin: r},
	}}); err != nil {
		t.Fatal(err)
	}
	l := host.NewLinker()
	p2.Bind(l)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	in, err := l.Instantiate(context.Background(), store, comp)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cli.RunCommand(ctx, in); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	if _, err := w.WriteString("later"); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 5)
	if _, err := io.ReadFull(r, p); err != nil || string(p) != "later" {
		t.Errorf("read %q, %v", p, err)
	}
}

func TestMissingDirectory(t *testing.T) {
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	store, err := e.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	err = p2.Attach(store, p2.Config{Mounts: []rootfs.Mount{{Host: filepath.Join(t.TempDir(), "none"), Guest: "/"}}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// A component that imports the whole world, with all types, is served. It
// shows that nothing is missing and that no type differs from wit/.
func TestWholeWorld(t *testing.T) {
	wasm, err := os.ReadFile("testdata/command.wasm")
	if err != nil {
		t.Fatal(err)
	}
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	comp, err := e.Compile(context.Background(), wasm)
	if err != nil {
		t.Fatal(err)
	}
	defer comp.Close()
	items := 0
	for _, i := range comp.Imports() {
		items += len(i.Items)
	}
	if items < 130 {
		t.Errorf("the component imports only %d functions and types", items)
	}
	l := host.NewLinker()
	p2.Bind(l)
	if _, err := l.Link(comp); err != nil {
		t.Error(err)
	}
}
