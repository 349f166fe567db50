// Package rt runs validated components: instances and their handle tables,
// calls between host and guests and between guests, resources, and the
// canonical built-ins (CanonicalABI.md of the component-model specification).
//
// It knows core WebAssembly only through package core, so that everything
// here can be tested with scripted guests. One goroutine at a time runs a
// store; guests that wait are parked fibers.
package rt

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/wasitls/wasitls/host/internal/core"
)

// Store holds the instances of one guest program and runs them. It is not
// safe for concurrent use: the caller serialises.
type Store struct {
	// Owner is for the embedder's use: what host functions belong to.
	Owner any

	core      core.Store
	limits    Limits
	ctx       context.Context
	life      context.Context // of what runs beside the calls in progress
	end       context.CancelFunc
	builtins  []trampoline // host functions of core guests, by id
	instances int
	current   *thread // that runs, nil outside of guests' code
	shown     shownSlots
	waiting   []*thread // in the order in which they began to wait
	handles   int       // in the tables of all instances
	threads   int       // likewise
	steps     int       // of instantiation taken so far
	depth     int       // of calls into guests, each inside the one before
	inbox     inbox
	// What the host does for guests beside the calls in progress: how many
	// notifications and async functions are awaited, and the streams in use.
	outstanding int
	pulls       map[*pull]struct{}
	pipes       map[*pipe]struct{}
	relays      map[*relay]struct{}
	operations  map[*operation]struct{}
	working     sync.WaitGroup // of operations whose function is not done

	dead   error
	result [1]uint64 // of the host call being answered
	values slab
}

// trampoline is what runs when a guest calls a lowered function or a
// canonical built-in.
type trampoline struct {
	call    func(args []uint64) (uint64, error)
	results int // 0 or 1
}

// NewStore makes a store on an engine's store, which it owns from then on.
func NewStore(cs core.Store, limits Limits) *Store {
	life, end := context.WithCancel(context.Background())
	return &Store{life: life, end: end, core: cs, limits: limits.withDefaults(), ctx: context.Background(),
		pulls: map[*pull]struct{}{}, pipes: map[*pipe]struct{}{}, relays: map[*relay]struct{}{}, operations: map[*operation]struct{}{}}
}

// Context is the context of the call in progress.
func (s *Store) Context() context.Context { return s.ctx }

// Close kills what runs, drops the host's values that guests still hold, last
// made first, and frees the store. It returns the errors of those drops.
func (s *Store) Close() error {
	if s.core == nil {
		return nil
	}
	s.core.Close()
	s.core = nil
	s.dead = errClosed
	s.end()
	s.endHostWork()
	return s.values.dropAll(s)
}

// endHostWork gives up what the host does for the store's guests.
func (s *Store) endHostWork() {
	for o := range s.operations {
		o.cancel()
	}
	s.working.Wait()
	for o := range s.operations { // the store gets the resources in their results
		if o.lowering != nil {
			_, _ = o.lowering(&o.scope.cx, o.maxResults, o.flat)
		}
	}
	for p := range s.pipes {
		p.finish(errClosed)
	}
	for r := range s.relays {
		r.close()
	}
	for p := range s.pulls {
		p.unwatch()
		p.gone()
	}
	s.pulls = nil
}

var errClosed = errors.New("store is closed")

// Err returns why nothing runs in this store any more: its trap, or that it
// is closed. It is nil while the store is alive.
func (s *Store) Err() error { return s.dead }

// die ends the store: a trap leaves its instances in an unknown state.
func (s *Store) die(err error) error {
	if s.dead == nil {
		s.dead = err
	}
	return err
}

func (s *Store) alive() error {
	if s.dead == nil {
		return nil
	}
	return &Trap{msg: "cannot enter component instance", err: s.dead}
}

// hostFunc makes a core function of a trampoline.
func (s *Store) hostFunc(t core.FuncType, call func([]uint64) (uint64, error)) (core.Extern, error) {
	x, err := s.core.HostFunc(t, uint32(len(s.builtins)))
	if err != nil {
		return nil, err
	}
	s.builtins = append(s.builtins, trampoline{call, len(t.Results)})
	return x, nil
}

// run drives a fiber to its end on the calling goroutine and answers its host
// calls, none of which may block. Whatever error it returns is the end of the
// store.
func (s *Store) run(f core.Fiber) error {
	blocked, err := s.runFiber(f)
	if blocked {
		return s.die(errBlock)
	}
	return err
}

// runFiber runs a fiber until it has ended or its thread has blocked in a
// host call. Whatever error it returns is the end of the store.
func (s *Store) runFiber(f core.Fiber) (blocked bool, err error) {
	if s.depth >= maxDepth {
		return false, s.die(trapf("calls are nested deeper than the limit of %d", maxDepth))
	}
	s.depth++
	defer func() { s.depth-- }()
	for {
		if s.shown.instance != nil {
			s.showSlots()
		}
		switch f.Resume() {
		case core.EventDone:
			return false, nil
		case core.EventTrap:
			return false, s.die(&Trap{err: f.Err()})
		case core.EventPreempted:
			if err := s.stopped(); err != nil {
				return false, err
			}
		case core.EventHostCall:
			v, err := s.builtins[f.ID()].call(f.Args())
			if err == nil {
				err = s.dead // of a call that the host function made
			}
			if err == errBlocked {
				return true, nil
			}
			if err != nil {
				return false, s.die(asTrap(err))
			}
			// A guest that calls often enough is never preempted.
			if err := s.stopped(); err != nil {
				return false, err
			}
			s.reply(f, v)
		default:
			return false, s.die(fmt.Errorf("rt: unknown event"))
		}
	}
}

// stopped ends the store if the context of its call has ended.
func (s *Store) stopped() error {
	if s.ctx.Err() == nil {
		return nil
	}
	return s.die(&Trap{msg: "guest stopped", err: context.Cause(s.ctx)})
}

// onFreshThread makes a thread outside of any task the current one, until the
// function it returns is called.
func (s *Store) onFreshThread() (leave func()) {
	outer := s.current
	s.current = &thread{task: &task{}}
	return func() { s.current = outer }
}

// callCore calls a core function and returns its result, 0 if it has none. A
// helper that returns soon each time is never preempted, however often it is
// called: so the context is looked at here.
func (s *Store) callCore(f core.Extern, args ...uint64) (uint64, error) {
	if s.dead != nil {
		return 0, s.dead
	}
	if err := s.stopped(); err != nil {
		return 0, err
	}
	fiber, err := s.core.Call(f, args)
	if err != nil {
		return 0, s.die(asTrap(err))
	}
	defer fiber.Close()
	if err := s.run(fiber); err != nil {
		return 0, err
	}
	if r := fiber.Results(); len(r) > 0 {
		return r[0], nil
	}
	return 0, nil
}

// begin is within, unless ctx has ended before f.
func (s *Store) begin(ctx context.Context, f func() error) error {
	if ctx.Err() != nil && s.dead == nil {
		return &Trap{msg: "guest not started", err: context.Cause(ctx)}
	}
	return s.within(ctx, f)
}

// within runs f with ctx as the store's context.
func (s *Store) within(ctx context.Context, f func() error) error {
	if err := s.alive(); err != nil {
		return err
	}
	outer := s.ctx
	s.ctx = ctx
	defer func() { s.ctx = outer }()
	return f()
}
