package netgrant

import (
	"net/netip"
	"slices"
	"sync"
)

// Guest is a policy as it applies to one guest: with what was resolved for it.
// It is safe for concurrent use.
type Guest struct {
	policy Policy

	mu       sync.Mutex
	resolved map[netip.Addr][]string
	order    []resolution
}

type resolution struct {
	addr netip.Addr
	name string
}

// Guest returns the policy for a new guest.
func (p Policy) Guest() *Guest {
	p.Connect, p.Listen = slices.Clone(p.Connect), slices.Clone(p.Listen)
	return &Guest{policy: p, resolved: map[netip.Addr][]string{}}
}

// canonical is the address as a number: an IPv4 address is the same however
// it is written, and so is an address in any zone.
func canonical(a netip.Addr) netip.Addr { return a.Unmap().WithZone("") }

// Connect tells whether the guest may connect or send to that address.
func (g *Guest) Connect(to netip.AddrPort) bool {
	if g.policy.All {
		return true
	}
	addr := canonical(to.Addr())
	g.mu.Lock()
	names := g.resolved[addr]
	g.mu.Unlock()
	for _, c := range g.policy.Connect {
		if !c.port(to.Port()) {
			continue
		}
		if c.Host == "" && c.Prefix.Contains(addr) || c.Host != "" && slices.Contains(names, c.Host) {
			return true
		}
	}
	return false
}

// Listen tells whether the guest may listen on that address, port 0 meaning
// one that the system chooses.
func (g *Guest) Listen(on netip.AddrPort) bool {
	if g.policy.All {
		return true
	}
	addr := canonical(on.Addr())
	for _, l := range g.policy.Listen {
		if !l.port(on.Port()) {
			continue
		}
		a := l.Prefix.Addr()
		if l.Prefix.Contains(addr) || a.IsUnspecified() && a.Is4() == addr.Is4() {
			return true
		}
	}
	return false
}

// Bind tells whether the guest may bind to that address. What it may listen on
// it may bind to; and any of the system's ports if it may connect anywhere,
// since that binds a socket to one as well.
func (g *Guest) Bind(on netip.AddrPort) bool {
	return g.Listen(on) || on.Port() == 0 && len(g.policy.Connect) > 0
}

// Any tells whether anything of the network is granted.
func (g *Guest) Any() bool {
	return g.policy.All || len(g.policy.Connect)+len(g.policy.Listen) > 0
}

// Resolve tells whether the guest may look up the name, which is canonical.
func (g *Guest) Resolve(name string) bool {
	return g.policy.All || slices.ContainsFunc(g.policy.Connect, func(c Grant) bool { return c.Host == name })
}

// ResolvedTo tells whether a canonical name was resolved to that address for
// the guest, among the last MaxNames answers.
func (g *Guest) ResolvedTo(name string, addr netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Contains(g.resolved[canonical(addr)], name)
}

// Resolved remembers what this host has resolved a name to for the guest. It
// has an effect only for names that the policy grants.
func (g *Guest) Resolved(name string, addrs []netip.Addr) {
	if !g.Resolve(name) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, a := range addrs {
		a = canonical(a)
		if slices.Contains(g.resolved[a], name) { // now it is the newest
			i := slices.Index(g.order, resolution{a, name})
			g.order = append(slices.Delete(g.order, i, i+1), resolution{a, name})
			continue
		}
		if len(g.order) == MaxNames {
			g.forget(g.order[0])
			g.order = slices.Delete(g.order, 0, 1)
		}
		g.resolved[a] = append(g.resolved[a], name)
		g.order = append(g.order, resolution{a, name})
	}
}

func (g *Guest) forget(r resolution) {
	names := slices.DeleteFunc(g.resolved[r.addr], func(n string) bool { return n == r.name })
	if len(names) == 0 {
		delete(g.resolved, r.addr)
		return
	}
	g.resolved[r.addr] = names
}
