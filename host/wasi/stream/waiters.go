package stream

import "sync"

// Waiters are the callbacks of one Pollable. The zero value is ready for use.
// Adding and removing one takes constant time, so that a guest may wait for a
// stream through very many pollables.
//
// The owner adds under the lock that guards its condition and calls Wake after
// it has changed the condition and released that lock.
type Waiters struct {
	mu    sync.Mutex
	first *waiter
}

type waiter struct {
	f          func()
	prev, next *waiter
	gone       bool
}

// Add registers f and returns a function that takes it back.
func (w *Waiters) Add(f func()) (stop func()) {
	x := &waiter{f: f}
	w.mu.Lock()
	defer w.mu.Unlock()
	if x.next = w.first; x.next != nil {
		x.next.prev = x
	}
	w.first = x
	return func() { w.remove(x) }
}

func (w *Waiters) remove(x *waiter) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if x.gone {
		return
	}
	x.gone = true
	if x.next != nil {
		x.next.prev = x.prev
	}
	if x.prev != nil {
		x.prev.next = x.next
	} else {
		w.first = x.next
	}
}

// Wake calls every callback and forgets it.
func (w *Waiters) Wake() {
	w.mu.Lock()
	first := w.first
	w.first = nil
	for x := first; x != nil; x = x.next {
		x.gone = true
	}
	w.mu.Unlock()
	for x := first; x != nil; x = x.next {
		x.f()
	}
}

// Empty tells whether nobody waits.
func (w *Waiters) Empty() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.first == nil
}
