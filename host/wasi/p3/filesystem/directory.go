package filesystem

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p3/internal/pipe"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

type (
	inDir struct {
		Self *Descriptor
		Path string
	}
	directoryEntry struct {
		Type descriptorType
		Name string
	}
	listing struct {
		_       host.Tuple
		Entries *host.Values[directoryEntry]
		Ended   pipe.Future[ErrorCode]
	}
)

// bindDirectory adds what is done with the files in a directory.
func bindDirectory(t *host.Interface) {
	method := func(name string, f host.Fn) { t.Func("[method]descriptor."+name, f) }
	method("open-at", ask(openAt))
	method("create-directory-at", do(func(a *inDir) error { return a.Self.d.Mkdir(a.Path) }))
	method("remove-directory-at", do(func(a *inDir) error { return a.Self.d.Rmdir(a.Path) }))
	method("unlink-file-at", do(func(a *inDir) error { return a.Self.d.Unlink(a.Path) }))
	method("readlink-at", ask(func(a *inDir) (string, error) { return a.Self.d.Readlink(a.Path) }))
	method("symlink-at", do(func(a *struct {
		Self         *Descriptor
		Target, Path string
	}) error {
		return a.Self.d.Symlink(a.Target, a.Path)
	}))
	method("link-at", do(func(a *struct {
		Self  *Descriptor
		Flags uint8
		From  string
		Dir   *Descriptor
		To    string
	}) error {
		if a.Flags&symlinkFollow != 0 {
			return rootfs.Invalid
		}
		return a.Self.d.Link(a.From, a.Dir.d, a.To)
	}))
	method("rename-at", do(func(a *struct {
		Self *Descriptor
		From string
		Dir  *Descriptor
		To   string
	}) error {
		return a.Self.d.Rename(a.From, a.Dir.d, a.To)
	}))
	method("read-directory", host.Func(func(_ *host.Call, a *self) (l listing, _ error) {
		e, err := a.Self.d.ReadDir()
		if err != nil {
			l.Entries, l.Ended = pipe.None[directoryEntry](err, codeOf)
		} else {
			l.Entries, l.Ended = pipe.Values[directoryEntry](entries{Entries: e}, codeOf)
		}
		return l, nil
	}))
}

func openAt(a *struct {
	Self      *Descriptor
	PathFlags uint8
	Path      string
	OpenFlags uint8
	Flags     uint8
}) (*Descriptor, error) {
	d, err := a.Self.d.Open(a.Path, a.PathFlags&symlinkFollow != 0, rootfs.OpenFlags(a.OpenFlags), rootfs.Flags(a.Flags))
	return &Descriptor{d}, err
}

// entries are the names in a directory, which are always there.
type entries struct {
	stream.Always
	*rootfs.Entries
}

// Next implements host.ValueSource.
func (e entries) Next() (directoryEntry, bool, error) {
	x, err := e.Entries.Next()
	switch {
	case err != nil:
		return directoryEntry{}, false, err
	case x == nil:
		return directoryEntry{}, false, stream.ErrClosed
	}
	return directoryEntry{typeOf(x.Type()), x.Name()}, true, nil
}
