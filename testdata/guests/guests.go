// Package guests holds the prebuilt guest components that the tests run.
//
// It is a module of its own, so that users of the wasitls packages never download it. The
// sources are in the repository's guests folder; manifest.json says which of them, and which
// toolchain, made each component. `make guests` and `make guests-python` rebuild them.
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

//go:embed manifest.json *.gz
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

// Entries returns the description of every file, by name.
func Entries() ([]Entry, error) {
	all, err := load()
	return slices.Clone(all), err
}

// Component returns the named component's bytes, checked against the manifest. The slice is
// the caller's own. An unknown name is an error that lists the known ones.
func Component(name string) ([]byte, error) { return find(name, false) }

// Data returns the bytes of a file that components read, such as the library of Python. It is
// like Component otherwise.
func Data(name string) ([]byte, error) { return find(name, true) }

func find(name string, data bool) ([]byte, error) {
	all, err := load()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range all {
		if e.Data == data && e.Name == name {
			return open(e)
		}
		if e.Data == data {
			names = append(names, e.Name)
		}
	}
	return nil, fmt.Errorf("guests: no %q; there are %v", name, names)
}

func open(e Entry) ([]byte, error) {
	packed, err := files.ReadFile(e.Packed())
	if err != nil {
		return nil, fmt.Errorf("guests: %w", err)
	}
	file, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("guests: %s: %w", e.Name, err)
	}
	sum := sha256.Sum256(file)
	if got := hex.EncodeToString(sum[:]); got != e.SHA256 {
		return nil, fmt.Errorf("guests: %s: sha256 is %s, manifest says %s", e.Name, got, e.SHA256)
	}
	return file, nil
}

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}
