package filesystem

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

type (
	self     struct{ Self *Descriptor }
	atOffset struct {
		Self   *Descriptor
		Offset uint64
	}
	readResult struct {
		_    host.Tuple
		Data []byte
		End  bool
	}
)

func outputStream(s stream.Output, err error) (*io.OutputStream, error) {
	return io.NewOutputStream(s), err
}

// bindFile adds what is done with the contents of a file.
func bindFile(t *host.Interface) {
	method := func(name string, f host.Fn) { t.Func("[method]descriptor."+name, f) }
	method("read-via-stream", try(func(_ *host.Call, a *atOffset) (*io.InputStream, error) {
		s, err := a.Self.d.Input(a.Offset)
		return io.NewInputStream(s), err
	}))
	method("write-via-stream", try(func(_ *host.Call, a *atOffset) (*io.OutputStream, error) {
		return outputStream(a.Self.d.Output(a.Offset))
	}))
	method("append-via-stream", try(func(_ *host.Call, a *self) (*io.OutputStream, error) {
		return outputStream(a.Self.d.Append())
	}))
	method("read", try(func(_ *host.Call, a *struct {
		Self           *Descriptor
		Length, Offset uint64
	}) (readResult, error) {
		p := make([]byte, min(a.Length, stream.ChunkBytes))
		n, end, err := a.Self.d.ReadAt(p, a.Offset)
		return readResult{Data: p[:n], End: end}, err
	}))
	method("write", try(func(_ *host.Call, a *struct {
		Self   *Descriptor
		Buffer []byte
		Offset uint64
	}) (uint64, error) {
		n, err := a.Self.d.WriteAt(a.Buffer, a.Offset)
		return uint64(n), err
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
