package p2

import (
	"context"
	"errors"
	"net"

	"github.com/wasitls/wasitls/host/wasi/stream"
	"github.com/wasitls/wasitls/wasitls"
)

// Package wasitls knows nothing of WASI, so its streams and those of WASI are
// the same but for two errors. These types pass the streams on, in both
// directions, and exchange the errors.

// input is a TLS connection's input as a WASI stream.
type input struct{ *wasitls.Input }

func (i input) Read(p []byte) (int, error) {
	n, err := i.Input.Read(p)
	return n, toWASI(err)
}

func (i input) Skip(n int) (int, error) {
	n, err := i.Input.Skip(n)
	return n, toWASI(err)
}

// Ready implements stream.Pollable.
func (i input) Ready() bool { return i.Look() }

// output is a TLS connection's output as a WASI stream.
type output struct{ *wasitls.Output }

func (o output) Permit() (int, error) {
	n, err := o.Output.Permit()
	return n, toWASI(err)
}

func (o output) Write(p []byte) error { return toWASI(o.Output.Write(p)) }
func (o output) Flush() error         { return toWASI(o.Output.Flush()) }

// WriteAndFlush implements stream.Synchronous.
func (o output) WriteAndFlush(ctx context.Context, p []byte) error {
	return toWASI(o.Output.WriteAndFlush(ctx, p))
}

// source is a WASI stream as the input of a transport.
type source struct{ stream.Input }

func (s source) Read(p []byte) (int, error) {
	n, err := s.Input.Read(p)
	return n, fromWASI(err)
}

// sink is a WASI stream as the output of a transport.
type sink struct{ stream.Output }

func (s sink) Permit() (int, error) {
	n, err := s.Output.Permit()
	return n, fromWASI(err)
}

// RemoteAddr implements wasitls.Addressed.
func (s source) RemoteAddr() net.Addr { return stream.RemoteAddr(s.Input) }

// RemoteAddr implements wasitls.Addressed.
func (s sink) RemoteAddr() net.Addr { return stream.RemoteAddr(s.Output) }

func (s sink) Write(p []byte) error { return fromWASI(s.Output.Write(p)) }
func (s sink) Flush() error         { return fromWASI(s.Output.Flush()) }

func toWASI(err error) error {
	return exchange(err, wasitls.ErrClosed, stream.ErrClosed, wasitls.ErrPermit, stream.ErrPermit)
}

func fromWASI(err error) error {
	return exchange(err, stream.ErrClosed, wasitls.ErrClosed, stream.ErrPermit, wasitls.ErrPermit)
}

func exchange(err, closed, asClosed, permit, asPermit error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, closed):
		return asClosed
	case errors.Is(err, permit):
		return asPermit
	}
	return err
}
