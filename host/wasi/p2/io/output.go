package io

import (
	"context"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// OutputStream is the resource wasi:io/streams output-stream.
type OutputStream struct {
	Parent
	s stream.Output
	// permit is what is left of the last check-write.
	permit int
	// done is set when the stream has ended or failed: from then on it is closed.
	done bool
}

// NewOutputStream returns a guest's stream of s, which it owns.
func NewOutputStream(s stream.Output) *OutputStream { return &OutputStream{s: s} }

// Take gives the stream below to the caller: see InputStream.Take.
func (o *OutputStream) Take() (stream.Output, error) {
	if err := o.Childless(); err != nil {
		o.s.Drop()
		return nil, err
	}
	return o.s, nil
}

func dropOutput(_ *host.Call, o *OutputStream) error {
	if err := o.Childless(); err != nil {
		return err
	}
	o.s.Drop()
	return nil
}

// checkWrite renews the permit.
func (o *OutputStream) checkWrite() (int, error) {
	o.permit = 0
	if o.done {
		return 0, stream.ErrClosed
	}
	n, err := o.s.Permit()
	o.permit, o.done = n, err != nil
	return n, err
}

// permitted is nil if n bytes may be written. Too many trap, unless the stream
// has ended meanwhile: that the guest could not know.
func (o *OutputStream) permitted(n uint64) error {
	if o.done {
		return stream.ErrClosed
	}
	if n <= uint64(o.permit) {
		return nil
	}
	if _, err := o.checkWrite(); err != nil {
		return err
	}
	return errPermit
}

func (o *OutputStream) write(p []byte) error {
	if err := o.permitted(uint64(len(p))); err != nil {
		return err
	}
	return o.put(p)
}

// put writes what is permitted.
func (o *OutputStream) put(p []byte) error {
	o.permit -= len(p)
	err := o.s.Write(p)
	o.done = err != nil
	return err
}

func (o *OutputStream) flush() error {
	o.permit = 0
	if o.done {
		return stream.ErrClosed
	}
	err := o.s.Flush()
	o.done = err != nil
	return err
}

// await waits for a permit and returns it.
func (o *OutputStream) await(e env) (int, error) {
	for range maxFruitless {
		n, err := o.checkWrite()
		if n > 0 || err != nil {
			return n, err
		}
		if err := e.wait(o.s); err != nil {
			return 0, err
		}
	}
	return 0, errNoProgress
}

func (o *OutputStream) blockingFlush(e env) error {
	if err := o.flush(); err != nil {
		return err
	}
	_, err := o.await(e)
	o.permit = 0
	return err
}

func (o *OutputStream) writeAll(e env, p []byte) error {
	if len(p) > maxBlockingWrite {
		return errLong
	}
	if s, ok := o.s.(stream.Synchronous); ok && !o.done {
		return o.writeNow(e, s, p)
	}
	for len(p) > 0 {
		n, err := o.await(e)
		if err != nil {
			return err
		}
		n = min(n, len(p))
		if err := o.put(p[:n]); err != nil {
			return err
		}
		p = p[n:]
	}
	return o.blockingFlush(e)
}

// writeNow is writeAll on a stream that can do it without a detour.
func (o *OutputStream) writeNow(e env, s stream.Synchronous, p []byte) error {
	e.free()
	o.permit = 0
	err := s.WriteAndFlush(e.Context, p)
	o.done = err != nil
	if e.Err() != nil {
		return &Trap{context.Cause(e)}
	}
	return err
}

var zeroes [maxBlockingWrite]byte

func (o *OutputStream) writeZeroes(n uint64) error {
	if err := o.permitted(n); err != nil {
		return err
	}
	for n > 0 {
		k := min(n, uint64(len(zeroes)))
		if err := o.put(zeroes[:k]); err != nil {
			return err
		}
		n -= k
	}
	return nil
}

// splice moves what there is from src, at most n bytes.
func (o *OutputStream) splice(e env, src *InputStream, n uint64) (uint64, error) {
	room, err := o.checkWrite()
	if err != nil || room == 0 {
		return 0, err
	}
	p := e.lend(int(min(n, uint64(room), maxRead)))
	got, err := src.read(p)
	if err != nil {
		return 0, err
	}
	return uint64(got), o.put(p[:got])
}

func (o *OutputStream) blockingSplice(e env, src *InputStream, n uint64) (moved uint64, err error) {
	err = src.moving(e, n, func() (int, error) {
		if _, err := o.await(e); err != nil {
			return 0, err
		}
		moved, err = o.splice(e, src, n)
		return int(moved), err
	})
	return moved, err
}

type (
	outputArg  struct{ Self *OutputStream }
	outputData struct {
		Self     *OutputStream
		Contents []byte
	}
	outputLen struct {
		Self *OutputStream
		Len  uint64
	}
	outputSplice struct {
		Self *OutputStream
		Src  *InputStream
		Len  uint64
	}
)

// tryOut makes a function without a result of f.
func tryOut[A any](f func(*host.Call, *A) error) host.Fn {
	return host.Try(func(c *host.Call, a *A) (host.None, error) { return host.None{}, f(c, a) }, Classify)
}

func bindOutput(i *host.Interface) {
	i.Resource("output-stream", OutputStreamResource)
	i.Func("[method]output-stream.check-write", host.Try(func(_ *host.Call, a *outputArg) (uint64, error) {
		n, err := a.Self.checkWrite()
		return uint64(n), err
	}, Classify))
	i.Func("[method]output-stream.write", tryOut(func(_ *host.Call, a *outputData) error {
		return a.Self.write(a.Contents)
	}))
	i.Func("[method]output-stream.blocking-write-and-flush", tryOut(func(c *host.Call, a *outputData) error {
		return a.Self.writeAll(envOf(c), a.Contents)
	}))
	i.Func("[method]output-stream.flush", tryOut(func(_ *host.Call, a *outputArg) error {
		return a.Self.flush()
	}))
	i.Func("[method]output-stream.blocking-flush", tryOut(func(c *host.Call, a *outputArg) error {
		return a.Self.blockingFlush(envOf(c))
	}))
	i.Func("[method]output-stream.subscribe", host.Func(func(_ *host.Call, a *outputArg) (*Pollable, error) {
		return a.Self.Subscribe(a.Self.s), nil
	}))
	i.Func("[method]output-stream.write-zeroes", tryOut(func(_ *host.Call, a *outputLen) error {
		return a.Self.writeZeroes(a.Len)
	}))
	i.Func("[method]output-stream.blocking-write-zeroes-and-flush", tryOut(func(c *host.Call, a *outputLen) error {
		if a.Len > maxBlockingWrite {
			return errLong
		}
		return a.Self.writeAll(envOf(c), zeroes[:a.Len])
	}))
	i.Func("[method]output-stream.splice", host.Try(func(c *host.Call, a *outputSplice) (uint64, error) {
		return a.Self.splice(envOf(c), a.Src, a.Len)
	}, Classify))
	i.Func("[method]output-stream.blocking-splice", host.Try(func(c *host.Call, a *outputSplice) (uint64, error) {
		return a.Self.blockingSplice(envOf(c), a.Src, a.Len)
	}, Classify))
}

func bindStreams(i *host.Interface) {
	bindInput(i)
	bindOutput(i)
}
