package rootfs

import (
	"hash/maphash"
	"io/fs"
	"syscall"
)

// Hash is 128 bits that change when a file is replaced or modified. They are
// keyed for this process, so that guests learn nothing of the host's disks.
type Hash struct{ Lower, Upper uint64 }

var seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func hash(fi fs.FileInfo, err error) (Hash, error) {
	if err != nil {
		return Hash{}, code(err)
	}
	type identity struct {
		dev, ino       uint64
		size, modified int64
	}
	id := identity{size: fi.Size(), modified: fi.ModTime().UnixNano()}
	if sys, ok := fi.Sys().(*syscall.Stat_t); ok {
		id.dev, id.ino = uint64(sys.Dev), sys.Ino
	}
	return Hash{maphash.Comparable(seeds[0], id), maphash.Comparable(seeds[1], id)}, nil
}

// Hash returns the file's hash.
func (d *Descriptor) Hash() (Hash, error) { return hash(d.info()) }

// HashAt returns the hash of a file below d.
func (d *Descriptor) HashAt(path string, follow bool) (Hash, error) {
	return hash(d.infoAt(path, follow))
}
