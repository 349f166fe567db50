package main

import (
	"bufio"
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

// loadComponent reads a component from a file, unpacking it if it is
// compressed.
func loadComponent(name string) ([]byte, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, refuse("", "%s: no such file", name)
	}
	if err != nil {
		return nil, refuse("", "%w", err)
	}
	defer f.Close()
	wasm, err := readComponent(f, maxComponent)
	if errors.Is(err, errCore) {
		return nil, refuse(coreHint, "%s: %w", name, err)
	}
	if err != nil {
		return nil, refuse("", "%s: %w", name, withoutPath(err))
	}
	return wasm, nil
}

var (
	errCore    = errors.New("a core module, not a component")
	errNotWasm = errors.New("not a WebAssembly component")
)

// readComponent reads no more than the first bytes of what is no component.
func readComponent(r io.Reader, limit int64) ([]byte, error) {
	b := bufio.NewReader(r)
	magic, _ := b.Peek(len(gzipMagic))
	if bytes.Equal(magic, gzipMagic) {
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, err
		}
		b = bufio.NewReader(z)
	}
	magic, err := b.Peek(len(coreModule))
	switch {
	case bytes.Equal(magic, coreModule):
		return nil, errCore
	case err != nil && err != io.EOF:
		return nil, err
	case !bytes.HasPrefix(magic, wasmMagic):
		return nil, errNotWasm
	}
	return readLimited(b, limit)
}

func readLimited(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("larger than %d bytes", limit)
	}
	return b, err
}

// withoutPath returns the cause of a file's error, for callers that name the
// file themselves.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
