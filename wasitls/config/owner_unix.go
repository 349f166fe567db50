//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// openTo returns the bits of a mode that let others than its owner at a file.
// A file of another owner may be open to its group: see checkPrivate.
func openTo(info fs.FileInfo) fs.FileMode {
	bits := info.Mode().Perm() & 0o077
	if s, ok := info.Sys().(*syscall.Stat_t); ok && int(s.Uid) != os.Geteuid() {
		bits &= 0o007
	}
	return bits
}
