package rootfs

import (
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Mkdir makes a directory below d.
func (d *Descriptor) Mkdir(path string) error {
	if err := d.change(); err != nil {
		return err
	}
	return code(d.at(path, func(dir int, name string) error { return unix.Mkdirat(dir, name, 0o777) }))
}

// Unlink removes what is no directory below d.
func (d *Descriptor) Unlink(path string) error {
	if err := d.change(); err != nil {
		return err
	}
	if strings.HasSuffix(path, "/") {
		fi, err := d.root.Stat(path)
		switch {
		case err != nil:
			return code(err)
		case fi.IsDir():
			return IsDirectory
		}
		return NotDirectory
	}
	return code(d.at(path, func(dir int, name string) error { return unix.Unlinkat(dir, name, 0) }))
}

// Rmdir removes an empty directory below d.
func (d *Descriptor) Rmdir(path string) error {
	if err := d.change(); err != nil {
		return err
	}
	return code(d.at(path, func(dir int, name string) error { return unix.Unlinkat(dir, name, unix.AT_REMOVEDIR) }))
}

// Rename moves a file below d to a path below to.
func (d *Descriptor) Rename(from string, to *Descriptor, path string) error {
	return d.both(from, to, path, unix.Renameat)
}

// Link makes another name, below to, for a file below d.
func (d *Descriptor) Link(from string, to *Descriptor, path string) error {
	return d.both(from, to, path, func(oldDir int, old string, newDir int, new string) error {
		return unix.Linkat(oldDir, old, newDir, new, 0)
	})
}

func (d *Descriptor) both(from string, to *Descriptor, path string, f func(int, string, int, string) error) error {
	if err := d.change(); err != nil {
		return err
	}
	if err := to.change(); err != nil {
		return err
	}
	return code(d.at(from, func(oldDir int, old string) error {
		return to.at(path, func(newDir int, new string) error { return f(oldDir, old, newDir, new) })
	}))
}

// Symlink makes a symbolic link below d. Its target is relative: an absolute
// one would mean something to other programs of the host and nothing here.
func (d *Descriptor) Symlink(target, path string) error {
	if err := d.change(); err != nil {
		return err
	}
	switch {
	case target == "":
		return NoEntry
	case target[0] == '/':
		return NotPermitted
	case strings.ContainsRune(target, 0):
		return Invalid
	}
	if strings.HasSuffix(path, "/") {
		return NoEntry
	}
	return code(d.at(path, func(dir int, name string) error { return unix.Symlinkat(target, dir, name) }))
}

// Readlink returns the target of a symbolic link below d.
func (d *Descriptor) Readlink(path string) (string, error) {
	if err := d.dir(); err != nil {
		return "", err
	}
	target, err := d.root.Readlink(path)
	switch {
	case err != nil:
		return "", code(err)
	case strings.HasPrefix(target, "/"): // it leads nowhere, and tells of the host
		return "", NotPermitted
	case !utf8.ValidString(target):
		return "", IllegalByteSequence
	}
	return target, nil
}

// A TimeChange is a time to set: the zero value leaves it as it is.
type TimeChange struct {
	Now bool
	At  time.Time
}

func (c TimeChange) timespec() unix.Timespec {
	switch {
	case c.Now:
		return unix.Timespec{Nsec: unix.UTIME_NOW}
	case c.At.IsZero():
		return unix.Timespec{Nsec: unix.UTIME_OMIT}
	}
	return unix.NsecToTimespec(c.At.UnixNano())
}

func (c TimeChange) time() time.Time {
	if c.Now {
		return time.Now()
	}
	return c.At
}

// SetTimes sets the times of last reading and writing.
func (d *Descriptor) SetTimes(read, written TimeChange) error {
	if d.readOnly {
		return NotPermitted
	}
	set := func(s int) error { return futimens(s, [2]unix.Timespec{read.timespec(), written.timespec()}) }
	if d.root == nil {
		return code(control(d.file, set))
	}
	return code(d.atItself(".", func(dir int, _ string) error { return set(dir) }))
}

// SetTimesAt sets the times of a file below d.
func (d *Descriptor) SetTimesAt(path string, follow bool, read, written TimeChange) error {
	if err := d.change(); err != nil {
		return err
	}
	if follow {
		return code(d.root.Chtimes(path, read.time(), written.time()))
	}
	ts := []unix.Timespec{read.timespec(), written.timespec()}
	return code(d.at(path, func(dir int, name string) error {
		return unix.UtimesNanoAt(dir, name, ts, unix.AT_SYMLINK_NOFOLLOW)
	}))
}

// Sync writes the file to the disk, all that is known of it included.
func (d *Descriptor) Sync() error { return d.sync(unix.Fsync) }

// SyncData writes the file's data to the disk.
func (d *Descriptor) SyncData() error { return d.sync(unix.Fdatasync) }

func (d *Descriptor) sync(f func(int) error) error {
	if d.root == nil {
		return code(control(d.file, f))
	}
	return code(d.atItself(".", func(dir int, _ string) error { return f(dir) }))
}

// Entries is the names in a directory.
type Entries struct {
	fs   *FS
	file *os.File
	next []os.DirEntry
}

// ReadDir returns the names in the directory.
func (d *Descriptor) ReadDir() (*Entries, error) {
	if err := d.dir(); err != nil {
		return nil, err
	}
	if err := d.fs.reserve(); err != nil {
		return nil, err
	}
	f, err := d.root.Open(".")
	if err != nil {
		d.fs.unreserve()
		return nil, code(err)
	}
	return &Entries{fs: d.fs, file: f}, nil
}

// Next returns the next entry, nil after the last.
func (e *Entries) Next() (os.DirEntry, error) {
	if e.file == nil {
		return nil, nil
	}
	if len(e.next) == 0 {
		var err error
		if e.next, err = e.file.ReadDir(readDirBatch); len(e.next) == 0 {
			e.Drop()
			return nil, endOf(err)
		}
	}
	x := e.next[0]
	e.next = e.next[1:]
	if !utf8.ValidString(x.Name()) {
		return nil, IllegalByteSequence
	}
	return x, nil
}

// Drop gives the names up. It is idempotent.
func (e *Entries) Drop() {
	if e.file != nil {
		e.file.Close()
		e.file = nil
		e.fs.unreserve()
	}
}
