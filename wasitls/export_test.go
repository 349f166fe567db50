package wasitls

// Usage is what the gate of a client counts for all of its guests.
func (c *Client) Usage() (connections, handshakes, waiting int, buffered int64) {
	g := &c.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, guest := range g.waiting {
		waiting += guest.queue.Len()
	}
	return g.all.connections, g.all.handshakes, waiting, g.buffered
}

// Usage is what the gate counts for one guest.
func (g *Guest) Usage() (connections, handshakes int) {
	gate := &g.client.gate
	gate.mu.Lock()
	defer gate.mu.Unlock()
	return g.usage.connections, g.usage.handshakes
}

// Sessions returns for how many guests the current policy keeps sessions.
func (c *Client) Sessions() (guests int) {
	for _, r := range c.rules.Load().resuming {
		r.sessions.mu.Lock()
		guests += len(r.sessions.byGuest)
		r.sessions.mu.Unlock()
	}
	return guests
}
