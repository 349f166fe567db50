package p3

import (
	"errors"
	"io"
	"sync"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stream"
	"github.com/wasitls/wasitls/wasitls"
)

// Attach makes the store's Close end its TLS connections, and wait for that.
// What the guest did not see delivered, by the outcome of send, may be lost:
// its streams end with it. Attach it after WASI, whose sockets the connections
// use.
func Attach(s *host.Store) { host.Attach(s, &open{connectors: map[*connector]struct{}{}}) }

// open are the connectors of one guest that are not over.
type open struct {
	mu         sync.Mutex
	connectors map[*connector]struct{}
}

// track adds a connector, which has not been used.
func track(s *host.Store, c *connector) {
	o := host.State[open](s)
	if o == nil {
		return
	}
	o.mu.Lock()
	o.connectors[c] = struct{}{}
	o.mu.Unlock()
	c.gone = func() {
		o.mu.Lock()
		delete(o.connectors, c)
		o.mu.Unlock()
	}
}

// Close implements io.Closer.
func (o *open) Close() error {
	o.mu.Lock()
	left := make([]*connector, 0, len(o.connectors))
	for c := range o.connectors {
		left = append(left, c)
	}
	o.mu.Unlock()
	for _, c := range left {
		c.close()
	}
	return nil
}

// foreign is a source of the host as package wasitls knows one: its end is
// wasitls.ErrClosed.
type foreign struct{ wasitls.Source }

// Read implements wasitls.Source.
func (f *foreign) Read(p []byte) (int, error) {
	n, err := f.Source.Read(p)
	if errors.Is(err, stream.ErrClosed) || errors.Is(err, io.EOF) {
		err = wasitls.ErrClosed
	}
	return n, err
}
