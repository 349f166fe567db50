package rt

import (
	"github.com/wasitls/wasitls/host/internal/types"
)

// Source is a source of bytes that never blocks: Read returns (0, nil) when
// there are none yet, and an error at the end.
type Source interface {
	Read(p []byte) (int, error)
	// Ready tells whether Read would return anything but (0, nil).
	Ready() bool
	// Notify calls f once when Ready may be true, at once if it is. It returns
	// a function that takes f back. f may run on any goroutine.
	Notify(f func()) (stop func())
	// Drop gives the source up.
	Drop()
}

// Offerer is a Source that can do without keeping what it is to give.
type Offerer interface {
	// Offer has the source call take with what comes to it while it holds
	// nothing, on any goroutine. take returns how many bytes it has taken.
	Offer(take func(p []byte) int)
}

// Sink takes bytes and never blocks.
type Sink interface {
	// Permit returns how many bytes Write takes now, 0 for none yet.
	Permit() (int, error)
	// Write takes all of p, or fails.
	Write(p []byte) error
	// Flush asks that what was written be delivered.
	Flush() error
	// Notify is as that of Source, for Permit.
	Notify(f func()) (stop func())
	// Drop ends the sink; what was written is still delivered.
	Drop()
}

// pull is a channel whose writer is the host. take moves elements into a
// guest's buffer, none if there are none yet, and tells whether that was the
// end; its error is the guest's fault, such as an address that its realloc gave.
type pull struct {
	s       *Store
	take    func(b *guestBuffer) (n int, ended bool, err error)
	ready   func() bool
	notify  func(func()) func()
	gone    func()
	ended   bool
	dropped bool
	pending *pendingCopy
	stop    func()
	epoch   int // of pending: a late notification is for nobody
}

func (p *pull) read(in *Instance, dst buffer, copied func(func()), done func(copyResult)) error {
	p.pending = &pendingCopy{in, dst, copied, done}
	return p.try()
}

func (p *pull) write(*Instance, buffer, func(func()), func(copyResult)) error {
	return trapf("write to a stream of the host")
}

// try serves the pending read, or asks to be told when it can be served.
func (p *pull) try() error {
	if p.ended {
		p.settle(copyDropped)
		return nil
	}
	b := p.pending.buf
	switch {
	case b.empty() && p.ready():
		p.settle(copyCompleted)
		return nil
	case !b.empty():
		g, ok := b.(*guestBuffer)
		if !ok {
			return trapf("copy between two streams of the host")
		}
		n, ended, err := p.take(g)
		if err != nil {
			return err
		}
		p.ended = ended
		if n > 0 {
			p.settle(copyCompleted)
			return nil
		}
		if ended {
			p.settle(copyDropped)
			return nil
		}
	}
	p.epoch++
	epoch := p.epoch
	p.s.outstanding++
	p.stop = p.notify(func() {
		p.s.Post(func() error {
			if p.pending == nil || p.epoch != epoch {
				return nil
			}
			p.unwatch()
			return p.try()
		})
	})
	return nil
}

func (p *pull) unwatch() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
		p.s.outstanding--
	}
}

func (p *pull) settle(r copyResult) {
	done := p.pending.done
	p.pending = nil
	done(r)
}

func (p *pull) cancel(buf buffer) {
	if p.pending != nil && p.pending.buf == buf {
		p.unwatch()
		p.settle(copyCancelled)
	}
}

func (p *pull) drop() error {
	if p.dropped {
		return nil
	}
	p.dropped, p.ended = true, true
	p.unwatch()
	p.gone()
	delete(p.s.pulls, p)
	if p.pending != nil {
		p.settle(copyDropped)
	}
	return nil
}

func (s *Store) addPull(p *pull) *pull {
	p.s = s
	s.pulls[p] = struct{}{}
	return p
}

// NewBytes returns a channel of type stream<u8> that gives what src has.
func (s *Store) NewBytes(src Source) any {
	p := &pull{ready: src.Ready, notify: src.Notify, gone: src.Drop}
	p.take = func(b *guestBuffer) (int, bool, error) {
		n, err := src.Read(b.bytes())
		b.advance(n)
		return n, err != nil, nil
	}
	return &bytesChannel{s.addPull(p), src}
}

// bytesChannel is a stream of bytes from the host.
type bytesChannel struct {
	*pull
	src Source
}

// TakeSource takes the source out of a channel that the host has made.
func TakeSource(ch any) (Source, bool) {
	c, ok := ch.(*bytesChannel)
	if !ok || c.pending != nil || c.dropped {
		return nil, false
	}
	c.dropped, c.ended = true, true
	delete(c.s.pulls, c.pull)
	return c.src, true
}

// NewValues returns a channel whose values next lowers: into memory at ptr, of
// the scope whose context it gets. It reports whether there was one.
func (s *Store) NewValues(t *types.Type, next func(store func(v Element) error) (bool, error), notify func(func()) func(), drop func()) any {
	p := &pull{notify: notify, gone: drop, ready: always}
	p.take = func(b *guestBuffer) (n int, ended bool, err error) {
		b.scope.begin()
		store := func(v Element) error {
			if t != nil {
				err = v.Store(&b.scope.cx, b.ptr)
			}
			return err
		}
		for b.remain() > 0 {
			ok, end := next(store)
			if !ok || end != nil {
				return n, end != nil, err
			}
			b.advance(1)
			n++
		}
		return n, false, nil
	}
	return s.addPull(p)
}

// Cell is where the value of a future comes from: Get returns it once it is
// there.
type Cell interface {
	Get() (Element, bool)
	Notify(f func()) (stop func())
}

// NewFuture returns a channel of type future<T> for the value of a cell.
func (s *Store) NewFuture(t *types.Type, cell Cell) any {
	p := &pull{notify: cell.Notify, gone: func() {}, ready: func() bool { _, ok := cell.Get(); return ok }}
	p.take = func(b *guestBuffer) (int, bool, error) {
		v, ok := cell.Get()
		if !ok {
			return 0, false, nil
		}
		if t != nil {
			b.scope.begin()
			if err := v.Store(&b.scope.cx, b.ptr); err != nil {
				return 0, false, err
			}
		}
		b.advance(1)
		return 1, false, nil
	}
	return s.addPull(p)
}

// DropChannel gives up a channel that a guest has passed.
func (s *Store) DropChannel(ch any) error { return ch.(channel).drop() }
