package filesystem

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p3/internal/pipe"
)

// bindFile adds what is done with the contents of a file.
func bindFile(t *host.Interface) {
	method := func(name string, f host.Fn) { t.Func("[method]descriptor."+name, f) }
	method("read-via-stream", host.Func(func(_ *host.Call, a *struct {
		Self   *Descriptor
		Offset uint64
	}) (pipe.Reading[ErrorCode], error) {
		in, err := a.Self.d.Input(a.Offset)
		return pipe.Read(in, err, codeOf), nil
	}))
	method("write-via-stream", host.Func(func(c *host.Call, a *struct {
		Self   *Descriptor
		Data   *host.Stream
		Offset uint64
	}) (pipe.Future[ErrorCode], error) {
		out, err := a.Self.d.Output(a.Offset)
		return pipe.Write(c.Store(), a.Data, out, err, codeOf)
	}))
	method("append-via-stream", host.Func(func(c *host.Call, a *struct {
		Self *Descriptor
		Data *host.Stream
	}) (pipe.Future[ErrorCode], error) {
		out, err := a.Self.d.Append()
		return pipe.Write(c.Store(), a.Data, out, err, codeOf)
	}))
	method("set-size", do(func(a *struct {
		Self *Descriptor
		Size uint64
	}) error {
		return a.Self.d.SetSize(a.Size)
	}))
	method("advise", do(func(a *struct {
		Self           *Descriptor
		Offset, Length uint64
		Advice         uint8
	}) error {
		return a.Self.d.Advise(a.Offset, a.Length, int(a.Advice))
	}))
	method("sync", do(func(a *self) error { return a.Self.d.Sync() }))
	method("sync-data", do(func(a *self) error { return a.Self.d.SyncData() }))
}
