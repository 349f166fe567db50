package p3_test

import (
	"bytes"
	"compress/gzip"
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
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/p3/cli"
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
	get := guesttest.Component
	if name == "net-p3" {
		get = packed
	}
	c, err := e.Compile(context.Background(), get(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	compiled.Store(name, c)
	return c
}

// packed returns a component of testdata.
func packed(tb testing.TB, name string) []byte {
	tb.Helper()
	f, err := os.Open(filepath.Join("testdata", name+".wasm.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// outcome is how a guest ended.
type outcome struct {
	status         int
	err            error
	stdout, stderr string
}

// run runs a guest to its end and checks that it leaves nothing behind.
func run(tb testing.TB, name string, c p3.Config) outcome {
	tb.Helper()
	return runFor(tb, 20*time.Second, name, c)
}

// runFor stops the guest after some time.
func runFor(tb testing.TB, d time.Duration, name string, c p3.Config) outcome {
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
	if err := p3.Attach(store, c); err != nil {
		tb.Fatal(err)
	}
	l := host.NewLinker()
	p3.Bind(l)
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	in, err := l.Instantiate(ctx, store, comp)
	if err != nil {
		tb.Fatal(err)
	}
	status, err := wasi.RunCommand(ctx, in)
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
	long := strings.Repeat("all work and no play\n", 10_000)
	for _, c := range []struct {
		name   string
		config cli.Config
		status int
		out    string
		err    string
	}{
		{"plain", cli.Config{}, 0, "hello\n", ""},
		{"args", cli.Config{Args: []string{"args", "ünï"}}, 0, "arg 0 hello-p3\narg 1 args\narg 2 ünï\nhello ünï\nhello\n", ""},
		{"no environment", cli.Config{Args: []string{"env"}}, 0, "\nhello\n", ""},
		{"environment", cli.Config{Args: []string{"env"}, Env: []cli.Variable{{Name: "B", Value: "2"}, {Name: "A", Value: "x=y"}}}, 0, "env A=x=y\nenv B=2\nhello\n", ""},
		{"directory", cli.Config{Args: []string{"cwd"}, Dir: "/data"}, 0, "cwd /data\nhello\n", ""},
		{"no stdin", cli.Config{Args: []string{"stdin"}}, 0, "stdin 0\nhello\n", ""},
		{"stdin", cli.Config{Args: []string{"stdin"}, Streams: stdio.Streams{Stdin: strings.NewReader("in\n")}}, 0, "stdin 3\nin\nhello\n", ""},
		{"long stdin", cli.Config{Args: []string{"stdin"}, Streams: stdio.Streams{Stdin: strings.NewReader(long)}}, 0, "stdin 210000\n" + long + "hello\n", ""},
		{"stderr", cli.Config{Args: []string{"err=oops"}}, 0, "hello\n", "oops\n"},
		{"exit", cli.Config{Args: []string{"exit=3"}}, 1, "", ""},
		{"exit with code", cli.Config{Args: []string{"code=42"}}, 42, "", ""},
		{"sleep", cli.Config{Args: []string{"sleep=20"}}, 0, "slept true\nhello\n", ""},
		{"many sleeps", cli.Config{Args: []string{"many=500"}}, 0, "waited 500 at once true\nhello\n", ""},
		{"cancelled sleep", cli.Config{Args: []string{"race=60000"}}, 0, "the wait was cancelled\nhello\n", ""},
		{"no files", cli.Config{Args: []string{"read=/etc/passwd"}}, 1, "", "hello-p3: read=/etc/passwd: not in a preopened directory\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := run(t, "hello-p3", p3.Config{Command: c.config})
			if o.err != nil || o.status != c.status || o.stdout != c.out || o.stderr != c.err {
				t.Errorf("got %+v (%v)", o, o.err)
			}
		})
	}
}

func TestClockAndRandom(t *testing.T) {
	o := run(t, "hello-p3", p3.Config{Command: cli.Config{Args: []string{"random", "random"}}})
	lines := strings.Split(o.stdout, "\n")
	if o.status != 0 || len(lines) != 4 || lines[0] == lines[1] || !strings.HasSuffix(lines[0], " and 16 more bytes") {
		t.Errorf("got %+v (%v)", o, o.err)
	}
}

func TestTrap(t *testing.T) {
	o := run(t, "hello-p3", p3.Config{Command: cli.Config{Args: []string{"panic"}}})
	var trap *host.Trap
	if !errors.As(o.err, &trap) {
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
		err    string
	}{
		{[]string{"read=/data/a.txt"}, 0, "read alpha\nhello\n", ""},
		{[]string{"read=/data/in"}, 0, "read alpha\nhello\n", ""},
		{[]string{"stat=/data/a.txt", "stat=/data"}, 0, "stat file 5\nstat directory ", ""},
		{[]string{"list=/data"}, 0, "list a.txt in out\nhello\n", ""},
		{[]string{"write=/data/b", "append=/data/b", "read=/data/b", "remove=/data/b"}, 0,
			"wrote 17 bytes\nhas 26 bytes\nread written by hello\nand more\n\nhello\n", ""},
		{[]string{"read=/data"}, 1, "", "IsDirectory"},
		{[]string{"read=/data/none"}, 1, "", "NoEntry"},
		{[]string{"list=/data/a.txt"}, 1, "", "NotDirectory"},
		{[]string{"read=/data/out/secret.txt"}, 1, "", "NotPermitted"},
		{[]string{"read=/data/../" + filepath.Base(outside) + "/secret.txt"}, 1, "", "NotPermitted"},
		{[]string{"read=/ro/a.txt"}, 0, "read alpha\nhello\n", ""},
		{[]string{"write=/ro/b"}, 1, "", "NotPermitted"},
		{[]string{"append=/ro/a.txt"}, 1, "", "NotPermitted"},
		{[]string{"mkdir=/ro/d"}, 1, "", "NotPermitted"},
		{[]string{"remove=/ro/a.txt"}, 1, "", "NotPermitted"},
	} {
		o := run(t, "hello-p3", p3.Config{Command: cli.Config{Args: c.words}, Mounts: mounts})
		if o.err != nil || o.status != c.status || !strings.HasPrefix(o.stdout, c.out) || !strings.Contains(o.stderr, c.err) {
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
	o := runFor(t, 100*time.Millisecond, "hello-p3", p3.Config{Command: cli.Config{
		Args: []string{"stdin"}, Streams: stdio.Streams{Stdin: r},
	}})
	if !errors.Is(o.err, context.DeadlineExceeded) {
		t.Errorf("got %v", o.err)
	}
	if _, err := w.WriteString("later"); err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 5)
	if _, err := io.ReadFull(r, p); err != nil || string(p) != "later" {
		t.Errorf("read %q, %v", p, err)
	}
}

// What cannot be written is an error of the guest.
func TestBrokenStdout(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	var stderr bytes.Buffer
	o := run(t, "hello-p3", p3.Config{Command: cli.Config{Streams: stdio.Streams{Stdout: w, Stderr: &stderr}}})
	if o.err != nil || o.status != 1 {
		t.Errorf("got %+v (%v)", o, o.err)
	}
}

// A slow reader of the standard output slows the guest down, and gets all.
func TestSlowStdout(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	long := strings.Repeat("0123456789abcdef", 1<<16)
	got := make(chan int, 1)
	go func() {
		total, p := 0, make([]byte, 50_000)
		for {
			n, err := r.Read(p)
			total += n
			if err != nil {
				got <- total
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	o := runWithout(t, "hello-p3", p3.Config{Command: cli.Config{
		Args: []string{"stdin"}, Streams: stdio.Streams{Stdin: strings.NewReader(long), Stdout: w},
	}})
	w.Close()
	if n := <-got; o.err != nil || o.status != 0 || n != len("stdin 1048576\n")+len(long)+len("hello\n") {
		t.Errorf("%d bytes, %+v (%v)", n, o, o.err)
	}
}

// runWithout is run without a look at what is left behind, for tests that have
// goroutines of their own.
func runWithout(tb testing.TB, name string, c p3.Config) outcome {
	tb.Helper()
	e, err := engine()
	if err != nil {
		tb.Fatal(err)
	}
	store, err := e.NewStore(host.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	defer store.Close()
	c.Command.Args = append([]string{name}, c.Command.Args...)
	if err := p3.Attach(store, c); err != nil {
		tb.Fatal(err)
	}
	l := host.NewLinker()
	p3.Bind(l)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	in, err := l.Instantiate(ctx, store, compile(tb, name))
	if err != nil {
		tb.Fatal(err)
	}
	status, err := cli.RunCommand(ctx, in)
	return outcome{status: status, err: err}
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
	err = p3.Attach(store, p3.Config{Mounts: []rootfs.Mount{{Host: filepath.Join(t.TempDir(), "none"), Guest: "/"}}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// What a store got first stays, whichever version gives it more.
func TestAttachTwice(t *testing.T) {
	e, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	store, err := e.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var out bytes.Buffer
	first := p2.Config{Command: cli.Config{Args: []string{"hello-p3", "args"}, Streams: stdio.Streams{Stdout: &out}}}
	if err := p2.Attach(store, first); err != nil {
		t.Fatal(err)
	}
	if err := p3.Attach(store, p3.Config{Command: cli.Config{Args: []string{"other"}}}); err != nil {
		t.Fatal(err)
	}
	l := host.NewLinker()
	p2.Bind(l)
	p3.Bind(l)
	in, err := l.Instantiate(context.Background(), store, compile(t, "hello-p3"))
	if err != nil {
		t.Fatal(err)
	}
	status, err := wasi.RunCommand(context.Background(), in)
	if err != nil || status != 0 || out.String() != "arg 0 hello-p3\narg 1 args\nhello\n" {
		t.Errorf("%d, %v, %q", status, err, out.String())
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
	if !wasi.IsCommand(comp) {
		t.Error("it is no command")
	}
	items := 0
	for _, i := range comp.Imports() {
		items += len(i.Items)
	}
	if items < 130 {
		t.Errorf("the component imports only %d functions and types", items)
	}
	l := host.NewLinker()
	p3.Bind(l)
	if _, err := l.Link(comp); err != nil {
		t.Error(err)
	}
}
