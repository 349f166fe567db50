package rt

import "sync"

// inbox holds what other goroutines want done in a store: functions that run
// between two guests, on whatever goroutine runs the store.
type inbox struct {
	mu      sync.Mutex
	posted  []func() error
	waiters []chan struct{} // of calls that wait for something to do
}

// Post runs f while the store runs guests and is between two of them. It may
// be called from any goroutine. An error of f is the end of the store.
func (s *Store) Post(f func() error) {
	b := &s.inbox
	b.mu.Lock()
	b.posted = append(b.posted, f)
	b.wake()
	b.mu.Unlock()
}

// wake wakes every call that waits; b.mu is held.
func (b *inbox) wake() {
	for _, w := range b.waiters {
		close(w)
	}
	b.waiters = nil
}

// take returns what was posted.
func (b *inbox) take() []func() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	posted := b.posted
	b.posted = nil
	return posted
}

// await returns a channel that is closed when there is something to do, and
// nil if there is already.
func (b *inbox) await() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.posted) > 0 {
		return nil
	}
	w := make(chan struct{})
	b.waiters = append(b.waiters, w)
	return w
}

// work does what was posted and runs the threads that are ready, until
// neither is left or until is true.
func (s *Store) work(until func() bool) error {
	for !until() {
		for _, f := range s.inbox.take() {
			if err := f(); err != nil {
				return s.die(asTrap(err))
			}
		}
		if until() {
			break
		}
		ran, err := s.tick()
		if err != nil {
			return err
		}
		if !ran && s.inbox.idle() {
			return nil
		}
		if err := s.stopped(); err != nil {
			return err
		}
	}
	// Another call may be waiting for what was done here.
	s.inbox.mu.Lock()
	s.inbox.wake()
	s.inbox.mu.Unlock()
	return nil
}

func (b *inbox) idle() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.posted) == 0
}
