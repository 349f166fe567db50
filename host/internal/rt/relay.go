package rt

import "sync"

// relay moves what a source of the host has to a sink. It needs neither guests
// nor the store: it goes on wherever one of the two says that it can, so that
// no bytes wait for a guest that computes, or for the store's goroutine to be
// woken.
type relay struct {
	s    *Store
	src  Source
	to   Sink
	done func(error) // runs in the store; nil when the store has ended

	mu      sync.Mutex
	idle    sync.Cond // on mu: running has become false
	running bool      // on some goroutine
	again   bool      // there was a call meanwhile
	closed  bool      // with the store: nothing more is moved
	over    bool      // both sides are dropped
	stop    func()    // takes the last notification back
	failed  error     // of the sink, in take
}

func (s *Store) newRelay(src Source, to Sink, done func(error)) *relay {
	r := &relay{s: s, src: src, to: to, done: done, stop: func() {}}
	r.idle.L = &r.mu
	s.relays[r] = struct{}{}
	s.outstanding++
	if o, ok := src.(Offerer); ok {
		o.Offer(r.take)
	}
	return r
}

// take moves bytes to the sink that the source would have kept else, so that
// they are not copied in between. What it cannot take waits for run.
func (r *relay) take(p []byte) (n int) {
	r.mu.Lock()
	if r.running || r.over || r.closed {
		r.mu.Unlock()
		return 0
	}
	r.running = true
	r.again = false
	r.mu.Unlock()
	room, err := r.to.Permit()
	if err == nil && room > 0 {
		n = min(room, len(p))
		err = r.to.Write(p[:n])
	}
	r.mu.Lock()
	r.failed = err
	r.running = false
	again := r.again || err != nil
	r.idle.Broadcast()
	r.mu.Unlock()
	if again {
		r.run()
	}
	return n
}

// run moves what can be moved. It may be called on any goroutine, also by what
// it calls itself.
func (r *relay) run() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running || r.over {
		r.again = true
		return
	}
	r.running = true
	for r.again = true; r.again && !r.over && !r.closed; {
		r.again = false
		r.mu.Unlock()
		wait, err := r.move()
		if wait != nil {
			stop := wait(r.run)
			r.mu.Lock()
			r.stop = stop
			continue
		}
		r.end(err)
		r.mu.Lock()
		r.over = true
	}
	r.running = false
	r.idle.Broadcast()
}

// move moves until one side has to be waited for, with the function that it
// returns, or until the end.
func (r *relay) move() (wait func(func()) func(), err error) {
	b := relayBuffers.Get().(*[relayBytes]byte)
	defer relayBuffers.Put(b)
	if r.failed != nil {
		return nil, r.failed
	}
	for {
		room, err := r.to.Permit()
		if err != nil {
			return nil, err
		}
		if room == 0 {
			return r.to.Notify, nil
		}
		n, end := r.src.Read(b[:min(room, len(b))])
		if n > 0 {
			if err := r.to.Write(b[:n]); err != nil {
				return nil, err
			}
		}
		if end != nil {
			return nil, nil
		}
		if n == 0 {
			return r.src.Notify, nil
		}
	}
}

// end lets go of both sides and tells the store.
func (r *relay) end(err error) {
	r.src.Drop()
	r.to.Drop()
	r.s.Post(func() error {
		if _, there := r.s.relays[r]; there {
			delete(r.s.relays, r)
			r.s.outstanding--
			r.done(err)
		}
		return nil
	})
}

// close ends the relay with its store, and returns when nothing of it runs.
func (r *relay) close() {
	r.mu.Lock()
	r.closed = true
	for r.running {
		r.idle.Wait()
	}
	over := r.over
	r.over = true
	r.mu.Unlock()
	r.stop()
	if !over {
		r.src.Drop()
		r.to.Drop()
	}
	r.done(errClosed)
}

// relayBytes is how much is moved at a time between two streams of the host.
const relayBytes = 64 << 10

var relayBuffers = sync.Pool{New: func() any { return new([relayBytes]byte) }}
