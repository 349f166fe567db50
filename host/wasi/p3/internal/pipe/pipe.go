// Package pipe makes streams and futures of WASI 0.3 of the host's streams:
// each stream comes with a future that tells how it ended.
package pipe

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Done is how a stream ended, the result<_, E> of WIT.
type Done[E any] = host.Result[host.None, E]

// Future is a future<result<_, E>>.
type Future[E any] = *host.Future[Done[E]]

// Classify makes an error of WIT of one of the host's.
type Classify[E any] func(error) E

// ended resolves the future of a stream, the first time it is called.
func (classify Classify[E]) ended(f Future[E]) func(error) {
	return func(err error) {
		if err == nil {
			f.Resolve(Done[E]{})
			return
		}
		f.Resolve(Done[E]{IsErr: true, Err: classify(err)})
	}
}

// Reading is a stream that a guest reads, and its future, as a tuple.
type Reading[E any] struct {
	_     host.Tuple
	Data  *host.Stream
	Ended Future[E]
}

// Read gives a guest what in has, which may fail to begin with. A guest that
// drops the stream has success for its future.
func Read[E any](in stream.Input, err error, classify Classify[E]) Reading[E] {
	r := Reading[E]{Ended: host.NewFuture[Done[E]]()}
	ended := classify.ended(r.Ended)
	if err != nil {
		ended(err)
		in = atEnd{}
	}
	r.Data = host.NewStream(&source{in, ended})
	return r
}

// Write takes what a guest sends to out, which may fail to begin with. The
// future tells when all of it is delivered.
func Write[E any](s *host.Store, from *host.Stream, out stream.Output, err error, classify Classify[E]) (Future[E], error) {
	f := host.NewFuture[Done[E]]()
	ended := classify.ended(f)
	if err != nil {
		ended(err)
		return f, from.Drop(s)
	}
	from.Pipe(s, &sink{Output: out, ended: ended}, func(error) {})
	return f, nil
}

// atEnd is an input without bytes.
type atEnd struct{ stream.Always }

func (atEnd) Read([]byte) (int, error) { return 0, stream.ErrClosed }
func (atEnd) Drop()                    {}

// source is an input that tells how it ended.
type source struct {
	stream.Input
	ended func(error)
}

// Read implements stream.Input.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.Input.Read(p)
	return n, s.noted(err)
}

// ReadWait implements stream.Blocking.
func (s *source) ReadWait(p []byte) (int, error) {
	n, err := stream.ReadWait(s.Input, p)
	if err == errors.ErrUnsupported || errors.Is(err, os.ErrDeadlineExceeded) {
		return n, err
	}
	return n, s.noted(err)
}

// SetReadDeadline implements stream.Blocking.
func (s *source) SetReadDeadline(t time.Time) error { return stream.SetReadDeadline(s.Input, t) }

// RemoteAddr returns where the stream comes from: see stream.RemoteAddr.
func (s *source) RemoteAddr() net.Addr { return stream.RemoteAddr(s.Input) }

// noted returns err and tells it if it is the end.
func (s *source) noted(err error) error {
	switch {
	case errors.Is(err, stream.ErrClosed):
		s.ended(nil)
	case err != nil:
		s.ended(err)
	}
	return err
}

// Drop implements stream.Input.
func (s *source) Drop() {
	s.Input.Drop()
	s.ended(nil)
}

// sink is an output that tells how it ended.
type sink struct {
	stream.Output
	ended func(error)
	err   error
}

// Permit implements stream.Output.
func (s *sink) Permit() (n int, err error) {
	if n, err = s.Output.Permit(); err != nil {
		s.err = err
	}
	return n, err
}

// Write implements stream.Output.
func (s *sink) Write(p []byte) error {
	err := s.Output.Write(p)
	if err != nil {
		s.err = err
	}
	return err
}

// Drop implements stream.Output.
func (s *sink) Drop() {
	if s.err != nil {
		s.Output.Drop()
		s.ended(s.err)
		return
	}
	stream.End(s.Output, s.ended)
}

// ValueSource is a source of values that tells its end by stream.ErrClosed.
type ValueSource[T any] = host.ValueSource[T]

// Values gives a guest the values of src, and tells how they ended.
func Values[T, E any](src ValueSource[T], classify Classify[E]) (*host.Values[T], Future[E]) {
	f := host.NewFuture[Done[E]]()
	return host.NewValues[T](&values[T]{src, classify.ended(f)}), f
}

// None gives a guest no values, because of an error.
func None[T, E any](err error, classify Classify[E]) (*host.Values[T], Future[E]) {
	f := host.NewFuture[Done[E]]()
	classify.ended(f)(err)
	return host.NewValues[T](noValues[T]{}), f
}

type noValues[T any] struct{ stream.Always }

func (noValues[T]) Next() (v T, ok bool, err error) { return v, false, stream.ErrClosed }
func (noValues[T]) Drop()                           {}

type values[T any] struct {
	ValueSource[T]
	ended func(error)
}

// Next implements host.ValueSource.
func (s *values[T]) Next() (T, bool, error) {
	v, ok, err := s.ValueSource.Next()
	switch {
	case errors.Is(err, stream.ErrClosed):
		s.ended(nil)
	case err != nil:
		s.ended(err)
	}
	return v, ok, err
}

// Drop implements host.ValueSource.
func (s *values[T]) Drop() {
	s.ValueSource.Drop()
	s.ended(nil)
}
