package rootfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// tree makes a granted directory with a secret beside it:
//
//	granted/file  granted/sub/inner  granted/link -> file
//	granted/up -> ../secret  granted/abs -> /…/secret  granted/dirup -> ..
//	secret
func tree(t *testing.T, readOnly bool) (*Descriptor, string) {
	t.Helper()
	top := t.TempDir()
	granted := filepath.Join(top, "granted")
	must(t, os.MkdirAll(filepath.Join(granted, "sub"), 0o700))
	must(t, os.WriteFile(filepath.Join(top, "secret"), []byte("secret"), 0o600))
	must(t, os.WriteFile(filepath.Join(granted, "file"), []byte("0123456789"), 0o600))
	must(t, os.WriteFile(filepath.Join(granted, "sub", "inner"), []byte("inner"), 0o600))
	for name, target := range map[string]string{
		"link": "file", "up": "../secret", "abs": filepath.Join(top, "secret"), "dirup": "..", "loop": "loop", "dangling": "none",
	} {
		must(t, os.Symlink(target, filepath.Join(granted, name)))
	}
	f, err := New([]Mount{{granted, "/", readOnly}})
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	ds, err := f.Directories()
	must(t, err)
	if len(ds) != 1 || ds[0].Path != "/" {
		t.Fatalf("directories %v", ds)
	}
	return ds[0].Descriptor, top
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func open(t *testing.T, d *Descriptor, path string, how OpenFlags, flags Flags) *Descriptor {
	t.Helper()
	o, err := d.Open(path, true, how, flags)
	if err != nil {
		t.Fatalf("open %s: %v", path, err)
	}
	return o
}

func TestNothingLeadsOut(t *testing.T) {
	d, top := tree(t, false)
	sub := open(t, d, "sub", OnlyDirectory, Read)
	outside := []string{
		"..", "../secret", "sub/../../secret", "up", "abs", "dirup", "dirup/secret", "link/../../secret",
		"/", "/etc/passwd", filepath.Join(top, "secret"), "./../secret", "sub/../..",
	}
	for _, path := range outside {
		for what, f := range map[string]func() error{
			"open":        func() error { _, err := d.Open(path, true, 0, Read); return err },
			"create":      func() error { _, err := d.Open(path, true, Create, Write); return err },
			"directory":   func() error { _, err := d.Open(path, true, OnlyDirectory, Read); return err },
			"stat":        func() error { _, err := d.StatAt(path, true); return err },
			"hash":        func() error { _, err := d.HashAt(path, true); return err },
			"times":       func() error { return d.SetTimesAt(path, true, TimeChange{Now: true}, TimeChange{}) },
			"open in sub": func() error { _, err := sub.Open(path, true, 0, Read); return err },
		} {
			if f() == nil {
				t.Errorf("%s of %q succeeds", what, path)
			}
		}
	}
	for _, path := range []string{"../new", "dirup/new", "/new", filepath.Join(top, "new"), "sub/../../new"} {
		for what, f := range map[string]func() error{
			"mkdir":   func() error { return d.Mkdir(path) },
			"symlink": func() error { return d.Symlink("x", path) },
			"link":    func() error { return d.Link("file", d, path) },
			"rename":  func() error { return d.Rename("file", sub, path) },
		} {
			if f() == nil {
				t.Errorf("%s to %q succeeds", what, path)
			}
		}
	}
	for _, path := range []string{"../secret", "dirup/secret", filepath.Join(top, "secret"), "dirup/granted"} {
		for what, f := range map[string]func() error{
			"unlink":   func() error { return d.Unlink(path) },
			"rmdir":    func() error { return d.Rmdir(path) },
			"rename":   func() error { return d.Rename(path, d, "stolen") },
			"link":     func() error { return d.Link(path, d, "stolen") },
			"readlink": func() error { _, err := d.Readlink(path); return err },
		} {
			if f() == nil {
				t.Errorf("%s of %q succeeds", what, path)
			}
		}
	}
	if _, err := sub.Open("../file", true, 0, Read); err != NotPermitted {
		t.Errorf("a directory's parent: %v", err)
	}
	if _, err := d.Readlink("abs"); err != NotPermitted {
		t.Errorf("readlink of an absolute link: %v", err)
	}
	if err := d.Symlink("/etc/passwd", "new"); err != NotPermitted {
		t.Errorf("absolute link: %v", err)
	}
	if text, err := os.ReadFile(filepath.Join(top, "secret")); err != nil || string(text) != "secret" {
		t.Errorf("secret is %q, %v", text, err)
	}
	if names, err := os.ReadDir(top); err != nil || len(names) != 2 {
		t.Errorf("beside the granted directory: %v, %v", names, err)
	}
}

func TestErrorsHaveCodes(t *testing.T) {
	d, _ := tree(t, false)
	at := func(path string, follow bool, how OpenFlags, flags Flags) func() error {
		return func() error { _, err := d.Open(path, follow, how, flags); return err }
	}
	file := open(t, d, "file", 0, Read)
	for _, c := range []struct {
		what string
		f    func() error
		want Code
	}{
		{"open nothing", at("none", true, 0, Read), NoEntry},
		{"open empty path", at("", true, 0, Read), NoEntry},
		{"open a link unfollowed", at("link", false, 0, Read), Loop},
		{"open a loop", at("loop", true, 0, Read), Loop},
		{"open with NUL", at("fi\x00le", true, 0, Read), Invalid},
		{"create what exists", at("file", true, Create|Exclusive, Write), Exist},
		{"create below a file", at("file/x", true, Create, Write), NotDirectory},
		{"file as directory", at("file", true, OnlyDirectory, Read), NotDirectory},
		{"write a directory", at("sub", true, 0, Write), IsDirectory},
		{"create a directory by open", at("x", true, Create|OnlyDirectory, Write), Invalid},
		{"long name", at(strings.Repeat("x", 300), true, 0, Read), NameTooLong},
		{"escape", at("..", true, 0, Read), NotPermitted},
		{"open in a file", func() error { _, err := file.Open("x", true, 0, Read); return err }, NotDirectory},
		{"write what is open for reading", func() error { _, err := file.WriteAt([]byte("x"), 0); return err }, BadDescriptor},
		{"truncate what is open for reading", func() error { return file.SetSize(0) }, BadDescriptor},
		{"read a directory", func() error { _, _, err := d.ReadAt(nil, 0); return err }, IsDirectory},
		{"read far away", func() error { _, _, err := file.ReadAt(nil, 1<<63); return err }, Invalid},
		{"list a file", func() error { _, err := file.ReadDir(); return err }, NotDirectory},
		{"mkdir of what exists", func() error { return d.Mkdir("sub") }, Exist},
		{"mkdir in nothing", func() error { return d.Mkdir("none/x") }, NoEntry},
		{"rmdir of a file", func() error { return d.Rmdir("file") }, NotDirectory},
		{"rmdir of a full directory", func() error { return d.Rmdir("sub") }, NotEmpty},
		{"unlink a directory", func() error { return d.Unlink("sub") }, IsDirectory},
		{"unlink a directory with a slash", func() error { return d.Unlink("sub/") }, IsDirectory},
		{"unlink a file with a slash", func() error { return d.Unlink("file/") }, NotDirectory},
		{"unlink nothing", func() error { return d.Unlink("none") }, NoEntry},
		{"rename nothing", func() error { return d.Rename("none", d, "x") }, NoEntry},
		{"link to what exists", func() error { return d.Link("file", d, "link") }, Exist},
		{"link a directory", func() error { return d.Link("sub", d, "x") }, NotPermitted},
		{"readlink of a file", func() error { _, err := d.Readlink("file"); return err }, Invalid},
		{"empty link", func() error { return d.Symlink("", "x") }, NoEntry},
		{"advise a directory", func() error { return d.Advise(0, 0, 0) }, BadDescriptor},
	} {
		if err := c.f(); err != c.want {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
}

func TestReadOnly(t *testing.T) {
	d, _ := tree(t, true)
	sub := open(t, d, "sub", OnlyDirectory, Read)
	file := open(t, d, "file", 0, Read)
	if p := make([]byte, 10); true {
		if n, _, err := file.ReadAt(p, 0); n != 10 || err != nil {
			t.Errorf("read %d, %v", n, err)
		}
	}
	if d.Flags() != Read || sub.Flags() != Read || file.Flags() != Read {
		t.Errorf("flags %v, %v, %v", d.Flags(), sub.Flags(), file.Flags())
	}
	for what, err := range map[string]error{
		"open":     func() error { _, err := d.Open("file", true, 0, Write); return err }(),
		"create":   func() error { _, err := sub.Open("new", true, Create, Read); return err }(),
		"truncate": func() error { _, err := d.Open("file", true, Truncate, Read); return err }(),
		"mutate":   func() error { _, err := d.Open("sub", true, OnlyDirectory, Read|MutateDirectory); return err }(),
		"mkdir":    d.Mkdir("new"), "rmdir": d.Rmdir("sub"), "unlink": d.Unlink("file"), "symlink": d.Symlink("x", "y"),
		"rename": d.Rename("file", d, "x"), "link": d.Link("file", d, "x"),
		"times": d.SetTimes(TimeChange{Now: true}, TimeChange{}), "file times": file.SetTimes(TimeChange{Now: true}, TimeChange{}),
		"times at": d.SetTimesAt("file", true, TimeChange{Now: true}, TimeChange{}),
	} {
		if err != NotPermitted {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Nothing may be moved between a writable and a read-only directory either.
	w, _ := tree(t, false)
	if err := w.Rename("file", d, "x"); err != NotPermitted {
		t.Errorf("rename into it: %v", err)
	}
	if err := d.Link("file", w, "x"); err != NotPermitted {
		t.Errorf("link out of it: %v", err)
	}
}

func TestFileContents(t *testing.T) {
	d, _ := tree(t, false)
	f := open(t, d, "new", Create|Exclusive, Read|Write)
	if n, err := f.WriteAt([]byte("hello world"), 2); n != 11 || err != nil {
		t.Fatalf("wrote %d, %v", n, err)
	}
	p := make([]byte, 5)
	if n, end, err := f.ReadAt(p, 2); string(p[:n]) != "hello" || end || err != nil {
		t.Errorf("read %q, %v, %v", p[:n], end, err)
	}
	if n, end, err := f.ReadAt(p, 10); string(p[:n]) != "rld" || !end || err != nil {
		t.Errorf("read %q, %v, %v", p[:n], end, err)
	}
	if n, end, err := f.ReadAt(p, 100); n != 0 || !end || err != nil {
		t.Errorf("beyond the end: %d, %v, %v", n, end, err)
	}
	must(t, f.SetSize(4))
	must(t, errors.Join(f.Sync(), f.SyncData(), d.Sync(), f.Advise(0, 10, 3)))
	if s, err := f.Stat(); err != nil || s.Size != 4 || s.Links != 1 || !s.Mode.IsRegular() {
		t.Errorf("stat %+v, %v", s, err)
	}
}

func TestStreams(t *testing.T) {
	d, _ := tree(t, false)
	f := open(t, d, "file", 0, Read|Write)
	in, err := f.Input(7)
	must(t, err)
	out, err := f.Output(8)
	must(t, err)
	end, err := f.Append()
	must(t, err)
	f.Drop() // the streams keep the file open
	must(t, errors.Join(out.Write([]byte("AB")), out.Write([]byte("C")), end.Write([]byte("xy")), end.Write([]byte("z"))))
	p := make([]byte, 100)
	if n, err := in.Read(p); string(p[:n]) != "7ABCxyz" || err != nil {
		t.Errorf("read %q, %v", p[:n], err)
	}
	for range 2 {
		if _, err := in.Read(p); err != stream.ErrClosed {
			t.Errorf("at the end: %v", err)
		}
	}
	if n, err := in.Read(nil); n != 0 || err != nil {
		t.Errorf("empty read: %d, %v", n, err)
	}
	in.Drop()
	in.Drop()
	out.Drop()
	end.Drop()
	if len(d.fs.open) != 1 {
		t.Errorf("%d descriptors are open", len(d.fs.open))
	}
}

func TestDirectories(t *testing.T) {
	d, top := tree(t, false)
	must(t, d.Mkdir("new/"))
	n := open(t, d, "new", OnlyDirectory, Read)
	must(t, d.Rename("file", n, "moved"))
	must(t, n.Link("moved", d, "again"))
	must(t, n.Symlink("../again", "sym"))
	if target, err := n.Readlink("sym"); target != "../again" || err != nil {
		t.Errorf("readlink %q, %v", target, err)
	}
	if _, err := d.Open("new/sym", true, 0, Read); err != nil {
		t.Errorf("link within the granted directory: %v", err)
	}
	moved, again := open(t, n, "moved", 0, Read), open(t, d, "again", 0, Read)
	if !moved.Same(again) || moved.Same(d) || !n.Same(n) {
		t.Error("same")
	}
	if s, err := moved.Stat(); err != nil || s.Links != 2 {
		t.Errorf("stat %+v, %v", s, err)
	}
	e, err := n.ReadDir()
	must(t, err)
	var names []string
	for {
		x, err := e.Next()
		must(t, err)
		if x == nil {
			break
		}
		names = append(names, x.Name())
	}
	e.Drop()
	slices.Sort(names)
	if !slices.Equal(names, []string{"moved", "sym"}) {
		t.Errorf("names %v", names)
	}
	must(t, errors.Join(n.Unlink("moved"), n.Unlink("sym"), d.Rmdir("new")))
	if _, err := os.Stat(filepath.Join(top, "granted", "new")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("directory is still there: %v", err)
	}
}

func TestTimes(t *testing.T) {
	d, _ := tree(t, false)
	a, b := time.Unix(1_000_000_000, 5), time.Unix(1_100_000_000, 7)
	f := open(t, d, "file", 0, Read)
	sub := open(t, d, "sub", OnlyDirectory, Read)
	for what, set := range map[string]func(r, w TimeChange) error{
		"file": f.SetTimes, "directory": sub.SetTimes,
		"path": func(r, w TimeChange) error { return d.SetTimesAt("link", true, r, w) },
		"link": func(r, w TimeChange) error { return d.SetTimesAt("link", false, r, w) },
	} {
		get := func() Stat {
			var s Stat
			var err error
			switch what {
			case "directory":
				s, err = sub.Stat()
			case "link":
				s, err = d.StatAt("link", false)
			default:
				s, err = f.Stat()
			}
			must(t, err)
			return s
		}
		must(t, set(TimeChange{At: a}, TimeChange{At: b}))
		if s := get(); !s.Accessed.Equal(a) || !s.Written.Equal(b) {
			t.Errorf("%s: %v, %v", what, s.Accessed, s.Written)
		}
		must(t, set(TimeChange{}, TimeChange{Now: true}))
		if s := get(); !s.Accessed.Equal(a) || time.Since(s.Written) > time.Minute {
			t.Errorf("%s: %v, %v", what, s.Accessed, s.Written)
		}
	}
}

func TestHash(t *testing.T) {
	d, _ := tree(t, false)
	a, err := d.HashAt("file", true)
	must(t, err)
	if b, err := open(t, d, "link", 0, Read).Hash(); err != nil || a != b || a.Lower == a.Upper {
		t.Errorf("%v and %v, %v", a, b, err)
	}
	if b, err := d.HashAt("link", false); err != nil || a == b {
		t.Errorf("a link and its target are the same, %v", err)
	}
	f := open(t, d, "file", 0, Write)
	if _, err := f.WriteAt([]byte("more than before"), 0); err != nil {
		t.Fatal(err)
	}
	if b, err := d.HashAt("file", true); err != nil || a == b {
		t.Errorf("a changed file has the same hash, %v", err)
	}
}

// A named pipe without a writer does not make opening or reading wait.
func TestNamedPipe(t *testing.T) {
	d, top := tree(t, false)
	must(t, unix.Mkfifo(filepath.Join(top, "granted", "fifo"), 0o600))
	done := make(chan error, 1)
	go func() {
		f, err := d.Open("fifo", true, 0, Read)
		if err == nil {
			_, _, err = f.ReadAt(make([]byte, 1), 0)
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != InvalidSeek {
			t.Errorf("got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("waits")
	}
}

func TestOpenLimit(t *testing.T) {
	d, _ := tree(t, false)
	var last *Descriptor
	for range MaxOpen - 1 { // d is one
		f, err := d.Open("file", true, 0, Read)
		if errors.Is(err, InsufficientMemory) {
			t.Skip("the system allows fewer descriptors than a guest files")
		}
		must(t, err)
		last = f
	}
	if _, err := d.Open("file", true, 0, Read); err != InsufficientMemory {
		t.Errorf("one more: %v", err)
	}
	if _, err := d.ReadDir(); err != InsufficientMemory {
		t.Errorf("listing: %v", err)
	}
	last.Drop()
	e, err := d.ReadDir()
	must(t, err)
	e.Drop()
	open(t, d, "file", 0, Read)
}

func TestParseMount(t *testing.T) {
	for in, want := range map[string]Mount{
		"/a": {"/a", "/a", false}, "/a:ro": {"/a", "/a", true}, "/a::/b": {"/a", "/b", false},
		"/a::/b:ro": {"/a", "/b", true}, ".": {".", ".", false}, "a:b::c": {"a:b", "c", false},
	} {
		if m, err := ParseMount(in); err != nil || m != want {
			t.Errorf("%q is %v, %v", in, m, err)
		}
	}
	for _, in := range []string{"", ":ro", "::/b", "/a::", "/a::b::c", "a\x00b"} {
		if m, err := ParseMount(in); err == nil {
			t.Errorf("%q is %v", in, m)
		}
	}
}
