package wasitls

import (
	"context"
	"net/netip"
	"runtime"
	"weak"
)

// GuestConfig says for whom a Guest connects. The zero value is of use.
type GuestConfig struct {
	// Name is for audit events.
	Name string
	// Resolved tells whether the guest was given the address when it looked
	// the name up. It is called by many goroutines. Nil means that it was not;
	// rules with RequireResolved then allow no names but addresses.
	Resolved func(name string, address netip.Addr) bool
}

// Guest is one guest's use of a Client: its connections, its sessions to
// resume and its limits, none of which it shares. It is safe for concurrent
// use.
type Guest struct {
	client *Client
	config GuestConfig
	usage  usage // guarded by the client's gate
}

// NewGuest returns a guest that uses the client.
func (c *Client) NewGuest(config GuestConfig) *Guest {
	g := &Guest{client: c, config: config}
	runtime.AddCleanup(g, c.forget, weak.Make(g))
	return g
}

// Client returns the client that the guest uses.
func (g *Guest) Client() *Client { return g.client }

// Start begins a handshake with the server called name on t, which belongs to
// the handshake from here on, and later to the connection. An invalid name, or
// one that the policy refuses, is a failed handshake; nothing is sent then,
// and t is closed.
func (g *Guest) Start(t Transport, name string) *Handshake {
	h := g.begin(t, name)
	if !h.ended {
		go h.run()
	}
	return h
}

// Handshake is Start and Wait on the caller's goroutine, which saves handing
// over what is there. When ctx ends first the handshake is cancelled, and the
// cause returned.
func (g *Guest) Handshake(ctx context.Context, t Transport, name string) (*Conn, error) {
	h := g.begin(t, name)
	if !h.ended {
		if ctx.Err() != nil {
			h.Cancel() // before the first byte
		}
		stop := context.AfterFunc(ctx, h.Cancel)
		h.run()
		if !stop() {
			h.Cancel() // AfterFunc may not have got to it yet
			return nil, context.Cause(ctx)
		}
	}
	return h.Result()
}
