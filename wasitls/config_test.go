package wasitls_test

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestConfigFields: a new field must come with a test, so it has to be named
// here.
func TestConfigFields(t *testing.T) {
	known := map[string]bool{"Policy": true, "Provider": true, "Time": true, "Audit": true, "KeyLog": true}
	for f := range reflect.TypeFor[wasitls.Config]().Fields() {
		if !known[f.Name] {
			t.Errorf("field %s is not known to this test", f.Name)
		}
	}
}

// TestClientCloseTimeout tells the configured time, or the default.
func TestClientCloseTimeout(t *testing.T) {
	c := config()
	peer := wasitlstest.Peer{Config: good()}
	want(t, "default", connect(t, c, peer.Pipe()).Conn.CloseTimeout(), wasitls.DefaultCloseTimeout)
	c.Policy.Limits.CloseTimeout = 7
	want(t, "configured", connect(t, c, peer.Pipe()).Conn.CloseTimeout(), 7)
}

// TestImports pins what the package knows: the standard library, nothing of
// Wasm, no cgo.
func TestImports(t *testing.T) {
	allowed := map[string]bool{
		"container/list": true, "context": true, "crypto": true, "crypto/sha256": true, "crypto/tls": true, "crypto/x509": true,
		"encoding/base64": true, "encoding/hex": true, "errors": true, "fmt": true, "io": true, "io/fs": true,
		"log/slog": true, "maps": true, "net": true, "net/netip": true, "os": true, "runtime": true, "slices": true, "strings": true,
		"sync": true, "sync/atomic": true, "time": true, "unicode": true, "weak": true,
		"golang.org/x/crypto/x509roots/fallback/bundle":      true,
		"github.com/wasitls/wasitls/wasitls/internal/verify": true,
	}
	files, err := filepath.Glob("*.go")
	noError(t, err)
	checked := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		checked++
		source, err := os.ReadFile(name)
		noError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ImportsOnly)
		noError(t, err)
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			noError(t, err)
			if !allowed[path] {
				t.Errorf("%s imports %s", name, path)
			}
		}
	}
	want(t, "files checked", checked > 10, true)
}
