package host

import (
	"errors"
	"reflect"
	"sync"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/rt"
	"github.com/wasitls/wasitls/host/internal/types"
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
// Its methods are called during a host function that is not async, or in a
// function given to Store.Post.
type Stream struct {
	ch  any // of the runtime; nil for one that the host has made
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
func (s *Stream) Pipe(st *Store, to Sink, done func(error)) { st.rt.Pipe(s.ch, to, done) }

// Take returns the source of a stream that the host has made and a guest only
// passed on. Nothing was read from it by a guest in between: bytes then need
// not visit the guest. It reports whether there is one.
func (s *Stream) Take() (Source, bool) { return rt.TakeSource(s.ch) }

// Drop gives the stream up.
func (s *Stream) Drop(st *Store) error { return st.rt.DropChannel(s.ch) }

// GoElem implements the canonical ABI's view of the stream.
func (*Stream) GoElem() reflect.Type { return reflect.TypeFor[byte]() }

// Bind implements the canonical ABI's view of the stream.
func (*Stream) Bind(t *types.Type, elem *abi.Plan) (abi.ChannelCodec, error) {
	if t.Kind != types.Stream || elem == nil {
		return nil, errors.New("a host.Stream is a stream<u8>")
	}
	return streamCodec{t}, nil
}

type streamCodec struct{ t *types.Type }

func (c streamCodec) Lift(_ *abi.Context, ch any, dst unsafe.Pointer) error {
	*(**Stream)(dst) = &Stream{ch: ch}
	return nil
}

func (c streamCodec) Lower(cx *abi.Context, src unsafe.Pointer) (any, error) {
	s := *(**Stream)(src)
	switch {
	case s == nil:
		return nil, errors.New("host: nil Stream")
	case s.ch != nil:
		return s.ch, nil
	}
	return cx.Owner.(*rt.Store).NewBytes(s.src), nil
}

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

// GoElem implements the canonical ABI's view of the stream.
func (*Values[T]) GoElem() reflect.Type { return reflect.TypeFor[T]() }

// Bind implements the canonical ABI's view of the stream.
func (*Values[T]) Bind(t *types.Type, elem *abi.Plan) (abi.ChannelCodec, error) {
	if t.Kind != types.Stream {
		return nil, errors.New("host.Values are a stream")
	}
	return valuesCodec[T]{t, elem}, nil
}

type valuesCodec[T any] struct {
	t    *types.Type
	elem *abi.Plan
}

var errOneWay = errors.New("host: a stream of values or a future can only be a result of a host function")

func (valuesCodec[T]) Lift(*abi.Context, any, unsafe.Pointer) error { return errOneWay }

func (c valuesCodec[T]) Lower(cx *abi.Context, src unsafe.Pointer) (any, error) {
	v := *(**Values[T])(src)
	if v == nil {
		return nil, errors.New("host: nil Values")
	}
	next := func(store func(rt.Element) error) (bool, error) {
		x, ok, err := v.src.Next()
		if !ok || err != nil {
			return false, err
		}
		return true, store(element[T]{c.elem, &x})
	}
	return cx.Owner.(*rt.Store).NewValues(c.t.Elem, next, v.src.Notify, v.src.Drop), nil
}

// element is a Go value with the plan that lowers it.
type element[T any] struct {
	plan *abi.Plan
	v    *T
}

func (e element[T]) Store(cx *abi.Context, ptr uint32) error {
	return e.plan.Store(cx, unsafe.Pointer(e.v), ptr)
}

// Future is a future<T> of WIT as a result of a host function. It is safe for
// concurrent use.
type Future[T any] struct {
	mu      sync.Mutex
	set     bool
	v       T
	waiters map[*func()]struct{}
}

// NewFuture returns a future without a value.
func NewFuture[T any]() *Future[T] { return &Future[T]{waiters: map[*func()]struct{}{}} }

// Resolve gives the future its value, once; later calls do nothing.
func (f *Future[T]) Resolve(v T) {
	f.mu.Lock()
	if f.set {
		f.mu.Unlock()
		return
	}
	f.set, f.v = true, v
	waiters := f.waiters
	f.waiters = nil
	f.mu.Unlock()
	for w := range waiters {
		(*w)()
	}
}

func (f *Future[T]) get() (*T, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &f.v, f.set
}

func (f *Future[T]) notify(call func()) (stop func()) {
	f.mu.Lock()
	if f.set {
		f.mu.Unlock()
		call()
		return func() {}
	}
	defer f.mu.Unlock()
	f.waiters[&call] = struct{}{}
	return func() {
		f.mu.Lock()
		delete(f.waiters, &call)
		f.mu.Unlock()
	}
}

// GoElem implements the canonical ABI's view of the future.
func (*Future[T]) GoElem() reflect.Type { return reflect.TypeFor[T]() }

// Bind implements the canonical ABI's view of the future.
func (*Future[T]) Bind(t *types.Type, elem *abi.Plan) (abi.ChannelCodec, error) {
	if t.Kind != types.Future {
		return nil, errors.New("a host.Future is a future")
	}
	return futureCodec[T]{t, elem}, nil
}

type futureCodec[T any] struct {
	t    *types.Type
	elem *abi.Plan
}

func (futureCodec[T]) Lift(*abi.Context, any, unsafe.Pointer) error { return errOneWay }

func (c futureCodec[T]) Lower(cx *abi.Context, src unsafe.Pointer) (any, error) {
	f := *(**Future[T])(src)
	if f == nil {
		return nil, errors.New("host: nil Future")
	}
	return cx.Owner.(*rt.Store).NewFuture(c.t.Elem, cell[T]{f, c.elem}), nil
}

// cell is a future as the runtime sees it.
type cell[T any] struct {
	f    *Future[T]
	plan *abi.Plan
}

func (c cell[T]) Get() (rt.Element, bool) {
	v, ok := c.f.get()
	return element[T]{c.plan, v}, ok
}

func (c cell[T]) Notify(f func()) func() { return c.f.notify(f) }
