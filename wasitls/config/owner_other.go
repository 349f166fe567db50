//go:build !unix

package config

import "io/fs"

// openTo returns nothing where modes do not say who may read a file.
func openTo(fs.FileInfo) fs.FileMode { return 0 }
