package sock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"

	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Lookup is a name lookup in progress, or its addresses.
type Lookup struct {
	cancel context.CancelFunc

	mu      sync.Mutex
	done    bool
	addrs   []netip.Addr
	err     error
	waiters stream.Waiters
}

// Resolve starts to look a name up. A numeric address is its own answer; a
// name must be granted.
func (n *Net) Resolve(name string) (*Lookup, error) {
	literal := name
	if inside, ok := strings.CutPrefix(name, "["); ok {
		literal = strings.TrimSuffix(inside, "]")
	}
	if a, err := netip.ParseAddr(literal); err == nil {
		return &Lookup{done: true, addrs: []netip.Addr{a.Unmap().WithZone("")}, cancel: func() {}}, nil
	}
	name, err := netgrant.CanonicalName(name)
	if err != nil {
		return nil, InvalidArgument
	}
	if !n.Grants.Resolve(name) {
		return nil, AccessDenied
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed || n.lookups >= MaxLookups {
		return nil, TemporaryResolverFailure
	}
	n.lookups++
	ctx, cancel := context.WithTimeout(n.life, LookupTimeout)
	l := &Lookup{cancel: cancel}
	n.work.Go(func() { n.look(ctx, l, name) })
	return l, nil
}

func (n *Net) look(ctx context.Context, l *Lookup, name string) {
	defer l.cancel()
	addrs, err := n.lookup(ctx, name)
	for i, a := range addrs {
		addrs[i] = a.Unmap().WithZone("")
	}
	n.Grants.Resolved(name, addrs)
	n.mu.Lock()
	n.lookups--
	n.mu.Unlock()
	l.mu.Lock()
	l.done, l.addrs, l.err = true, addrs, lookupError(err, len(addrs))
	l.mu.Unlock()
	l.waiters.Wake()
}

func lookupError(err error, found int) error {
	var dns *net.DNSError
	switch {
	case err == nil && found > 0:
		return nil
	case err == nil, errors.As(err, &dns) && dns.IsNotFound:
		return NameUnresolvable
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.As(err, &dns) && (dns.IsTemporary || dns.IsTimeout):
		return TemporaryResolverFailure
	}
	return PermanentResolverFailure
}

// Next returns the next address, false after the last, WouldBlock while the
// lookup is in progress.
func (l *Lookup) Next() (netip.Addr, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.done:
		return netip.Addr{}, false, WouldBlock
	case l.err != nil || len(l.addrs) == 0:
		return netip.Addr{}, false, l.err
	}
	a := l.addrs[0]
	l.addrs = l.addrs[1:]
	return a, true, nil
}

// Ready implements stream.Pollable.
func (l *Lookup) Ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done
}

// Notify implements stream.Pollable.
func (l *Lookup) Notify(f func()) (stop func()) {
	l.mu.Lock()
	if !l.done {
		defer l.mu.Unlock()
		return l.waiters.Add(f)
	}
	l.mu.Unlock()
	f()
	return func() {}
}

// Drop gives the lookup up.
func (l *Lookup) Drop() { l.cancel() }
