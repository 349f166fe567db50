package project

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reference is how a document names a test: `wasitls.TestD06Truncation`.
var reference = regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz|Example)\\w*)`")

// suite is the package whose tests are methods, for any provider of TLS.
// Documents write conformance for short.
const suite = "wasitls/wasitlstest/conformance"

// The tests that documents give as evidence are there. The guests' module is
// not listed by the go command from here.
func TestEvidenceExists(t *testing.T) {
	have := map[string]bool{}
	for _, p := range listed(t) {
		of, files := p.path(), slices.Concat(p.TestGoFiles, p.XTestGoFiles)
		if of == suite {
			of, files = path.Base(suite), slices.Concat(files, p.GoFiles)
		}
		for _, name := range files {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range f.Decls {
				if d, ok := d.(*ast.FuncDecl); ok && (d.Recv == nil || p.path() == suite) {
					have[of+"."+d.Name.Name] = true
				}
			}
		}
	}
	found := 0
	for _, name := range documents(t) {
		for _, m := range reference.FindAllStringSubmatch(read(t, name), -1) {
			found++
			if !have[m[1]+"."+m[2]] && !strings.HasPrefix(m[1], "testdata/") {
				t.Errorf("%s: there is no test %s in %s", name, m[2], m[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("found only %d references", found)
	}
}
