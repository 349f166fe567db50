package wasitls

import "time"

// Look is Ready after a look at what has arrived at the transport, if that is a
// NowReader. It is for guests that ask a connection that was idle, once and
// without waiting, whether the peer has ended it meanwhile.
func (in *Input) Look() bool {
	in.mu.Lock()
	_, now := in.conn.wire.t.(NowReader)
	looking := now && in.claim()
	in.mu.Unlock()
	if looking {
		in.look()
	}
	return in.Ready()
}

// look receives what has arrived. That takes no time, unless crypto/tls has to
// answer a key update and the peer does not read: then nobody waits for it.
func (in *Input) look() {
	looked := make(chan struct{})
	go func() {
		defer in.conn.workerEnded(1)
		in.received(in.glance(), false)
		close(looked)
	}()
	limit := time.NewTimer(maxLook)
	defer limit.Stop()
	select {
	case <-looked:
	case <-limit.C:
	}
}

// glance queues what can be had without waiting.
func (in *Input) glance() error {
	c := newChunk()
	if in.held {
		in.held = false
		c.fill(in.first[:])
	}
	return in.gather(c, nil)
}
