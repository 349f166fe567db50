package python

import (
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
)

// good fails the test unless the run succeeded, and returns its output.
func good(tb testing.TB, o Outcome) string {
	tb.Helper()
	if o.Err != nil || o.Status != 0 {
		tb.Fatalf("status %d, %v\n%s%s", o.Status, o.Err, o.Stdout, o.Stderr)
	}
	return o.Stdout
}

// scripts mounts the scripts of the tests and the examples.
func scripts() []rootfs.Mount {
	return []rootfs.Mount{
		{Host: "testdata", Guest: "/test", ReadOnly: true},
		{Host: Source() + "/apps", Guest: "/apps", ReadOnly: true},
	}
}

// TestStart: what needs neither network nor packages.
func TestStart(t *testing.T) {
	for _, c := range []struct{ name, code, want string }{
		{"print", `print("hi")`, "hi\n"},
		{"arguments", `import sys; print(sys.argv)`, "['-c', 'one', 'two']\n"},
		{"version", `import sys; print(sys.version_info[:2], sys.platform)`, "(3, 13) wasi\n"},
		{"modules", `import asyncio, decimal, email, hashlib, http.client, json, zlib, socket, select, unicodedata; print(hashlib.sha256(zlib.decompress(zlib.compress(b"x"))).hexdigest()[:8])`, "2d711642\n"},
		{"ssl", `import ssl; print(ssl.HAS_TLSv1_3, ssl.HAS_ALPN, ssl.create_default_context().verify_mode.name)`, "True False CERT_REQUIRED\n"},
		{"configuration", `import sysconfig, zoneinfo; print(sysconfig.get_config_var("prefix"), bool(zoneinfo.TZPATH))`, "/usr True\n"},
		{"processes", "import multiprocessing.managers\ntry: multiprocessing.Process().start()\nexcept AttributeError: print('none')", "none\n"},
		{"recursion", "def f(): f()\ntry: f()\nexcept RecursionError: print('deep')", "deep\n"},
		{"loop without network", `import asyncio; print(asyncio.run(asyncio.sleep(0.01, "slept")))`, "slept\n"},
		{"thread's work", `import asyncio; print(asyncio.run(asyncio.to_thread(lambda: 5)))`, "5\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := good(t, Run{Args: []string{"-c", c.code, "one", "two"}, NoNetwork: true}.Do(t))
			if got != c.want {
				t.Errorf("printed %q, not %q", got, c.want)
			}
		})
	}
}

// TestExit: an exception that nobody catches and sys.exit are failures.
func TestExit(t *testing.T) {
	for code, want := range map[string]string{
		"import sys; sys.exit(1)":  "",
		"raise ValueError('oops')": "ValueError: oops",
		"import turtle":            "No module named 'turtle'",
	} {
		o := Run{Args: []string{"-c", code}}.Do(t)
		if o.Err != nil || o.Status != 1 || !strings.Contains(o.Stderr, want) {
			t.Errorf("%s: %+v", code, o)
		}
	}
}

// TestStop: a guest that waits, or does not end, is ended.
func TestStop(t *testing.T) {
	for _, code := range []string{"import time; time.sleep(60)", "while True: pass"} {
		begin := time.Now()
		o := Run{Args: []string{"-c", code}, Timeout: 500 * time.Millisecond}.Do(t)
		if o.Err == nil || time.Since(begin) > 20*time.Second {
			t.Errorf("%s: %+v", code, o)
		}
	}
}

// TestFiles: a script reads and writes what is mounted, and finds modules beside it.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/main.py", "import helper, pathlib; pathlib.Path('/app/out').write_text(helper.text)")
	write(t, dir+"/helper.py", "import os; text = os.environ['TEXT']")
	good(t, Run{
		Args:   []string{"/app/main.py"},
		Env:    []wasi.Variable{{Name: "TEXT", Value: "written"}},
		Mounts: []rootfs.Mount{{Host: dir, Guest: "/app"}},
	}.Do(t))
	if got := read(t, dir+"/out"); got != "written" {
		t.Errorf("out holds %q", got)
	}
}
