// Package stored keeps what is slow to make from one run to the next, and
// unpacks what is stored packed.
package stored

import (
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// folder is where Folder keeps things in the user's cache directory. It is not
// that of the command wasitls, which lets nobody else write to its own.
const folder = "wasitls-test"

// Folder returns a folder that fill has filled, now or in an earlier run: once
// for a user, a name and what it is made from.
func Folder(name string, from []byte, fill func(dir string) error) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(from)
	dir := filepath.Join(cache, folder, name+"-"+hex.EncodeToString(sum[:8]))
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := fill(fresh); err != nil {
		return "", err
	}
	if err := os.Chmod(fresh, 0o755); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, already := os.Stat(dir); already != nil { // another run may have been first
			return "", err
		}
	}
	return dir, nil
}

// Unpack writes what a gzip file holds to another file.
func Unpack(packed, to string) error {
	in, err := os.Open(packed)
	if err != nil {
		return err
	}
	defer in.Close()
	r, err := gzip.NewReader(in)
	if err != nil {
		return fmt.Errorf("%s: %w", packed, err)
	}
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, r); err != nil {
		return fmt.Errorf("%s: %w", packed, err)
	}
	return out.Close()
}
