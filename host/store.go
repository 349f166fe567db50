package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime/debug"
	"sync"

	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/rt"
)

// Store holds one guest: its instances, memories, handles, and what the host
// keeps for it. Calls into a store run one at a time; a store that is waited
// for in a host function holds no OS thread.
type Store struct {
	engine *Engine
	turn   chan struct{} // held by whoever runs or closes the store
	rt     *rt.Store

	closing sync.Once
	stop    context.CancelCauseFunc
	life    context.Context

	mu       sync.Mutex
	state    map[reflect.Type]any
	attached []any
}

// ErrClosed is the cause of the end of a guest whose store was closed.
var ErrClosed = errors.New("host: store closed")

// NewStore makes a store for one guest. It fails when the process has no room
// for another one.
func (e *Engine) NewStore(l Limits) (*Store, error) {
	if l.MemoryBytes <= 0 {
		l.MemoryBytes = DefaultMemoryBytes
	}
	cs, err := e.core.NewStore(core.StoreLimits{MemoryBytes: l.MemoryBytes, TableElements: l.TableElements})
	if err != nil {
		return nil, fmt.Errorf("host: %w", err)
	}
	s := &Store{
		engine: e,
		turn:   make(chan struct{}, 1),
		rt:     rt.NewStore(cs, rt.Limits{Handles: l.Handles, Instances: l.Instances, LiftBytes: l.LiftBytes, Threads: l.Threads, Operations: l.Operations}),
		state:  map[reflect.Type]any{},
	}
	s.rt.Owner = s
	s.life, s.stop = context.WithCancelCause(context.Background())
	return s, nil
}

// enter runs f while no other call runs in the store, with a context that
// ends with ctx and with the store. A host function may enter its own store
// again with the context of its Call.
func (s *Store) enter(ctx context.Context, f func(context.Context, *visit) error) error {
	if ctx.Value(storeKey{s}) != nil {
		return f(ctx, &visit{s: s, ctx: ctx, nested: true})
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-s.life.Done():
		return ErrClosed
	}
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, storeKey{s}, true))
	defer cancel(nil)
	v := &visit{s: s, ctx: ctx}
	defer v.leave()
	if s.life.Err() != nil {
		return ErrClosed
	}
	defer context.AfterFunc(s.life, func() { cancel(ErrClosed) })()
	return s.protect(func() error { return f(ctx, v) })
}

// protect ends the guest in whose favour anything panics: neither a mistake of
// this package nor one of a stream that the host has given it ends the process.
func (s *Store) protect(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &PanicError{"a call", p, debug.Stack()}
			s.rt.Kill(err)
		}
	}()
	return f()
}

// visit is a call's time in a store: it has the turn, but for when it waits.
type visit struct {
	s      *Store
	ctx    context.Context
	nested bool // in a call that has the turn
	gone   bool // the store was closed meanwhile: there is no turn to give back
}

func (v *visit) leave() {
	if !v.gone {
		<-v.s.turn
	}
}

// idle waits until there is something to do, and lets other calls have the
// turn.
func (v *visit) idle(wake <-chan struct{}) error {
	if !v.nested {
		<-v.s.turn
	}
	var err error
	select {
	case <-wake:
	case <-v.ctx.Done():
		err = context.Cause(v.ctx)
	}
	if !v.nested {
		select {
		case v.s.turn <- struct{}{}:
		case <-v.s.life.Done():
			v.gone = true
			return ErrClosed
		}
	}
	if err != nil {
		v.s.rt.Kill(err)
	}
	return err
}

// Drain runs the store until its guests have nothing left to do: what they
// began and did not wait for, such as writing a stream to its end.
func (s *Store) Drain(ctx context.Context) error {
	return s.enter(ctx, func(ctx context.Context, v *visit) error { return s.rt.Drain(ctx, v.idle) })
}

// storeKey is in the context of calls that come from inside the store.
type storeKey struct{ *Store }

// Close stops the guest where it stands, waits until the call in progress has
// returned, drops the resources that the guest still holds, closes the
// attached state and frees the store. No code of the guest runs any more: the
// destructors of resources that guests define do not. It is idempotent. The
// error joins those of drops and closers. A host function must not close its
// own store: it would wait for itself.
func (s *Store) Close() error {
	var err error
	s.closing.Do(func() {
		s.stop(ErrClosed)
		s.turn <- struct{}{}
		s.mu.Lock()
		attached := s.attached
		s.mu.Unlock()
		for _, v := range attached {
			if c, ok := v.(Closing); ok {
				c.Closing()
			}
		}
		err = s.rt.Close()
		for i := len(attached) - 1; i >= 0; i-- {
			if c, ok := attached[i].(io.Closer); ok {
				err = errors.Join(err, c.Close())
			}
		}
	})
	return err
}

// Err returns what ended the guest: its trap, or that the store was closed.
// It is nil while the guest can be called. It must not be called while a call
// is in progress.
func (s *Store) Err() error { return s.rt.Err() }
