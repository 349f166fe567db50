// Package sockets binds wasi:sockets 0.2: networks, name lookup, TCP and UDP.
package sockets

import (
	"errors"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Version is the version of the WIT package that is served.
const Version = "0.2.12"

// Config is what of the network a guest gets.
type Config = wasi.Network

// Attach is wasi.AttachNetwork.
func Attach(s *host.Store, c Config) { wasi.AttachNetwork(s, c) }

// errNoNetwork is what a store without a network traps with; guests cannot get
// there, since Attach is part of making one.
var errNoNetwork = &trapError{"sockets: store has no network attached"}

type trapError struct{ text string }

func (e *trapError) Error() string { return e.text }

func network(c *host.Call) (*sock.Net, error) {
	if n := host.State[sock.Net](c.Store()); n != nil {
		return n, nil
	}
	return nil, errNoNetwork
}

// ErrorCode is the enum wasi:sockets/network error-code.
type ErrorCode uint8

// Labels returns the names of the codes, which are checked when a component is
// linked.
func (ErrorCode) Labels() []string { return sock.CodeNames() }

// classify is the one place where errors become error codes.
func classify(_ *host.Call, err error) (ErrorCode, error) {
	if code, ok := sock.CodeOf(err); ok {
		return ErrorCode(code), nil
	}
	var t *trapError
	if errors.As(err, &t) || errors.Is(err, stream.ErrPermit) {
		return 0, err
	}
	return ErrorCode(sock.Unknown), nil
}

// try makes a host function of one that returns socket errors.
func try[A, T any](f func(*host.Call, *A) (T, error)) host.Fn { return host.Try(f, classify) }

// do is try for a function without a result.
func do[A any](f func(*A) error) host.Fn {
	return try(func(_ *host.Call, a *A) (host.None, error) { return host.None{}, f(a) })
}

// Network is the resource wasi:sockets/network network: what a guest may do
// with it is the store's policy.
type Network struct{}

var networkResource = host.NewResource[*Network]("network", nil)

// dropper drops a resource that may have children.
func dropper[T interface{ Childless() error }](drop func(T)) func(*host.Call, T) error {
	return func(_ *host.Call, v T) error {
		if err := v.Childless(); err != nil {
			return err
		}
		drop(v)
		return nil
	}
}

// Bind adds the interfaces of wasi:sockets to the linker.
func Bind(l *host.Linker) {
	n := l.Interface("wasi:sockets/network@" + Version)
	n.Resource("network", networkResource)
	n.Func("network-error-code", host.Func(func(_ *host.Call, a *struct{ Err *io.Error }) (host.Option[ErrorCode], error) {
		code, ok := sock.CodeOf(a.Err.Unwrap())
		return host.Option[ErrorCode]{Some: ok, Value: ErrorCode(code)}, nil
	}))
	i := l.Interface("wasi:sockets/instance-network@" + Version)
	i.Func("instance-network", host.Func(func(*host.Call, *host.None) (*Network, error) { return &Network{}, nil }))
	bindLookup(l.Interface("wasi:sockets/ip-name-lookup@" + Version))
	bindTCP(l)
	bindUDP(l)
}
