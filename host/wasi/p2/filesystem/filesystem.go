// Package filesystem binds wasi:filesystem 0.2: the directories that a guest
// was granted, and everything below them.
package filesystem

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
)

// Version is the version of the WIT package that is served.
const Version = "0.2.12"

// Attach is wasi.AttachMounts.
func Attach(s *host.Store, mounts []rootfs.Mount) error { return wasi.AttachMounts(s, mounts) }

// Descriptor is the resource wasi:filesystem/types descriptor. Its streams may
// outlive it.
type Descriptor struct{ d *rootfs.Descriptor }

// entryStream is the resource directory-entry-stream.
type entryStream struct{ entries *rootfs.Entries }

var (
	descriptorResource = host.NewResource("descriptor", func(_ *host.Call, d *Descriptor) error {
		d.d.Drop()
		return nil
	})
	entryStreamResource = host.NewResource("directory-entry-stream", func(_ *host.Call, e *entryStream) error {
		e.entries.Drop()
		return nil
	})
)

// ErrorCode is the enum wasi:filesystem/types error-code.
type ErrorCode uint8

// Labels returns the names of the codes, which are checked when a component is
// linked.
func (ErrorCode) Labels() []string { return rootfs.CodeNames() }

// classify is the one place where errors become error codes.
func classify(_ *host.Call, err error) (ErrorCode, error) {
	code, _ := rootfs.CodeOf(err)
	return ErrorCode(code), nil
}

func try[A, T any](f func(*host.Call, *A) (T, error)) host.Fn { return host.Try(f, classify) }

// do is try for a function without a result.
func do[A any](f func(*A) error) host.Fn {
	return try(func(_ *host.Call, a *A) (host.None, error) { return host.None{}, f(a) })
}

// Bind adds the interfaces of wasi:filesystem to the linker.
func Bind(l *host.Linker) {
	type preopen struct {
		_          host.Tuple
		Descriptor *Descriptor
		Path       string
	}
	l.Interface("wasi:filesystem/preopens@"+Version).Func("get-directories",
		host.Func(func(c *host.Call, _ *host.None) ([]preopen, error) {
			f := host.State[rootfs.FS](c.Store())
			if f == nil {
				return nil, nil
			}
			ds, err := f.Directories()
			if err != nil {
				return nil, err
			}
			out := make([]preopen, len(ds))
			for i, d := range ds {
				out[i] = preopen{Descriptor: &Descriptor{d.Descriptor}, Path: d.Path}
			}
			return out, nil
		}))
	t := l.Interface("wasi:filesystem/types@" + Version)
	t.Resource("descriptor", descriptorResource)
	t.Resource("directory-entry-stream", entryStreamResource)
	t.Func("filesystem-error-code", host.Func(func(_ *host.Call, a *struct{ Err *io.Error }) (host.Option[ErrorCode], error) {
		code, ok := rootfs.CodeOf(a.Err.Unwrap())
		return host.Option[ErrorCode]{Some: ok, Value: ErrorCode(code)}, nil
	}))
	bindFile(t)
	bindMetadata(t)
	bindDirectory(t)
}
