package sock

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/wasitls/wasitls/host/wasi/netgrant"
)

// Net is the network as one guest sees it. Close ends all of it.
type Net struct {
	// Grants say what the guest may do.
	Grants *netgrant.Guest

	lookup func(ctx context.Context, name string) ([]netip.Addr, error)
	life   context.Context
	end    context.CancelFunc
	work   sync.WaitGroup // lookups

	mu      sync.Mutex
	sockets map[*fd]struct{}
	drains  int // sockets that are still writing
	idle    *sync.Cond
	lookups int
	closed  bool
}

// New returns a guest's network. lookup resolves names; nil means the
// system's resolver.
func New(p netgrant.Policy, lookup func(context.Context, string) ([]netip.Addr, error)) *Net {
	if lookup == nil {
		lookup = resolve
	}
	n := &Net{Grants: p.Guest(), lookup: lookup, sockets: map[*fd]struct{}{}}
	n.idle = sync.NewCond(&n.mu)
	n.life, n.end = context.WithCancel(context.Background())
	return n
}

// The pure Go resolver can be cancelled.
var resolver = net.Resolver{PreferGo: true}

func resolve(ctx context.Context, name string) ([]netip.Addr, error) {
	return resolver.LookupNetIP(ctx, "ip", name)
}

func (n *Net) add(f *fd) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || len(n.sockets) >= MaxSockets {
		return false
	}
	n.sockets[f] = struct{}{}
	return true
}

func (n *Net) remove(f *fd) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.sockets, f)
}

// full tells whether another socket would be one too many.
func (n *Net) full() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.closed || len(n.sockets) >= MaxSockets
}

// draining counts sockets that write what their guest has left.
func (n *Net) draining(by int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.drains += by
	if n.drains == 0 {
		n.idle.Broadcast()
	}
}

// Close ends lookups, gives what sockets are still writing CloseGrace to go
// out, and closes every socket.
func (n *Net) Close() error {
	n.end()
	n.mu.Lock()
	n.closed = true
	late := false
	timer := time.AfterFunc(CloseGrace, func() {
		n.mu.Lock()
		late = true
		n.mu.Unlock()
		n.idle.Broadcast()
	})
	for n.drains > 0 && !late {
		n.idle.Wait()
	}
	timer.Stop()
	left := make([]*fd, 0, len(n.sockets))
	for f := range n.sockets {
		left = append(left, f)
	}
	n.mu.Unlock()
	for _, f := range left {
		f.close()
	}
	n.work.Wait()
	return nil
}
