package rootfs

import (
	"os"
	"path/filepath"
	"testing"
)

// Whatever path is opened, created, removed or moved, nothing outside of the
// granted directory is found or changes.
func FuzzPaths(f *testing.F) {
	for _, s := range []string{"..", "../secret", "/etc", "a/../../secret", "up", "dir/up", "./.", "x/", "\x00", "up/../secret"} {
		f.Add(s, "new")
	}
	f.Fuzz(func(t *testing.T, path, to string) {
		top := t.TempDir()
		granted := filepath.Join(top, "granted")
		must(t, os.MkdirAll(filepath.Join(granted, "dir"), 0o700))
		must(t, os.WriteFile(filepath.Join(top, "secret"), []byte("secret"), 0o600))
		must(t, os.Symlink("..", filepath.Join(granted, "up")))
		must(t, os.Symlink("../..", filepath.Join(granted, "dir", "up")))
		secret, err := os.Stat(filepath.Join(top, "secret"))
		must(t, err)
		fsys, err := New([]Mount{{granted, "/", false}})
		must(t, err)
		defer fsys.Close()
		ds, err := fsys.Directories()
		must(t, err)
		d := ds[0].Descriptor
		if o, err := d.Open(path, true, Create, Read|Write); err == nil {
			if fi, err := o.info(); err != nil || os.SameFile(fi, secret) {
				t.Errorf("opened %q: %v", path, err)
			}
		}
		d.Mkdir(path)
		d.Symlink(to, path)
		d.Rename(path, d, to)
		d.Link(to, d, path)
		d.Unlink(path)
		d.Rmdir(to)
		d.SetTimesAt(path, true, TimeChange{Now: true}, TimeChange{Now: true})
		names, err := os.ReadDir(top)
		if err != nil || len(names) != 2 {
			t.Errorf("%q, %q: beside the granted directory are %v, %v", path, to, names, err)
		}
		if fi, err := os.Stat(filepath.Join(top, "secret")); err != nil || !fi.ModTime().Equal(secret.ModTime()) || fi.Size() != 6 {
			t.Errorf("%q, %q: the secret was touched: %v", path, to, err)
		}
	})
}
