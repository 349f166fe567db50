//go:build unix

package modcache

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// private tells whether path is of the kind and has exactly the permissions of
// mode, is no link, and belongs to the user of the process.
func private(path string, mode fs.FileMode) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if info.Mode() != mode {
		return fmt.Errorf("%s has mode %v, not %v", path, info.Mode(), mode)
	}
	if st := info.Sys().(*syscall.Stat_t); int(st.Uid) != os.Geteuid() || (!info.IsDir() && st.Nlink != 1) {
		return fmt.Errorf("%s belongs to others too", path)
	}
	return nil
}

// unmovable tells whether nobody but the user of the process and root can
// rename what is in a folder of this user.
func unmovable(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	uid := int(info.Sys().(*syscall.Stat_t).Uid)
	shared := info.Mode().Perm()&0o022 != 0 && info.Mode()&fs.ModeSticky == 0
	if !info.IsDir() || shared || (uid != 0 && uid != os.Geteuid()) {
		return fmt.Errorf("others can change %s", dir)
	}
	return nil
}

// intact tells whether a file ends with the checksum of itself.
func intact(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < trailerSize || info.Size() != int64(int(info.Size())) {
		return false
	}
	b, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ, syscall.MAP_PRIVATE)
	if err != nil {
		return false
	}
	defer syscall.Munmap(b)
	return intactBytes(b)
}
