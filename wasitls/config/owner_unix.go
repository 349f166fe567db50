//go:build unix

package config

import (
	"io/fs"
	"os"
	"syscall"
)

// isOwn tells whether the file is of the user whom this process runs as.
func isOwn(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return !ok || int(s.Uid) == os.Geteuid()
}
