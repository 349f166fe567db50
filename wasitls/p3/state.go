package p3

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stream"
	"github.com/wasitls/wasitls/wasitls"
)

// Attach makes the store's Close end its TLS connections, and wait for that.
// What the guest did not see delivered, by the outcome of send, may be lost:
// its streams end with it. Attach it after WASI, whose sockets the connections
// use.
// A store without it has no limit of connections.
func Attach(s *host.Store) { host.Attach(s, &open{connectors: map[*connector]bool{}}) }

// open are the connectors of one guest that are not over.
type open struct {
	mu         sync.Mutex
	connectors map[*connector]bool // whether it is connected, or tries to
	connected  int                 // how many are
}

// track adds a connector, which has not been used.
func track(s *host.Store, c *connector) {
	o := host.State[open](s)
	if o == nil {
		return
	}
	o.mu.Lock()
	o.connectors[c] = false
	o.mu.Unlock()
	c.gone = func() {
		o.mu.Lock()
		if o.connectors[c] {
			o.connected--
		}
		delete(o.connectors, c)
		o.mu.Unlock()
	}
}

// admit counts a connector that is to connect, unless there are too many.
func admit(s *host.Store, c *connector) error {
	o := host.State[open](s)
	if o == nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.connected >= MaxConnections {
		return errTooMany
	}
	if _, open := o.connectors[c]; open {
		o.connectors[c] = true
		o.connected++
	}
	return nil
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
	return n, ended(err)
}

// ReadWait implements wasitls.BlockingSource.
func (f *foreign) ReadWait(p []byte) (int, error) {
	n, err := stream.ReadWait(f.Source, p)
	return n, ended(err)
}

// SetReadDeadline implements wasitls.BlockingSource.
func (f *foreign) SetReadDeadline(t time.Time) error { return stream.SetReadDeadline(f.Source, t) }

func ended(err error) error {
	if errors.Is(err, stream.ErrClosed) || errors.Is(err, io.EOF) {
		return wasitls.ErrClosed
	}
	return err
}
