// Package guests holds the prebuilt guest components that the tests run.
//
// It is a module of its own, so that users of the wasitls packages never download it. The
// sources are in the repository's guests folder; manifest.json says which of them, and which
// toolchain, made each component. `make guests` rebuilds them.
package guests

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/wasitls/wasitls/testdata/guests/internal/manifest"
)

//go:embed manifest.json *.wasm.gz
var files embed.FS

// Entry describes one component: its sources, its toolchain, its digest and size.
type Entry = manifest.Entry

var load = sync.OnceValues(func() ([]Entry, error) {
	text, err := files.ReadFile(manifest.File)
	if err != nil {
		return nil, fmt.Errorf("guests: %w", err)
	}
	return manifest.Parse(text)
})

// Entries returns the description of every component, by name.
func Entries() ([]Entry, error) {
	all, err := load()
	return slices.Clone(all), err
}

// Component returns the named component's bytes, checked against the manifest. The slice is
// the caller's own. An unknown name is an error that lists the known ones.
func Component(name string) ([]byte, error) {
	all, err := load()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(e Entry) bool { return e.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("guests: no component %q; there are %v", name, names(all))
	}
	packed, err := files.ReadFile(name + ".wasm.gz")
	if err != nil {
		return nil, fmt.Errorf("guests: %w", err)
	}
	component, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("guests: %s: %w", name, err)
	}
	sum := sha256.Sum256(component)
	if got := hex.EncodeToString(sum[:]); got != all[i].SHA256 {
		return nil, fmt.Errorf("guests: %s: sha256 is %s, manifest says %s", name, got, all[i].SHA256)
	}
	return component, nil
}

func names(all []Entry) []string {
	var out []string
	for _, e := range all {
		out = append(out, e.Name)
	}
	return out
}

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
