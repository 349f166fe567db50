package wit

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func folders(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("wasi-*@*")
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 13 {
		t.Fatalf("found only %v", found)
	}
	return found
}

// A folder's name is its package's, and what its files use from elsewhere is here too.
func TestPackages(t *testing.T) {
	use := regexp.MustCompile(`(?:use|include|import) wasi:([a-z]+)/([a-z-]+)@([0-9]+\.[0-9]+\.[0-9]+[0-9a-z-]*)`)
	for _, folder := range folders(t) {
		name := strings.Replace(folder, "-", ":", 1)
		files, err := filepath.Glob(filepath.Join(folder, "*.wit"))
		if err != nil {
			t.Fatal(err)
		}
		if len(files) == 0 {
			t.Errorf("%s holds no WIT", folder)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if first, _, _ := strings.Cut(string(text), "\n"); first != "package "+name+";" {
				t.Errorf("%s begins with %q, not with package %s;", file, first, name)
			}
			for _, m := range use.FindAllStringSubmatch(string(text), -1) {
				if !defines(t, "wasi-"+m[1]+"@"+m[3], m[2]) {
					t.Errorf("%s uses %s, which is not here", file, m[0])
				}
			}
		}
	}
}

// defines tells whether a package has an interface or a world of that name.
func defines(t *testing.T, folder, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.wit"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if regexp.MustCompile(`(?m)^(interface|world) ` + name + ` \{`).Match(text) {
			return true
		}
	}
	return false
}

// wasm-tools must be able to read all of it; those before 1.257 do not know 0.3.
func TestParse(t *testing.T) {
	tool, err := exec.LookPath("wasm-tools")
	if err != nil {
		t.Skip("no wasm-tools here; the guests' build parses the files too")
	}
	dir := t.TempDir()
	world := []byte("package wasitls:all;\nworld p2 {\n" +
		"  include wasi:cli/command@0.2.12;\n" +
		"  @unstable(feature = tls)\n  include wasi:tls/imports@0.2.0-draft;\n" +
		"  include wasi:config/imports@0.2.0-rc.1;\n}\n" +
		"world p3 {\n  include wasi:cli/command@0.3.0;\n  include wasi:tls/imports@0.3.0-draft;\n}\n")
	if err := os.WriteFile(filepath.Join(dir, "world.wit"), world, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders(t) {
		if err := os.CopyFS(filepath.Join(dir, "deps", folder), os.DirFS(folder)); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command(tool, "component", "wit", "--all-features", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
