package wasitls

import (
	"fmt"
	"slices"
	"sync"
)

// gate keeps the guests of a Client within its limits.
type gate struct {
	mu     sync.Mutex
	limits *Limits // of the current policy
	all    usage
	queue  []*entry // handshakes that wait for their turn, the longest first
	turns  uint64   // handshakes that began
}

// usage is what one guest uses, or all do.
type usage struct {
	connections int // handshakes and connections that have not ended
	handshakes  int // in progress
	buffered    int64
	turn        uint64 // gate.turns when the last handshake began
}

// entry is one connection's place in its gate.
type entry struct {
	guest    *usage
	buffered int64
	turn     chan struct{} // closed when the handshake may begin; nil if it need not wait
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
	case l.Buffered > 0 && g.all.buffered+e.buffered > l.Buffered:
		return nil, fmt.Errorf("the connections of the host may buffer %d bytes, which is the limit", g.all.buffered)
	}
	guest.connections++
	g.all.connections++
	g.all.buffered += e.buffered
	if g.room(e) {
		g.enter(e)
	} else {
		e.turn = make(chan struct{})
		g.queue = append(g.queue, e)
	}
	return e, nil
}

// room tells whether a handshake may begin.
func (g *gate) room(e *entry) bool {
	return e.guest.handshakes < g.limits.HandshakesPerGuest && g.all.handshakes < g.limits.Handshakes
}

func (g *gate) enter(e *entry) {
	g.turns++
	e.guest.turn = g.turns
	e.guest.handshakes++
	g.all.handshakes++
}

// proceed lets those begin for which there is room: guests by turns, however
// many handshakes one of them has waiting, and each guest's in their order.
func (g *gate) proceed() {
	for g.all.handshakes < g.limits.Handshakes { // else the queue is not looked at: it may be long
		next := -1
		for i, e := range g.queue {
			if g.room(e) && (next < 0 || e.guest.turn < g.queue[next].guest.turn) {
				next = i
			}
		}
		if next < 0 {
			return
		}
		e := g.queue[next]
		g.queue = slices.Delete(g.queue, next, next+1)
		g.enter(e)
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
	if i := slices.Index(g.queue, e); i >= 0 {
		g.queue = slices.Delete(g.queue, i, i+1)
		return false
	}
	return true // it was its turn just now
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
	g.all.buffered -= e.buffered
}
