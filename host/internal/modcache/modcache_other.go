//go:build !unix

package modcache

import (
	"errors"
	"io/fs"
	"os"
)

var errPlatform = errors.New("modcache: this system's file permissions are not understood")

func private(string, fs.FileMode) error { return errPlatform }

func unmovable(string) error { return errPlatform }

func intact(path string) bool {
	b, err := os.ReadFile(path)
	return err == nil && intactBytes(b)
}
