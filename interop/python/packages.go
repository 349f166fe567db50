package python

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/interop/internal/stored"
)

// WithPackages is r with the packages of guests/python/requirements.txt, as [Packages] has them.
func (r Run) WithPackages(tb testing.TB) Run {
	tb.Helper()
	r.Mounts = append(r.Mounts, rootfs.Mount{Host: Packages(tb), Guest: "/site", ReadOnly: true})
	r.Env = append(r.Env, wasi.Variable{Name: "PYTHONPATH", Value: "/site"})
	return r
}

// Packages returns a folder with the packages of guests/python/requirements.txt, which pip
// installs there, once for a user and a list. The test is skipped where pip cannot.
func Packages(tb testing.TB) string {
	tb.Helper()
	list := filepath.Join(Source(), "requirements.txt")
	text, err := os.ReadFile(list)
	if err != nil {
		tb.Skip("the guests' sources are not here: ", err)
	}
	if _, err := os.UserCacheDir(); err != nil {
		tb.Skip("no folder to keep packages in: ", err)
	}
	// Wheels of pure Python: the guest loads no extensions.
	dir, err := stored.Folder("python", text, func(dir string) error {
		pip := exec.Command("python3", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
			"--require-hashes", "--no-deps", "--no-compile", "--only-binary", ":all:",
			"--implementation", "py", "--abi", "none", "--platform", "any", "--python-version", "3.13",
			"--target", dir, "--requirement", list)
		if out, err := pip.CombinedOutput(); err != nil {
			tb.Skipf("pip does not install the packages: %v\n%s", err, out)
		}
		precompile(tb, dir)
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// precompile has the guest compile packages, so that importing them is fast.
func precompile(tb testing.TB, dir string) {
	tb.Helper()
	o := Run{
		Args:   []string{"-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash", "/site"},
		Mounts: []rootfs.Mount{{Host: dir, Guest: "/site"}},
	}.Do(tb)
	if o.Err != nil || o.Status != 0 {
		tb.Fatalf("compileall: %+v", o)
	}
}

// Source returns the folder guests/python.
func Source() string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "..", "..", "guests", "python")
}
