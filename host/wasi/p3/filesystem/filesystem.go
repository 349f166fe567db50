// Package filesystem binds wasi:filesystem 0.3: the directories that a guest
// was granted, and everything below them.
package filesystem

import (
	"context"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
)

// Version is the version of the WIT package that is served.
const Version = "0.3.0"

// Attach is wasi.AttachMounts.
func Attach(s *host.Store, mounts []rootfs.Mount) error { return wasi.AttachMounts(s, mounts) }

// Descriptor is the resource wasi:filesystem/types descriptor. Its streams may
// outlive it.
type Descriptor struct{ d *rootfs.Descriptor }

var descriptorResource = host.NewResource("descriptor", func(_ *host.Call, d *Descriptor) error {
	d.d.Drop()
	return nil
})

// ErrorCode is the variant wasi:filesystem/types error-code.
type ErrorCode struct {
	host.Case
	Access, Already, BadDescriptor, Busy, Deadlock, Quota, Exist, FileTooLarge, IllegalByteSequence, InProgress,
	Interrupted, Invalid, IO, IsDirectory, Loop, TooManyLinks, MessageSize, NameTooLong, NoDevice, NoEntry, NoLock,
	InsufficientMemory, InsufficientSpace, NotDirectory, NotEmpty, NotRecoverable, Unsupported, NoTTY, NoSuchDevice,
	Overflow, NotPermitted, Pipe, ReadOnly, InvalidSeek, TextFileBusy, CrossDevice host.None
	Other host.Option[string]
}

// Cases of ErrorCode: those of 0.2 in the same order, but for would-block.
const caseOther = host.Case(rootfs.CrossDevice)

// codeOf is the one place where errors become error codes.
func codeOf(err error) ErrorCode {
	switch code, _ := rootfs.CodeOf(err); {
	case code < rootfs.WouldBlock:
		return ErrorCode{Case: host.Case(code)}
	case code > rootfs.WouldBlock:
		return ErrorCode{Case: host.Case(code - 1)}
	}
	return ErrorCode{Case: caseOther, Other: host.Some("would-block")}
}

func classify(err error) (ErrorCode, error) { return codeOf(err), nil }

// ask makes an async host function of one that may wait for the disk.
func ask[A, T any](f func(*A) (T, error)) host.Fn {
	return host.TryAsync(func(_ context.Context, _ *host.Store, a *A) (T, error) { return f(a) }, classify)
}

// do is ask for a function without a result.
func do[A any](f func(*A) error) host.Fn {
	return ask(func(a *A) (host.None, error) { return host.None{}, f(a) })
}

type self struct{ Self *Descriptor }

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
	bindFile(t)
	bindMetadata(t)
	bindDirectory(t)
}
