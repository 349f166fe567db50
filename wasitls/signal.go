package wasitls

import "slices"

// waiters are the callbacks of one half or handshake. They cost no goroutine,
// and are called once and without locks held. The owner's mutex guards them.
type waiters struct {
	list []*waiter
}

type waiter struct{ call func() }

// add registers call and returns its handle.
func (w *waiters) add(call func()) *waiter {
	x := &waiter{call}
	w.list = append(w.list, x)
	return x
}

func (w *waiters) remove(x *waiter) {
	if i := slices.Index(w.list, x); i >= 0 {
		w.list = slices.Delete(w.list, i, i+1)
	}
}

// take returns all callbacks and forgets them; the owner calls wake on what it
// got after it released its mutex.
func (w *waiters) take() []*waiter {
	list := w.list
	w.list = nil
	return list
}

func wake(list []*waiter) {
	for _, x := range list {
		x.call()
	}
}
