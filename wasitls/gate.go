package wasitls

import (
	"container/list"
	"fmt"
	"slices"
	"sync"
)

// gate keeps the guests of a Client within its limits.
type gate struct {
	mu       sync.Mutex
	limits   *Limits // of the current policy
	all      counts
	buffered int64    // what all connections may buffer, in bytes
	waiting  []*usage // guests with handshakes that wait for their turn
	turns    uint64   // handshakes that began
}

type counts struct {
	connections int // handshakes and connections that have not ended
	handshakes  int // in progress
}

// usage is what one guest uses.
type usage struct {
	counts
	turn  uint64    // gate.turns when the last handshake began
	queue list.List // of its *entry that wait, the longest first
}

// entry is one connection's place in its gate.
type entry struct {
	guest    *usage
	buffered int64
	turn     chan struct{} // closed when the handshake may begin; nil if it need not wait
	place    *list.Element // in the guest's queue, while it waits
}

// admit counts a connection that may buffer so many bytes, unless that is one
// too many.
func (g *gate) admit(guest *usage, buffered int64) (*entry, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, e := g.limits, &entry{guest: guest, buffered: buffered}
	switch {
	case guest.connections >= l.ConnectionsPerGuest:
		return nil, fmt.Errorf("the guest has %d connections, which is the limit", guest.connections)
	case g.all.connections >= l.Connections:
		return nil, fmt.Errorf("the host has %d connections, which is the limit", g.all.connections)
	case l.Buffered > 0 && g.buffered+e.buffered > l.Buffered:
		return nil, fmt.Errorf("the connections of the host may buffer %d bytes, which is the limit", g.buffered)
	}
	guest.connections++
	g.all.connections++
	g.buffered += e.buffered
	if g.room(guest) {
		g.enter(guest)
	} else {
		g.wait(e)
	}
	return e, nil
}

// room tells whether a handshake of the guest may begin.
func (g *gate) room(guest *usage) bool {
	return guest.handshakes < g.limits.HandshakesPerGuest && g.all.handshakes < g.limits.Handshakes
}

func (g *gate) enter(guest *usage) {
	g.turns++
	guest.turn = g.turns
	guest.handshakes++
	g.all.handshakes++
}

func (g *gate) wait(e *entry) {
	if e.guest.queue.Len() == 0 {
		g.waiting = append(g.waiting, e.guest)
	}
	e.turn, e.place = make(chan struct{}), e.guest.queue.PushBack(e)
}

// unwait takes an entry that waits out of its queue.
func (g *gate) unwait(e *entry) {
	e.guest.queue.Remove(e.place)
	e.place = nil
	if e.guest.queue.Len() == 0 {
		i := slices.Index(g.waiting, e.guest)
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
}

// proceed lets those begin for which there is room: guests by turns, however
// many handshakes one of them has waiting, and each guest's in their order.
func (g *gate) proceed() {
	for {
		var next *usage
		for _, guest := range g.waiting {
			if g.room(guest) && (next == nil || guest.turn < next.turn) {
				next = guest
			}
		}
		if next == nil {
			return
		}
		e := next.queue.Front().Value.(*entry)
		g.unwait(e)
		g.enter(next)
		close(e.turn)
	}
}

// change replaces the limits, together with what replace replaces. What is in
// use counts for the new ones as it is.
func (g *gate) change(l *Limits, replace func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.limits = l
	replace()
	g.proceed()
}

// await waits for the handshake's turn; it is false if stop is closed first.
func (g *gate) await(e *entry, stop <-chan struct{}) bool {
	if e.turn == nil {
		return true
	}
	select {
	case <-e.turn:
		return true
	case <-stop:
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if e.place == nil {
		return true // it was its turn just now
	}
	g.unwait(e)
	return false
}

// handshakeEnded lets those begin whose turn it is now.
func (g *gate) handshakeEnded(e *entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e.guest.handshakes--
	g.all.handshakes--
	g.proceed()
}

// leave counts a connection less.
func (g *gate) leave(e *entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e.guest.connections--
	g.all.connections--
	g.buffered -= e.buffered
}
