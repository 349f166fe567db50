// Package modcache keeps compiled modules in a folder, by what they were
// compiled from.
//
// Compiled code is loaded without any check of what it does, so whoever can
// write such a file runs code in this process. The folder and its files belong
// to the user of the process and to nobody else; whatever looks otherwise is
// not loaded. A file that was damaged is told by its checksum.
package modcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// Key identifies a compiled module.
type Key [sha256.Size]byte

// KeyOf derives the key of a module and of all else that its compiled form
// depends on: the engine, its version, its configuration.
func KeyOf(config string, wasm []byte) Key {
	h := sha256.New()
	fmt.Fprintf(h, "%d %s\n", len(config), config)
	h.Write(wasm)
	return Key(h.Sum(nil))
}

// Cache is a folder of compiled modules. It is safe for concurrent use, also
// by several processes.
type Cache struct{ dir string }

// Open returns the cache in a folder, which it makes with mode 0700 if it does
// not exist. It fails if anybody else could write there: the folder must
// belong to the user of the process, with no access for others, must be no
// symbolic link, and no folder above it may let others replace it.
func Open(dir string) (*Cache, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("modcache: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("modcache: %w", err)
	}
	parent, err := filepath.EvalSymlinks(filepath.Dir(dir))
	if err != nil {
		return nil, fmt.Errorf("modcache: %w", err)
	}
	c := &Cache{filepath.Join(parent, filepath.Base(dir))}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("modcache: %w", err)
	}
	return c, nil
}

// check tells whether the folder is ours alone.
func (c *Cache) check() error {
	if err := private(c.dir, os.ModeDir|0o700); err != nil {
		return err
	}
	for dir := filepath.Dir(c.dir); ; dir = filepath.Dir(dir) {
		if err := unmovable(dir); err != nil {
			return err
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (c *Cache) path(k Key) string { return filepath.Join(c.dir, hex.EncodeToString(k[:])) }

// Load hands the path of a module's file to load, and tells whether there was
// one that load took. A damaged file, one that load refuses, and one that
// others could have written are as good as none.
func (c *Cache) Load(k Key, load func(path string) error) bool {
	path := c.path(k)
	return c.check() == nil && private(path, 0o600) == nil && intact(path) && load(path) == nil
}

// Store writes a module's file. A reader sees all of it or nothing.
func (c *Cache) Store(k Key, data []byte) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("modcache: %w", err)
	}
	f, err := os.CreateTemp(c.dir, "new-*") // with mode 0600
	if err != nil {
		return fmt.Errorf("modcache: %w", err)
	}
	if err = write(f, data); err == nil {
		err = os.Rename(f.Name(), c.path(k))
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("modcache: %w", err)
	}
	return nil
}

func write(f *os.File, data []byte) error {
	defer f.Close()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if _, err := f.Write(trailer(data)); err != nil {
		return err
	}
	return f.Sync()
}

// A trailer of 16 bytes ends each file: a mark, the checksum and the length of
// what is before it. The engine does not mind bytes behind its own.
const (
	mark        = "wtc1"
	trailerSize = 16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func trailer(data []byte) []byte {
	t := append(make([]byte, 0, trailerSize), mark...)
	t = binary.LittleEndian.AppendUint32(t, crc32.Checksum(data, castagnoli))
	return binary.LittleEndian.AppendUint64(t, uint64(len(data)))
}

func intactBytes(b []byte) bool {
	n := len(b) - trailerSize
	return n >= 0 && bytes.Equal(b[n:], trailer(b[:n]))
}
