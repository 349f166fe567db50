package wt

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// headers finds the C headers of the module whose archive is linked.
func headers(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/bytecodealliance/wasmtime-go/v44").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "build", "include")
}

// compileC checks a C file and returns what the compiler says.
func compileC(t *testing.T, text, include string) (string, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "check.c")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	out, err := exec.Command(cc, "-std=c11", "-Wall", "-Werror", "-fsyntax-only", "-I", include, file).CombinedOutput()
	return string(out), err
}

func TestDeclarationsMatchHeaders(t *testing.T) {
	ours, err := os.ReadFile("wasmtime.h")
	if err != nil {
		t.Fatal(err)
	}
	const real = "#include <wasmtime.h>\n"
	if out, err := compileC(t, real+string(ours), headers(t)); err != nil {
		t.Fatal(out)
	}
	// The check must be able to fail: on a prototype and on a layout.
	for _, change := range []struct{ old, new string }{
		{"wasmtime_call_future_poll(wasmtime_call_future_t *)", "wasmtime_call_future_poll(wasmtime_store_t *)"},
		{"sizeof(wasmtime_val_t) == 32", "sizeof(wasmtime_val_t) == 24"},
	} {
		text := strings.Replace(string(ours), change.old, change.new, 1)
		if text == string(ours) {
			t.Fatalf("%q is not in wasmtime.h", change.old)
		}
		if _, err := compileC(t, real+text, headers(t)); err == nil {
			t.Errorf("%q passed", change.new)
		}
	}
}

// A prototype that the real headers do not declare would go unchecked.
func TestEveryDeclarationIsInTheHeaders(t *testing.T) {
	ours, err := os.ReadFile("wasmtime.h")
	if err != nil {
		t.Fatal(err)
	}
	var real strings.Builder
	err = filepath.WalkDir(headers(t), func(path string, d os.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".h" {
			return err
		}
		b, err := os.ReadFile(path)
		real.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`(?m)^extern [^(]*?(\w+)\(`).FindAllStringSubmatch(string(ours), -1)
	if len(names) < 40 {
		t.Fatalf("%d declarations found", len(names))
	}
	generated := regexp.MustCompile(`^wasm_(config|engine|trap|functype|byte_vec|valtype_vec)_(delete|new)$`)
	for _, n := range names {
		prop := "CONFIG_PROP(void, " + strings.TrimSuffix(strings.TrimPrefix(n[1], "wasmtime_config_"), "_set") + ","
		if !strings.Contains(real.String(), n[1]+"(") && !strings.Contains(real.String(), prop) && !generated.MatchString(n[1]) {
			t.Errorf("%s is not in the headers", n[1])
		}
	}
}

func TestVersion(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(headers(t), "wasmtime.h"))
	if err != nil {
		t.Fatal(err)
	}
	if want := `#define WASMTIME_VERSION "` + version + `"`; !strings.Contains(string(b), want) {
		t.Fatalf("the headers lack %s", want)
	}
}
