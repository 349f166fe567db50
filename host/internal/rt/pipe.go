package rt

import (
	"sync"

	"github.com/wasitls/wasitls/host/internal/abi"
)

// Element is a value that can be lowered into a guest's memory.
type Element interface {
	Store(cx *abi.Context, ptr uint32) error
}

// Pipe moves all that comes out of a channel of bytes to a sink, which it
// drops at the end. done is called once: with nil when the channel has ended,
// or with the sink's error. A source that a guest has only passed on is taken
// from it: see relay.
func (s *Store) Pipe(ch any, to Sink, done func(error)) {
	if src, ok := TakeSource(ch); ok {
		r := s.newRelay(src, to, done)
		s.Post(func() error { r.run(); return nil })
		return
	}
	p := &pipe{s: s, ch: ch.(channel), to: to, done: done}
	s.pipes[p] = struct{}{}
	s.Post(p.step)
}

// pipe is a Pipe in progress from a guest, and the buffer that its bytes go to:
// that of the sink.
type pipe struct {
	s    *Store
	ch   channel
	to   Sink
	done func(error)
	room int
	stop func()
	err  error // of the sink, during a copy
}

func (p *pipe) remain() int { return p.room }
func (p *pipe) empty() bool { return false }

// move implements byteBuffer: it gives the guest's bytes to the sink.
func (p *pipe) move(b []byte) error {
	p.room -= len(b)
	if p.err == nil {
		p.err = p.to.Write(b)
	}
	return nil
}

// step begins the next copy if the sink has room.
func (p *pipe) step() error {
	if p.done == nil {
		return nil
	}
	n, err := p.to.Permit()
	switch {
	case err != nil:
		return p.finish(err)
	case n == 0:
		p.watch(p.to.Notify)
		return nil
	}
	p.room = n
	return p.ch.read(nil, p, func(reclaim func()) {
		reclaim()
		p.s.Post(p.step)
	}, func(r copyResult) {
		if r == copyDropped {
			p.s.Post(func() error { return p.finish(p.err) })
			return
		}
		p.s.Post(p.step)
	})
}

func (p *pipe) watch(notify func(func()) func()) {
	p.s.outstanding++
	var once sync.Once
	p.stop = notify(func() {
		once.Do(func() {
			p.s.Post(func() error {
				p.unwatch()
				return p.step()
			})
		})
	})
}

func (p *pipe) unwatch() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
		p.s.outstanding--
	}
}

// finish ends the pipe, once.
func (p *pipe) finish(err error) error {
	if p.done == nil {
		return nil
	}
	done := p.done
	p.done = nil
	p.unwatch()
	delete(p.s.pipes, p)
	if err := p.ch.drop(); err != nil {
		return err
	}
	p.to.Drop()
	done(err)
	return nil
}
