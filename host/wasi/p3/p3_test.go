package p3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/internal/wasitest"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/p3/cli"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

var world = wasitest.World{Bind: p3.Bind, Attach: p3.Attach}

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
			o := world.Run(t, "hello-p3", p3.Config{Command: c.config})
			if o.Err != nil || o.Status != c.status || o.Stdout != c.out || o.Stderr != c.err {
				t.Errorf("got %+v (%v)", o, o.Err)
			}
		})
	}
}

func TestClockAndRandom(t *testing.T) {
	o := world.Run(t, "hello-p3", p3.Config{Command: cli.Config{Args: []string{"random", "random"}}})
	lines := strings.Split(o.Stdout, "\n")
	if o.Status != 0 || len(lines) != 4 || lines[0] == lines[1] || !strings.HasSuffix(lines[0], " and 16 more bytes") {
		t.Errorf("got %+v (%v)", o, o.Err)
	}
}

func TestTrap(t *testing.T) {
	o := world.Run(t, "hello-p3", p3.Config{Command: cli.Config{Args: []string{"panic"}}})
	var trap *host.Trap
	if !errors.As(o.Err, &trap) {
		t.Errorf("got %+v (%v)", o, o.Err)
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
		o := world.Run(t, "hello-p3", p3.Config{Command: cli.Config{Args: c.words}, Mounts: mounts})
		if o.Err != nil || o.Status != c.status || !strings.HasPrefix(o.Stdout, c.out) || !strings.Contains(o.Stderr, c.err) {
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
	o := world.RunFor(t, 100*time.Millisecond, "hello-p3", p3.Config{Command: cli.Config{
		Args: []string{"stdin"}, Streams: stdio.Streams{Stdin: r},
	}})
	if !errors.Is(o.Err, context.DeadlineExceeded) {
		t.Errorf("got %v", o.Err)
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
	o := world.Run(t, "hello-p3", p3.Config{Command: cli.Config{Streams: stdio.Streams{Stdout: w, Stderr: &stderr}}})
	if o.Err != nil || o.Status != 1 {
		t.Errorf("got %+v (%v)", o, o.Err)
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
	o := world.RunBeside(t, 20*time.Second, "hello-p3", p3.Config{Command: cli.Config{
		Args: []string{"stdin"}, Streams: stdio.Streams{Stdin: strings.NewReader(long), Stdout: w},
	}})
	w.Close()
	if n := <-got; o.Err != nil || o.Status != 0 || n != len("stdin 1048576\n")+len(long)+len("hello\n") {
		t.Errorf("%d bytes, %+v (%v)", n, o, o.Err)
	}
}

func TestMissingDirectory(t *testing.T) {
	store := wasitest.Store(t)
	defer store.Close()
	err := p3.Attach(store, p3.Config{Mounts: []rootfs.Mount{{Host: filepath.Join(t.TempDir(), "none"), Guest: "/"}}})
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// What a store got first stays, whichever version gives it more.
func TestAttachTwice(t *testing.T) {
	store := wasitest.Store(t)
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
	in, err := l.Instantiate(context.Background(), store, wasitest.Compile(t, "hello-p3"))
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
	comp, err := wasitest.Engine(t).Compile(context.Background(), wasm)
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
