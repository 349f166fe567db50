package p3

import (
	"errors"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stream"
	"github.com/wasitls/wasitls/wasitls"
)

// Attach gives the store the guest that its connections belong to. It makes
// the store's Close end those, and wait for that. What the guest did not see
// delivered, by the outcome of send, may be lost: its streams end with it.
// Attach it after WASI, whose sockets the connections use. In a store without
// it the constructor of connector traps.
func Attach(s *host.Store, g *wasitls.Guest) {
	host.Attach(s, &open{guest: g, connectors: map[*connector]struct{}{}})
}

// open are the connectors of one guest that are not over.
type open struct {
	guest *wasitls.Guest

	mu         sync.Mutex
	connectors map[*connector]struct{}
}

// track adds a connector, which has not been used.
func (o *open) track(c *connector) {
	o.mu.Lock()
	o.connectors[c] = struct{}{}
	o.mu.Unlock()
	c.gone = func() {
		o.mu.Lock()
		delete(o.connectors, c)
		o.mu.Unlock()
	}
}

// Closing implements host.Closing. The guest will read no more. That is said
// before its sockets go: else the peer's answer to that looks like the reason
// why the connections end.
func (o *open) Closing() {
	for _, c := range o.left() {
		c.leave()
	}
}

func (o *open) left() []*connector {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Collect(maps.Keys(o.connectors))
}

// Close implements io.Closer.
func (o *open) Close() error {
	for _, c := range o.left() {
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

// RemoteAddr implements wasitls.Addressed.
func (f *foreign) RemoteAddr() net.Addr { return stream.RemoteAddr(f.Source) }

func ended(err error) error {
	if errors.Is(err, stream.ErrClosed) || errors.Is(err, io.EOF) {
		return wasitls.ErrClosed
	}
	return err
}
