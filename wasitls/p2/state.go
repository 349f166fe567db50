package p2

import (
	"sync"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/wasitls"
)

// Attach makes the store's Close wait for its TLS connections: until what the
// guest had written, and close_notify if it asked for that, is with the
// transport, or wasitls.Config.CloseTimeout has passed. Attach it after WASI,
// whose sockets the connections use.
func Attach(s *host.Store) { host.Attach(s, &open{conns: map[*wasitls.Conn]struct{}{}}) }

// open are the connections of one guest that were not released yet.
type open struct {
	mu    sync.Mutex
	conns map[*wasitls.Conn]struct{}
	sweep int // how many there may be before those that are gone are forgotten
}

// minSweep is the smallest open.sweep.
const minSweep = 64

func track(s *host.Store, c *wasitls.Conn) {
	o := host.State[open](s)
	if o == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conns[c] = struct{}{}
	if len(o.conns) <= o.sweep {
		return
	}
	for c := range o.conns {
		select {
		case <-c.Done():
			delete(o.conns, c)
		default:
		}
	}
	o.sweep = max(minSweep, 2*len(o.conns))
}

// Close implements io.Closer. The guest's handles are dropped by now, so every
// connection ends by itself within its deadline.
func (o *open) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for c := range o.conns {
		<-c.Done()
	}
	return nil
}
