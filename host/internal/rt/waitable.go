package rt

// eventCode tells what an event is about (CanonicalABI.md, "Waitable State").
type eventCode uint32

const (
	eventNone eventCode = iota
	eventSubtask
	eventStreamRead
	eventStreamWrite
	eventFutureRead
	eventFutureWrite
	eventTaskCancelled
)

// event is what a guest learns when it waits.
type event struct {
	code   eventCode
	p1, p2 uint32
}

// waitable is what can have an event: a subtask, or an end of a stream or
// future. Its event is made when it is delivered, not when it happens: what
// happens meanwhile changes it.
type waitable struct {
	happened func() event
	set      *waitableSet
	syncWait bool // a thread waits for it in a synchronous call
}

// asWaitable is implemented by all that embed a waitable.
type asWaitable interface{ waits() *waitable }

func (w *waitable) waits() *waitable { return w }

// take delivers the pending event.
func (w *waitable) take() event {
	happened := w.happened
	w.happened = nil
	return happened()
}

// join moves the waitable to a set, nil for none.
func (w *waitable) join(set *waitableSet) {
	if w.set != nil {
		for i, x := range w.set.elems {
			if x == w {
				w.set.elems = append(w.set.elems[:i], w.set.elems[i+1:]...)
				break
			}
		}
	}
	w.set = set
	if set != nil {
		set.elems = append(set.elems, w)
	}
}

// waitableSet is what a guest waits with.
type waitableSet struct {
	elems   []*waitable
	waiting int
}

// pending returns the first waitable that has an event, nil if there is none.
func (s *waitableSet) pending() *waitable {
	for _, w := range s.elems {
		if w.happened != nil {
			return w
		}
	}
	return nil
}

func (s *waitableSet) drop() error {
	if s.waiting > 0 {
		return trapf("cannot drop waitable set with waiters")
	}
	if len(s.elems) > 0 {
		return trapf("cannot drop waitable set with waitables in it")
	}
	return nil
}

// awaitEvent gives the event of a waitable as the result of a host call: at
// once, or blocked for an async call, or when it has happened.
func (in *Instance) awaitEvent(w *waitable, async bool) (uint64, error) {
	give := func(bool) (uint64, error) {
		w.syncWait = false
		return uint64(w.take().p2), nil
	}
	switch {
	case w.happened != nil:
		return give(false)
	case async:
		return blocked, nil
	}
	w.syncWait = true
	return in.store.current.block(in.store, func() bool { return w.happened != nil }, false, give)
}

// blocked is the result of an async call that is not done (BLOCKED).
const blocked = 0xffff_ffff
