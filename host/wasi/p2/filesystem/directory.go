package filesystem

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
)

type (
	inDir struct {
		Self *Descriptor
		Path string
	}
	directoryEntry struct {
		Type rootfs.Type
		Name string
	}
)

// bindDirectory adds what is done with the files in a directory.
func bindDirectory(t *host.Interface) {
	method := func(name string, f host.Fn) { t.Func("[method]descriptor."+name, f) }
	method("open-at", try(func(_ *host.Call, a *struct {
		Self      *Descriptor
		PathFlags uint8
		Path      string
		OpenFlags uint8
		Flags     uint8
	}) (*Descriptor, error) {
		d, err := a.Self.d.Open(a.Path, a.PathFlags&symlinkFollow != 0, rootfs.OpenFlags(a.OpenFlags), rootfs.Flags(a.Flags))
		return &Descriptor{d}, err
	}))
	method("create-directory-at", do(func(a *inDir) error { return a.Self.d.Mkdir(a.Path) }))
	method("remove-directory-at", do(func(a *inDir) error { return a.Self.d.Rmdir(a.Path) }))
	method("unlink-file-at", do(func(a *inDir) error { return a.Self.d.Unlink(a.Path) }))
	method("readlink-at", try(func(_ *host.Call, a *inDir) (string, error) { return a.Self.d.Readlink(a.Path) }))
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
	method("read-directory", try(func(_ *host.Call, a *self) (*entryStream, error) {
		e, err := a.Self.d.ReadDir()
		return &entryStream{e}, err
	}))
	t.Func("[method]directory-entry-stream.read-directory-entry", try(func(_ *host.Call, a *struct{ Self *entryStream }) (host.Option[directoryEntry], error) {
		e, err := a.Self.entries.Next()
		if err != nil || e == nil {
			return host.Option[directoryEntry]{}, err
		}
		return host.Some(directoryEntry{rootfs.TypeOf(e.Type()), e.Name()}), nil
	}))
}
