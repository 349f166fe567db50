package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// Bounds of the files that a policy names, in bytes.
const (
	// MaxCertificates bounds a file of certificates: a whole system's store is
	// a tenth of it.
	MaxCertificates = 4 << 20
	// MaxKey bounds a key, a PKCS#12 file and a password.
	MaxKey = 1 << 20
	// MaxCRL bounds a revocation list.
	MaxCRL = 16 << 20
)

// readers are those who may be able to read a file.
type readers bool

const (
	anybody readers = false
	owner   readers = true
)

// pipeTimeout bounds reading a pipe, whose writer may never end.
const pipeTimeout = 10 * time.Second

// readFile reads a file or a pipe of at most max bytes. It does not wait for a
// pipe that nobody has open to write. Its errors do not name the file.
func readFile(name string, max int64, who readers) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, withoutPath(err)
	}
	switch kind := info.Mode().Type(); {
	case kind.IsDir():
		return nil, syscall.EISDIR
	case kind == fs.ModeNamedPipe:
		f.SetReadDeadline(time.Now().Add(pipeTimeout))
	case !kind.IsRegular():
		return nil, errors.New("neither a file nor a pipe")
	}
	return readOpen(f, max, who)
}

// readOpen reads an open file of at most max bytes.
func readOpen(f *os.File, max int64, who readers) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, withoutPath(err)
	}
	if who == owner {
		if err := checkPrivate(info); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, max+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if int64(len(text)) > max {
		return nil, fmt.Errorf("larger than %d bytes", max)
	}
	return text, nil
}

// withoutPath returns the cause of a file's error.
func withoutPath(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// checkPrivate refuses a file that others than its owner can read, as ssh and
// libpq do with keys: a file of another owner, such as one that a container
// platform mounts for root, may be open to its group, through which this
// process reads it.
func checkPrivate(info fs.FileInfo) error {
	if openTo(info) == 0 {
		return nil
	}
	return fmt.Errorf("others can read it, its mode is %04o: run chmod 600 on it", info.Mode().Perm())
}

// named reads a file that the value names, relative to the folder of the
// configuration.
func (d *decoder) named(n node, max int64, who readers) (text []byte, name string, ok bool) {
	name, ok = d.text(n)
	if !ok {
		return nil, "", false
	}
	path := name
	if !filepath.IsAbs(path) {
		path = filepath.Join(d.dir, path)
	}
	text, err := readFile(path, max, who)
	if err != nil { // without the name: it may be a key in the wrong place
		d.fail(n, "%w", err)
		return nil, "", false
	}
	return text, name, true
}
