//go:build unix

package modcache

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func open(t *testing.T) (*Cache, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a", "cache")
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return c, dir
}

// read returns what Load hands out, nil for none.
func read(c *Cache, k Key) (b []byte) {
	c.Load(k, func(path string) (err error) {
		b, err = os.ReadFile(path)
		return err
	})
	return b
}

var (
	key  = KeyOf("engine 1", []byte("module"))
	data = bytes.Repeat([]byte("code"), 5000)
)

func stored(t *testing.T) (*Cache, string) {
	t.Helper()
	c, _ := open(t)
	if err := c.Store(key, data); err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(read(c, key), data) {
		t.Fatal("stored and not found")
	}
	return c, c.path(key)
}

func TestKeyTellsConfigurationFromModule(t *testing.T) {
	keys := map[Key]bool{}
	for _, k := range []Key{key, KeyOf("engine 2", []byte("module")), KeyOf("engine 1", []byte("module ")), KeyOf("engine 1\nm", []byte("odule")), KeyOf("", []byte("engine 1module"))} {
		keys[k] = true
	}
	if len(keys) != 5 {
		t.Fatal("keys collide")
	}
}

func TestStoreAndLoad(t *testing.T) {
	c, path := stored(t)
	if info, err := os.Lstat(path); err != nil || info.Mode() != 0o600 {
		t.Error(info.Mode(), err)
	}
	if info, err := os.Lstat(c.dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info.Mode(), err)
	}
	if read(c, KeyOf("engine 2", []byte("module"))) != nil {
		t.Error("another key found something")
	}
	if c.Load(key, func(string) error { return errors.New("refused") }) {
		t.Error("a refused file counts as loaded")
	}
	list, err := os.ReadDir(c.dir)
	if err != nil || len(list) != 1 {
		t.Error("temporary files left", list, err)
	}
	again, err := Open(c.dir)
	if err != nil || read(again, key) == nil {
		t.Error("a second process finds nothing", err)
	}
}

// Whatever others could have written, or what is damaged, is not loaded.
func TestNotLoaded(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, path string) error{
		"group may write": func(t *testing.T, p string) error { return os.Chmod(p, 0o620) },
		"others may read": func(t *testing.T, p string) error { return os.Chmod(p, 0o604) },
		"set-uid":         func(t *testing.T, p string) error { return os.Chmod(p, 0o600|os.ModeSetuid) },
		"folder open":     func(t *testing.T, p string) error { return os.Chmod(filepath.Dir(p), 0o777) },
		"parent open":     func(t *testing.T, p string) error { return os.Chmod(filepath.Dir(filepath.Dir(p)), 0o777) },
		"hard link":       func(t *testing.T, p string) error { return os.Link(p, p+"x") },
		"symbolic link": func(t *testing.T, p string) error {
			return errors.Join(os.Rename(p, p+"x"), os.Symlink(p+"x", p))
		},
		"a folder": func(t *testing.T, p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o600)) },
		"another owner": func(t *testing.T, p string) error {
			if os.Geteuid() != 0 {
				t.Skip("only root can give files away")
			}
			return os.Chown(p, 65534, 65534)
		},
		"another owner's folder": func(t *testing.T, p string) error {
			if os.Geteuid() != 0 {
				t.Skip("only root can give folders away")
			}
			return os.Chown(filepath.Dir(p), 65534, 65534)
		},
		"truncated": func(t *testing.T, p string) error { return os.Truncate(p, int64(len(data)/2)) },
		"short":     func(t *testing.T, p string) error { return os.Truncate(p, 3) },
		"empty":     func(t *testing.T, p string) error { return os.Truncate(p, 0) },
		"one bit": func(t *testing.T, p string) error {
			b, err := os.ReadFile(p)
			b[777] ^= 1
			return errors.Join(err, os.WriteFile(p, b, 0o600))
		},
		"no trailer": func(t *testing.T, p string) error { return os.WriteFile(p, data, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			c, path := stored(t)
			if err := spoil(t, path); err != nil {
				t.Fatal(err)
			}
			if read(c, key) != nil {
				t.Fatal("loaded")
			}
		})
	}
}

func TestStoreReplacesADamagedFile(t *testing.T) {
	c, path := stored(t)
	if err := os.Truncate(path, 9); err != nil {
		t.Fatal(err)
	}
	if err := c.Store(key, data); err != nil || read(c, key) == nil {
		t.Fatal(err)
	}
}

func TestOpenRefusesFoldersOfOthers(t *testing.T) {
	for name, mode := range map[string]os.FileMode{"group": 0o770, "others": 0o707, "readable": 0o755} {
		dir := filepath.Join(t.TempDir(), "cache")
		if err := errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, mode)); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
	dir := t.TempDir()
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "real"), 0o700), os.Symlink("real", filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(dir, "link")); err == nil {
		t.Error("a link opened")
	}
	if _, err := Open(filepath.Join(dir, "link", "below")); err != nil {
		t.Error("a link above is resolved:", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); err == nil {
		t.Error("a file opened")
	}
}

func TestStoreFailsInAFolderOfOthers(t *testing.T) {
	c, _ := open(t)
	if err := os.Chmod(c.dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if c.Store(key, data) == nil {
		t.Fatal("wrote where others can write")
	}
}
