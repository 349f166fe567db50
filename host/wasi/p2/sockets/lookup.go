package sockets

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/addr"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
)

// resolveStream is the resource ip-name-lookup resolve-address-stream.
type resolveStream struct {
	io.Parent
	lookup *sock.Lookup
}

var resolveStreamResource = host.NewResource("resolve-address-stream", dropper(func(r *resolveStream) { r.lookup.Drop() }))

func bindLookup(i *host.Interface) {
	i.Resource("resolve-address-stream", resolveStreamResource)
	i.Func("resolve-addresses", try(func(c *host.Call, a *struct {
		Network *Network
		Name    string
	}) (*resolveStream, error) {
		n, err := network(c)
		if err != nil {
			return nil, err
		}
		l, err := n.Resolve(a.Name)
		return &resolveStream{lookup: l}, err
	}))
	type self struct{ Self *resolveStream }
	i.Func("[method]resolve-address-stream.resolve-next-address", try(func(_ *host.Call, a *self) (host.Option[addr.IP], error) {
		at, ok, err := a.Self.lookup.Next()
		if err != nil || !ok {
			return host.Option[addr.IP]{}, err
		}
		return host.Some(addr.FromIP(at)), nil
	}))
	i.Func("[method]resolve-address-stream.subscribe", host.Func(func(_ *host.Call, a *self) (*io.Pollable, error) {
		return a.Self.Subscribe(a.Self.lookup), nil
	}))
}
