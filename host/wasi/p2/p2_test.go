package p2_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/wasitest"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

var world = wasitest.World{Bind: p2.Bind, Attach: p2.Attach}

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
			o := world.Run(t, "hello", p2.Config{Command: c.config})
			if o.Err != nil || o.Status != c.status || o.Stdout != c.out || o.Stderr != c.err {
				t.Errorf("got %+v (%v)", o, o.Err)
			}
		})
	}
}

func TestTrap(t *testing.T) {
	o := world.Run(t, "hello", p2.Config{Command: cli.Config{Args: []string{"panic"}}})
	var trap *host.Trap
	if !errors.As(o.Err, &trap) || !strings.Contains(o.Stderr, "told to panic") {
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
		o := world.Run(t, "hello", p2.Config{Command: cli.Config{Args: c.words}, Mounts: mounts})
		if o.Err != nil || o.Status != c.status || o.Stdout != c.out {
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
	o := world.RunFor(t, 100*time.Millisecond, "hello", p2.Config{Command: cli.Config{
		Args: []string{"stdin"}, Streams: stdio.Streams{Stdin: r},
	}})
	if !errors.Is(o.Err, context.DeadlineExceeded) {
		t.Errorf("got %+v (%v)", o, o.Err)
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
	store := wasitest.Store(t)
	defer store.Close()
	err := p2.Attach(store, p2.Config{Mounts: []rootfs.Mount{{Host: filepath.Join(t.TempDir(), "none"), Guest: "/"}}})
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
	comp, err := wasitest.Engine(t).Compile(context.Background(), wasm)
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
