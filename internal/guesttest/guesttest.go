// Package guesttest gives tests the prebuilt guest components of testdata/guests.
//
// It reads them from the repository's folder rather than importing that module: a replace
// directive in go.mod would bar `go install` of the command.
package guesttest

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Component returns the named component, checked against the manifest. The test is skipped
// where the folder is missing, as in a copy of the module without its test data, and fails if
// the folder has no such component.
func Component(tb testing.TB, name string) []byte {
	tb.Helper()
	return unpacked(tb, name, name+".wasm.gz")
}

// Data returns a file that components read, such as the library of Python. It is like
// Component otherwise.
func Data(tb testing.TB, name string) []byte {
	tb.Helper()
	return unpacked(tb, name, name+".gz")
}

func unpacked(tb testing.TB, name, file string) []byte {
	tb.Helper()
	dir := folder(tb)
	f, err := os.Open(filepath.Join(dir, file))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	content, err := io.ReadAll(packed)
	if err != nil {
		tb.Fatal(err)
	}
	sum := sha256.Sum256(content)
	if got, want := hex.EncodeToString(sum[:]), digest(tb, dir, name); got != want {
		tb.Fatalf("%s has sha256 %s, the manifest says %s", name, got, want)
	}
	return content
}

// File writes the named component to a file of the test's own and returns its path.
func File(tb testing.TB, name string) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name+".wasm")
	if err := os.WriteFile(path, Component(tb, name), 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

func folder(tb testing.TB) string {
	tb.Helper()
	_, here, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(here), "..", "..", "testdata", "guests")
	if _, err := os.Stat(dir); err != nil {
		tb.Skip("the prebuilt guests are not here: ", err)
	}
	return dir
}

func digest(tb testing.TB, dir, name string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var entries []struct{ Name, SHA256 string }
	if err := json.Unmarshal(text, &entries); err != nil {
		tb.Fatal(err)
	}
	for _, e := range entries {
		if e.Name == name {
			return e.SHA256
		}
	}
	tb.Fatalf("%s is not in the manifest", name)
	return ""
}
