package rootfs

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// Mount grants a guest a directory.
type Mount struct {
	// Host is the directory.
	Host string
	// Guest is the path by which the guest knows it.
	Guest string
	// ReadOnly forbids every change.
	ReadOnly bool
}

// ParseMount parses HOST[::GUEST][:ro]. Without GUEST it is HOST.
func ParseMount(s string) (Mount, error) {
	rest, ro := strings.CutSuffix(s, ":ro")
	hostDir, guest, has := strings.Cut(rest, "::")
	if !has {
		guest = hostDir
	}
	if hostDir == "" || guest == "" || strings.Contains(guest, "::") || strings.ContainsRune(s, 0) {
		return Mount{}, fmt.Errorf("rootfs: %q is not HOST[::GUEST][:ro]", s)
	}
	return Mount{hostDir, guest, ro}, nil
}

// FS is the files of one guest. Close closes all of them.
type FS struct {
	mounts []mounted

	mu     sync.Mutex
	open   map[*Descriptor]struct{}
	count  int
	closed bool
}

type mounted struct {
	Mount
	root *os.Root
}

// New opens the directories of a guest.
func New(mounts []Mount) (*FS, error) {
	f := &FS{open: map[*Descriptor]struct{}{}}
	for _, m := range mounts {
		root, err := os.OpenRoot(m.Host)
		if err != nil {
			f.Close()
			return nil, fmt.Errorf("rootfs: %w", err)
		}
		f.mounts = append(f.mounts, mounted{m, root})
	}
	return f, nil
}

// Directory is a granted directory and the guest's path for it.
type Directory struct {
	*Descriptor
	Path string
}

// Directories returns new descriptors of all granted directories.
func (f *FS) Directories() ([]Directory, error) {
	var ds []Directory
	for _, m := range f.mounts {
		d, err := f.directory(m.root, ".", m.ReadOnly)
		if err != nil {
			for _, d := range ds {
				d.Drop()
			}
			return nil, err
		}
		ds = append(ds, Directory{d, m.Guest})
	}
	return ds, nil
}

// reserve counts something that holds a file descriptor.
func (f *FS) reserve() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.count >= MaxOpen {
		return InsufficientMemory
	}
	f.count++
	return nil
}

func (f *FS) unreserve() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count--
}

func (f *FS) add(d *Descriptor) *Descriptor {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[d] = struct{}{}
	return d
}

func (f *FS) remove(d *Descriptor) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.open, d)
	f.count--
}

// Close closes everything the guest has open.
func (f *FS) Close() error {
	f.mu.Lock()
	f.closed = true
	left := make([]*Descriptor, 0, len(f.open))
	for d := range f.open {
		left = append(left, d)
	}
	f.mu.Unlock()
	for _, d := range left {
		d.close()
	}
	for _, m := range f.mounts {
		m.root.Close()
	}
	return nil
}
