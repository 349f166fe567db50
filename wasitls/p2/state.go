package p2

import (
	"errors"
	"sync"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/wasitls"
)

var errNotAttached = errors.New("wasi:tls: the store has no guest: see Attach")

// Attach gives the store the guest that its connections belong to. It makes
// the store's Close wait for those: until what the guest had written, and
// close_notify if it asked for that, is with the transport, or
// wasitls.Limits.CloseTimeout has passed. Attach it after WASI, whose sockets
// the connections use. In a store without it handshakes trap.
func Attach(s *host.Store, g *wasitls.Guest) {
	host.Attach(s, &open{guest: g, live: map[ending]struct{}{}})
}

// open is what one guest has open.
type open struct {
	guest *wasitls.Guest

	mu    sync.Mutex
	live  map[ending]struct{} // handshakes and connections that had not ended when last looked at
	sweep int                 // how many there may be before those that have ended are forgotten
}

// ending is a handshake or connection; Done is closed when nothing of it runs.
type ending interface{ Done() <-chan struct{} }

// minSweep is the smallest open.sweep.
const minSweep = 64

// track remembers what Close is to wait for.
func (o *open) track(e ending) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.live[e] = struct{}{}
	if len(o.live) > o.sweep {
		o.forgetEnded()
		o.sweep = max(minSweep, 2*len(o.live))
	}
}

func (o *open) forgetEnded() {
	for e := range o.live {
		select {
		case <-e.Done():
			delete(o.live, e)
		default:
		}
	}
}

// Close implements io.Closer. The guest's handles are dropped by now, so
// everything ends by itself within its deadline.
func (o *open) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for e := range o.live {
		<-e.Done()
	}
	return nil
}
