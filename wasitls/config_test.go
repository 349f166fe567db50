package wasitls_test

import (
	"crypto/tls"
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

func TestConfigVersions(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		c := config()
		c.Policy.Rules[0].MinVersion, c.Policy.Rules[0].MaxVersion = version, version
		conn := connect(t, c, wasitlstest.Peer{Config: good()}.Pipe())
		want(t, "version", conn.Conn.State().Version, version)
	}
}

// TestConfigRootsDefault: without roots the system's are asked, which do not
// know the CA of the tests.
func TestConfigRootsDefault(t *testing.T) {
	fails(t, wasitls.Config{}, wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name, wasitls.ClassCertificate)
}

// TestImports pins what the package knows: the standard library, nothing of
// Wasm, no cgo.
func TestImports(t *testing.T) {
	allowed := map[string]bool{
		"context": true, "crypto": true, "crypto/sha256": true, "crypto/tls": true, "crypto/x509": true,
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
