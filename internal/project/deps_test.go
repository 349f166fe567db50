package project

import (
	"slices"
	"strings"
	"testing"
)

// rule says what the packages below a path may depend on: those of the
// standard library always, and of the others those below these prefixes.
type rule struct {
	path string
	may  []string
}

// rules are the directions of the architecture; the most specific one counts.
// TLS does not know WebAssembly, the runtime does not know TLS, the bindings
// know both, and nothing knows the tools that stand on top.
var rules = []rule{
	{"wasitls", []string{"golang.org/x/crypto", "golang.org/x/net/publicsuffix", module + "/wasitls"}},
	{"wasitls/config", []string{module + "/wasitls", "golang.org/x", yaml, pkcs12, envparse}},
	{"wasitls/metrics", append([]string{module + "/wasitls", "golang.org/x"}, prometheus...)},
	{"wasitls/otel", []string{module + "/wasitls", "golang.org/x", "go.opentelemetry.io/otel", "github.com/cespare/xxhash"}},
	{"wasitls/p2", []string{module + "/wasitls", module + "/host", engine, "golang.org/x"}},
	{"wasitls/p3", []string{module + "/wasitls", module + "/host", engine, "golang.org/x"}},
	{"host", []string{module + "/host", engine, "golang.org/x"}},
	{"host/wasi/internal/wasitest", []string{module + "/host", module + "/internal/guesttest", engine, "golang.org/x"}},
	{"cmd", append([]string{module, engine, "golang.org/x", "github.com/spf13/pflag", yaml, pkcs12, envparse}, prometheus...)},
	{"interop", []string{module, engine, "golang.org/x"}},
	{"internal", []string{module, engine, "golang.org/x"}},
	{"wit", nil},
}

const (
	engine   = "github.com/bytecodealliance/wasmtime-go/v44"
	yaml     = "go.yaml.in/yaml/v4"
	pkcs12   = "software.sslmate.com/src/go-pkcs12"
	envparse = "github.com/hashicorp/go-envparse"
)

// prometheus is what counts and serves metrics, with what it needs itself.
var prometheus = []string{
	"github.com/prometheus", "github.com/beorn7/perks", "github.com/cespare/xxhash", "github.com/munnerz/goautoneg", "google.golang.org/protobuf",
}

// tops are the tools on top: nothing imports them.
var tops = []string{"cmd", "interop", "guests", "internal/project"}

// below tells whether path is prefix or in a folder of it.
func below(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func ruleFor(path string) (best rule, found bool) {
	for _, r := range rules {
		if below(path, r.path) && len(r.path) >= len(best.path) {
			best, found = r, true
		}
	}
	return best, found
}

// standard tells whether a path is of the standard library: no dot in its
// first element.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func TestDependencyDirection(t *testing.T) {
	for _, p := range listed(t) {
		r, ok := ruleFor(p.path())
		if !ok {
			t.Errorf("no rule for %s", p.path())
			continue
		}
		for _, dep := range p.Deps {
			allowed := standard(dep) || dep == p.ImportPath || slices.ContainsFunc(r.may, func(prefix string) bool { return below(dep, prefix) })
			if !allowed {
				t.Errorf("%s depends on %s", p.path(), dep)
			}
		}
	}
}

func TestNothingImportsTheTops(t *testing.T) {
	for _, p := range listed(t) {
		for _, imports := range [][]string{p.Imports, p.TestImports, p.XTestImports} {
			for _, im := range imports {
				for _, top := range tops {
					if below(im, module+"/"+top) && !below(p.path(), top) {
						t.Errorf("%s imports %s", p.path(), im)
					}
				}
			}
		}
	}
}

// The C compiler sees one place: whoever upgrades the engine looks there.
func TestOnlyTheEngineUsesC(t *testing.T) {
	found := false
	for _, p := range listed(t) {
		if len(p.CgoFiles) == 0 && len(p.CFiles) == 0 {
			continue
		}
		found = found || p.path() == "host/internal/wt"
		if !below(p.path(), "host/internal/wt") {
			t.Errorf("%s has C in it; only host/internal/wt may", p.path())
		}
	}
	if !found {
		t.Error("found no C in host/internal/wt: this test looks at nothing")
	}
}

// The TLS half does without cgo and without the runtime.
func TestTLSKnowsNoWebAssembly(t *testing.T) {
	for _, p := range listed(t) {
		if p.path() != "wasitls" && p.path() != "wasitls/wasitlstest" {
			continue
		}
		for _, dep := range p.Deps {
			if below(dep, module+"/host") || below(dep, engine) {
				t.Errorf("%s depends on %s", p.path(), dep)
			}
		}
	}
}

// Every module has a line that says why it is needed. A replace directive
// would keep `go install` of the command, and every program that requires this
// module, from working.
func TestGoMod(t *testing.T) {
	before, inBlock := "", false
	for line := range strings.Lines(read(t, "go.mod")) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "replace"), strings.HasPrefix(line, "exclude"):
			t.Errorf("go.mod: %s", line)
		case line == "require (":
			inBlock = true
		case line == ")":
			inBlock = false
		case strings.HasSuffix(line, "// indirect"):
		case strings.HasPrefix(line, "require ") || inBlock && line != "" && !strings.HasPrefix(line, "//"):
			if !strings.HasPrefix(before, "//") && !strings.Contains(line, "//") {
				t.Errorf("go.mod: no comment says why: %s", line)
			}
		}
		before = line
	}
}
