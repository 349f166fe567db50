package python

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Componentized returns the component that componentize-py makes of the shim, the packages and
// a main.py that runs scripts. The test is skipped where componentize-py is not.
func Componentized(tb testing.TB) *Program {
	tb.Helper()
	tool, err := filepath.Abs(filepath.Join(Source(), "..", "..", "bin", "componentize"))
	if err != nil {
		tb.Fatal(err)
	}
	if !current(tool) {
		tb.Skip("componentize-py is not installed, or not as its requirements.txt says: make bin/componentize does it")
	}
	building.Lock()
	defer building.Unlock()
	if built == nil {
		wasm := componentize(tb, tool)
		if built, err = compile(wasm, filepath.Join(tool, "code")); err != nil {
			tb.Fatal(err)
		}
	}
	return built
}

var (
	building sync.Mutex
	built    *Program
)

// current tells whether tool is what its list of requirements says.
func current(tool string) bool {
	want, err := os.ReadFile(filepath.Join(Source(), "componentize", "requirements.txt"))
	if err != nil {
		return false
	}
	got, err := os.ReadFile(filepath.Join(tool, "requirements.txt"))
	return err == nil && string(got) == string(want)
}

// componentize builds the component, or takes the one that is kept if nothing has changed since.
func componentize(tb testing.TB, tool string) []byte {
	tb.Helper()
	program, err := filepath.Abs("testdata/componentize")
	if err != nil {
		tb.Fatal(err)
	}
	// In the order in which modules are looked for: the shim's sitecustomize comes first.
	path := []string{program, Source() + "/componentize", Source() + "/static/lib", Source() + "/common", Packages(tb)}
	output := filepath.Join(tool, "scripts-"+digest(tb, append(path, Source()+"/../../wit")...)+".wasm")
	if wasm, err := os.ReadFile(output); err == nil {
		return wasm
	}
	args := []string{"--quiet", "--features", "tls", "--world", "command", "componentize", "command", "--output", output + ".new"}
	for _, dir := range path {
		args = append(args, "--python-path", dir)
	}
	build := exec.Command(filepath.Join(tool, "bin", "componentize-py"), args...)
	// Of the packages that this machine has, none may get in: an environment without any.
	empty := tb.TempDir()
	if err := os.MkdirAll(filepath.Join(empty, "lib", "python3", "site-packages"), 0o755); err != nil {
		tb.Fatal(err)
	}
	build.Dir = empty
	build.Env = append(os.Environ(), "PYTHONPATH="+tool, "VIRTUAL_ENV="+empty)
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("componentize-py: %v\n%s", err, out)
	}
	wasm, err := os.ReadFile(output + ".new")
	if err != nil {
		tb.Fatal(err)
	}
	old, _ := filepath.Glob(filepath.Join(tool, "scripts-*.wasm"))
	for _, name := range old {
		os.Remove(name)
	}
	if err := os.Rename(output+".new", output); err != nil {
		tb.Fatal(err)
	}
	return wasm
}

// digest returns a short name for what is in folders.
func digest(tb testing.TB, folders ...string) string {
	tb.Helper()
	sum := sha256.New()
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || strings.HasSuffix(name, ".pyc") {
				return err
			}
			text, err := os.ReadFile(name)
			sum.Write([]byte(name))
			sum.Write(text)
			return err
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}
