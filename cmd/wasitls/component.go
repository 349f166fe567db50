package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxComponent bounds a component, unpacked: CPython with its library is a
// tenth of that.
const maxComponent = 512 << 20

// Both kinds of WebAssembly binary begin with the magic number; the layer,
// bytes 6 and 7, tells them apart.
var (
	wasmMagic  = []byte("\x00asm")
	coreModule = []byte("\x00asm\x01\x00\x00\x00")
	gzipMagic  = []byte("\x1f\x8b")
)

const coreHint = "make it one: wasm-tools component new MODULE -o COMPONENT, with --adapt " +
	"wasi_snapshot_preview1=ADAPTER for a module of WASI 0.1"

// loadComponent reads a component, unpacking it if it is compressed.
func loadComponent(name string) ([]byte, error) {
	b, err := readBounded(name)
	if err != nil {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(b, coreModule):
		return nil, refuse(coreHint, "%s: a core module, not a component", name)
	case !bytes.HasPrefix(b, wasmMagic):
		return nil, refuse("", "%s: not a WebAssembly component", name)
	}
	return b, nil
}

func readBounded(name string) ([]byte, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("", "%s: no such file", name)
	}
	if err != nil {
		return nil, refuse("", "%w", err)
	}
	defer f.Close()
	b, err := readLimited(f, maxComponent)
	if err == nil && bytes.HasPrefix(b, gzipMagic) {
		b, err = unpack(b, maxComponent)
	}
	if err != nil {
		return nil, refuse("", "%s: %w", name, err)
	}
	return b, nil
}

func unpack(packed []byte, limit int64) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return readLimited(r, limit)
}

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	var path *fs.PathError
	if errors.As(err, &path) { // the caller names the file
		err = path.Err
	}
	return b, err
}
