// Package rootfs is the part of wasi:filesystem that does not depend on its
// version: files and directories below granted ones. Paths are resolved by
// os.Root: neither "..", nor an absolute path, nor a symbolic link, nor a
// change made meanwhile leads out of the directory they start from.
//
// Operations on files do not wait for anything but the disk. Files that could
// make them wait, such as named pipes, are opened in non-blocking mode.
package rootfs

import (
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Flags are what a descriptor permits and promises (descriptor-flags).
type Flags uint8

// Flags, in the order of WASI.
const (
	Read Flags = 1 << iota
	Write
	FileIntegritySync
	DataIntegritySync
	RequestedWriteSync
	MutateDirectory
)

// OpenFlags are what opening does (open-flags).
type OpenFlags uint8

// OpenFlags, in the order of WASI.
const (
	Create OpenFlags = 1 << iota
	OnlyDirectory
	Exclusive
	Truncate
)

// Descriptor is an open file or directory. It is safe for concurrent use; a
// stream of it is used by one goroutine at a time.
type Descriptor struct {
	fs       *FS
	root     *os.Root // of a directory
	file     *os.File // of anything else
	flags    Flags
	readOnly bool

	mu   sync.Mutex
	refs int // itself and its streams
}

func (f *FS) directory(root *os.Root, path string, readOnly bool) (*Descriptor, error) {
	if err := f.reserve(); err != nil {
		return nil, err
	}
	dir, err := root.OpenRoot(path)
	if err != nil {
		f.unreserve()
		if fi, e := root.Stat(path); e == nil && !fi.IsDir() {
			return nil, NotDirectory // OpenRoot's own error does not say
		}
		return nil, code(err)
	}
	d := &Descriptor{fs: f, root: dir, flags: Read | MutateDirectory, readOnly: readOnly, refs: 1}
	if readOnly {
		d.flags = Read
	}
	return f.add(d), nil
}

func (d *Descriptor) acquire() {
	d.mu.Lock()
	d.refs++
	d.mu.Unlock()
}

// Drop gives the descriptor up. The file is closed when its streams are
// dropped too.
func (d *Descriptor) Drop() {
	d.mu.Lock()
	d.refs--
	last := d.refs == 0
	d.mu.Unlock()
	if last {
		d.close()
		d.fs.remove(d)
	}
}

func (d *Descriptor) close() {
	if d.root != nil {
		d.root.Close()
	} else {
		d.file.Close()
	}
}

func (d *Descriptor) dir() error {
	if d.root == nil {
		return NotDirectory
	}
	return nil
}

// change is nil if the directory may be changed.
func (d *Descriptor) change() error {
	if err := d.dir(); err != nil {
		return err
	}
	if d.readOnly {
		return NotPermitted
	}
	return nil
}

// Flags returns what the descriptor permits.
func (d *Descriptor) Flags() Flags { return d.flags }

// Directory tells whether it is one.
func (d *Descriptor) Directory() bool { return d.root != nil }

// Open opens the file or directory at path below d.
func (d *Descriptor) Open(path string, follow bool, how OpenFlags, flags Flags) (*Descriptor, error) {
	if err := d.dir(); err != nil {
		return nil, err
	}
	if path == "" {
		return nil, NoEntry
	}
	if how&OnlyDirectory != 0 && how&(Create|Exclusive|Truncate) != 0 {
		return nil, Invalid
	}
	if how&(Create|Truncate) != 0 {
		flags |= Write
	}
	if d.readOnly && flags&(Write|MutateDirectory) != 0 {
		return nil, NotPermitted
	}
	if !follow {
		if err := d.noLink(path); err != nil {
			return nil, err
		}
	}
	if how&OnlyDirectory != 0 {
		if flags&Write != 0 {
			return nil, IsDirectory
		}
		return d.fs.directory(d.root, path, d.readOnly)
	}
	return d.open(path, follow, openMode(how, flags), flags)
}

// noLink refuses a symbolic link. It is for the error only: opening does not
// follow one that comes later.
func (d *Descriptor) noLink(path string) error {
	if fi, err := d.root.Lstat(path); err == nil && fi.Mode()&fs.ModeSymlink != 0 && !strings.HasSuffix(path, "/") {
		return Loop
	}
	return nil
}

func openMode(how OpenFlags, flags Flags) int {
	mode := unix.O_NONBLOCK | unix.O_NOCTTY
	switch {
	case flags&(Read|Write) == Read|Write:
		mode |= os.O_RDWR
	case flags&Write != 0:
		mode |= os.O_WRONLY
	}
	for _, f := range []struct {
		set  bool
		flag int
	}{
		{how&Create != 0, os.O_CREATE}, {how&Exclusive != 0, os.O_EXCL}, {how&Truncate != 0, os.O_TRUNC},
		{flags&(FileIntegritySync|RequestedWriteSync) != 0, unix.O_SYNC}, {flags&DataIntegritySync != 0, unix.O_DSYNC},
	} {
		if f.set {
			mode |= f.flag
		}
	}
	return mode
}

func (d *Descriptor) open(path string, follow bool, mode int, flags Flags) (*Descriptor, error) {
	if err := d.fs.reserve(); err != nil {
		return nil, err
	}
	file, err := d.openFile(path, follow, mode)
	if err != nil {
		d.fs.unreserve()
		return nil, code(err)
	}
	fi, err := file.Stat()
	if err != nil || fi.IsDir() {
		file.Close()
		d.fs.unreserve()
		if err != nil {
			return nil, code(err)
		}
		return d.fs.directory(d.root, path, d.readOnly)
	}
	if flags&Write == 0 {
		flags |= Read
	}
	flags &^= MutateDirectory
	return d.fs.add(&Descriptor{fs: d.fs, file: file, flags: flags, readOnly: d.readOnly, refs: 1}), nil
}

func (d *Descriptor) openFile(path string, follow bool, mode int) (*os.File, error) {
	if follow {
		return d.root.OpenFile(path, mode, 0o666)
	}
	var file *os.File
	err := d.at(path, func(dir int, name string) error {
		s, err := unix.Openat(dir, name, mode|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o666)
		if err == nil {
			file = os.NewFile(uintptr(s), "file")
		}
		return err
	})
	return file, err
}

// at calls f with the directory that holds the last element of path, resolved
// below d, and with that element. f must not follow it.
func (d *Descriptor) at(path string, f func(dir int, name string) error) error {
	trimmed := strings.TrimRight(path, "/")
	parent, name := ".", trimmed
	if i := strings.LastIndexByte(trimmed, '/'); i >= 0 {
		parent, name = trimmed[:i+1], trimmed[i+1:]
	}
	switch {
	case path == "":
		return NoEntry
	case path[0] == '/', trimmed == "":
		return NotPermitted
	case name == "." || name == "..":
		return d.atItself(path, f)
	case strings.ContainsRune(path, 0):
		return Invalid
	}
	dir, err := d.root.Open(parent)
	if err != nil {
		return err
	}
	defer dir.Close()
	return control(dir, func(s int) error { return f(s, name) })
}

// atItself is at for a path that names a directory by "." or "..": that
// directory, if it is below d, by the name ".".
func (d *Descriptor) atItself(path string, f func(dir int, name string) error) error {
	dir, err := d.root.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	return control(dir, func(s int) error { return f(s, ".") })
}

// control runs a system call on a file.
func control(f *os.File, call func(s int) error) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(s uintptr) {
		for {
			if err = call(int(s)); err != unix.EINTR {
				return
			}
		}
	}); e != nil {
		return os.ErrClosed
	}
	return err
}

// info returns what is known of the file itself.
func (d *Descriptor) info() (fs.FileInfo, error) {
	if d.root != nil {
		return d.root.Stat(".")
	}
	return d.file.Stat()
}

// infoAt returns what is known of a file below d.
func (d *Descriptor) infoAt(path string, follow bool) (fs.FileInfo, error) {
	if err := d.dir(); err != nil {
		return nil, err
	}
	if path == "" {
		return nil, NoEntry
	}
	if follow {
		return d.root.Stat(path)
	}
	return d.root.Lstat(path)
}

// Stat is what is known of a file (descriptor-stat).
type Stat struct {
	Mode                     fs.FileMode
	Links, Size              uint64
	Accessed, Written, Moved time.Time
}

func stat(fi fs.FileInfo, err error) (Stat, error) {
	if err != nil {
		return Stat{}, code(err)
	}
	s := Stat{Mode: fi.Mode(), Links: 1, Size: uint64(fi.Size()), Written: fi.ModTime()}
	if sys, ok := fi.Sys().(*syscall.Stat_t); ok {
		s.Links = uint64(sys.Nlink)
		s.Accessed = time.Unix(sys.Atim.Unix())
		s.Moved = time.Unix(sys.Ctim.Unix())
	}
	return s, nil
}

// Stat returns what is known of the file.
func (d *Descriptor) Stat() (Stat, error) { return stat(d.info()) }

// StatAt returns what is known of a file below d.
func (d *Descriptor) StatAt(path string, follow bool) (Stat, error) {
	return stat(d.infoAt(path, follow))
}

// Same tells whether both are the same file.
func (d *Descriptor) Same(other *Descriptor) bool {
	a, err := d.info()
	if err != nil {
		return false
	}
	b, err := other.info()
	return err == nil && os.SameFile(a, b)
}
