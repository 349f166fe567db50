package host

import (
	"github.com/wasitls/wasitls/host/internal/rt"
)

// Source is a source of bytes that never blocks, such as stream.Input of
// host/wasi/stream is one.
type Source = rt.Source

// Sink takes bytes and never blocks, such as stream.Output of host/wasi/stream
// is one.
type Sink = rt.Sink

// Stream is a stream<u8> of WIT: the readable end. As a result of a host
// function it comes from NewStream. As a parameter it is what a guest passed,
// and belongs to the function, which must Pipe, Take or Drop it.
//
// Its methods are called during a host function, or in a function given to
// Store.Post.
type Stream struct {
	ch  rt.Channel
	src Source
}

// NewStream returns a stream that gives a guest what src has, and drops src
// when the guest is done with it. Bytes are read only when the guest reads,
// straight into its memory. Any error of src ends the stream; why is told
// elsewhere, such as by a future.
func NewStream(src Source) *Stream { return &Stream{src: src} }

// Pipe moves all that comes to the sink, which it drops at the end, straight
// from the guest's memory. done is called once: with nil when the stream has
// ended, or with the sink's error; it runs while the store does and must not
// block.
func (s *Stream) Pipe(c *Call, to Sink, done func(error)) { s.channel(c.store).Pipe(to, done) }

// Take returns the source of a stream that the host has made and a guest only
// passed on. Nothing was read from it by a guest in between: bytes then need
// not visit the guest. It reports whether there is one.
func (s *Stream) Take() (Source, bool) { return rt.TakeSource(s.ch) }

// Drop gives the stream up.
func (s *Stream) Drop(c *Call) { s.channel(c.store).Drop() }

// Values is a stream<T> of WIT as a result of a host function; T is a Go type
// as for Func.
type Values[T any] struct{ src ValueSource[T] }

// ValueSource is a source of values that never blocks.
type ValueSource[T any] interface {
	// Next returns the next value: ok is false when there is none yet. An
	// error ends the stream.
	Next() (v T, ok bool, err error)
	// Notify calls f once when Next may return something, at once if it may
	// already. It returns a function that takes f back. f runs on any
	// goroutine.
	Notify(f func()) (stop func())
	// Drop gives the source up.
	Drop()
}

// NewValues returns a stream of the values of src.
func NewValues[T any](src ValueSource[T]) *Values[T] { return &Values[T]{src} }

// Future is a future<T> of WIT as a result of a host function. It is safe for
// concurrent use.
type Future[T any] struct{ cell rt.Cell }

// NewFuture returns a future without a value.
func NewFuture[T any]() *Future[T] { return &Future[T]{} }

// Resolve gives the future its value, once; later calls do nothing.
func (f *Future[T]) Resolve(v T) { f.cell.Set(v) }
