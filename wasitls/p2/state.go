package p2

import (
	"errors"
	"sync"

	"github.com/wasitls/wasitls/host"
)

// MaxLive bounds what one guest has open at a time: futures it holds, and
// handshakes and connections that have not ended. Beyond it a handshake traps:
// each takes processor time and memory of the host, also after the guest has
// dropped it. It is twice as much as a guest may have sockets.
const MaxLive = 2048

var errTooMany = errors.New("wasi:tls: guest has too many handshakes and connections")

// Attach makes the store's Close wait for its TLS connections: until what the
// guest had written, and close_notify if it asked for that, is with the
// transport, or wasitls.Config.CloseTimeout has passed. Attach it after WASI,
// whose sockets the connections use. A store without it has no limit of
// connections.
func Attach(s *host.Store) { host.Attach(s, &open{live: map[ending]struct{}{}}) }

// open is what one guest has open.
type open struct {
	mu      sync.Mutex
	futures int                 // that the guest holds
	live    map[ending]struct{} // handshakes and connections that had not ended when last looked at
	sweep   int                 // how many there may be before those that have ended are forgotten
}

// ending is a handshake or connection; Done is closed when nothing of it runs.
type ending interface{ Done() <-chan struct{} }

// minSweep is the smallest open.sweep.
const minSweep = 64

// begin counts a new future, unless there are too many.
func begin(s *host.Store) error {
	o := host.State[open](s)
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.futures+len(o.live) >= MaxLive {
		o.forgetEnded()
	}
	if o.futures+len(o.live) >= MaxLive {
		return errTooMany
	}
	o.futures++
	return nil
}

// dropped counts a future less.
func dropped(s *host.Store) {
	if o := host.State[open](s); o != nil {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.futures--
	}
}

func track(s *host.Store, e ending) {
	o := host.State[open](s)
	if o == nil {
		return
	}
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
