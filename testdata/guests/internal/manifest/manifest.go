// Package manifest reads and writes the list of prebuilt components and digests the sources
// that they were built from.
package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File is the manifest's file name.
const File = "manifest.json"

// Entry describes one prebuilt file: a component, or data that components read.
type Entry struct {
	Name string `json:"name"`
	// Data is set for what is no component.
	Data bool `json:"data,omitempty"`
	// Sources are the files and folders it was built from, relative to the repository's root.
	Sources []string `json:"sources"`
	// SourceDigest is Digest over Sources at the time of the build.
	SourceDigest string `json:"source_digest"`
	// Toolchain names each tool with its version.
	Toolchain []string `json:"toolchain"`
	// SHA256 and Size are of the file itself, not of its compressed form.
	SHA256 string `json:"sha256"`
	Size   int    `json:"size"`
}

// Packed is the name of the compressed file.
func (e Entry) Packed() string {
	if e.Data {
		return e.Name + ".gz"
	}
	return e.Name + ".wasm.gz"
}

// Parse reads a manifest.
func Parse(text []byte) ([]Entry, error) {
	var all []Entry
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	return all, nil
}

// Format writes a manifest with its entries in order of their names.
func Format(all []Entry) ([]byte, error) {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(all)
	return out.Bytes(), err
}

// Digest is the SHA-256 over the names and contents of all regular files at or below the
// given paths, in order of their names. Hidden files, Markdown, Go and build folders named
// target do not count: none of them changes a component.
func Digest(root string, paths []string) (string, error) {
	names, err := list(root, paths)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return "", fmt.Errorf("manifest: %w", err)
		}
		fmt.Fprintf(h, "%s\x00%d\x00", name, len(text))
		h.Write(text)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func list(root string, paths []string) ([]string, error) {
	var names []string
	for _, p := range paths {
		n := len(names)
		err := fs.WalkDir(os.DirFS(root), p, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && name != p && (d.Name() == "target" || strings.HasPrefix(d.Name(), ".")):
				return fs.SkipDir
			case d.Type().IsRegular() && !ignored(d.Name()):
				names = append(names, name)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("manifest: %w", err)
		}
		if len(names) == n {
			return nil, fmt.Errorf("manifest: no source at %s", p)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func ignored(name string) bool {
	ext := filepath.Ext(name)
	return strings.HasPrefix(name, ".") || ext == ".md" || ext == ".go"
}
