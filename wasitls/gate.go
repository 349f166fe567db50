package wasitls

import (
	"fmt"
	"slices"
	"sync"
)

// gate keeps the guests of a Client within its limits.
type gate struct {
	mu    sync.Mutex
	all   usage
	queue []*entry // handshakes that wait for their turn, the longest first
}

// usage is what one guest uses, or all do.
type usage struct {
	connections int // handshakes and connections that have not ended
	handshakes  int // in progress
	buffered    int64
}

// entry is one connection's place in its gate.
type entry struct {
	guest    *usage
	limits   *Limits
	buffered int64
	turn     chan struct{} // closed when the handshake may begin; nil if it need not wait
}

// admit counts a connection, unless that is one too many.
func (g *gate) admit(guest *usage, l *Limits) (*entry, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := &entry{guest: guest, limits: l, buffered: l.reserve()}
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
	if !g.enter(e) {
		e.turn = make(chan struct{})
		g.queue = append(g.queue, e)
	}
	return e, nil
}

// enter begins a handshake if there is room for one more.
func (g *gate) enter(e *entry) bool {
	if e.guest.handshakes >= e.limits.HandshakesPerGuest || g.all.handshakes >= e.limits.Handshakes {
		return false
	}
	e.guest.handshakes++
	g.all.handshakes++
	return true
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
	g.queue = slices.DeleteFunc(g.queue, func(next *entry) bool {
		if !g.enter(next) {
			return false
		}
		close(next.turn)
		return true
	})
}

// leave counts a connection less.
func (g *gate) leave(e *entry) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e.guest.connections--
	g.all.connections--
	g.all.buffered -= e.buffered
}
