package sockets

import (
	"math"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/addr"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
)

// socket is a resource W on a socket S.
type socket[S any] interface{ socket() S }

// getting makes a host function that returns an option.
func getting[W socket[S], S, V any](f func(S) (V, error)) host.Fn {
	return try(func(_ *host.Call, a *struct{ Self W }) (V, error) { return f(a.Self.socket()) })
}

// setting makes a host function that sets an option.
func setting[W socket[S], S, V any](f func(S, V) error) host.Fn {
	return do(func(a *struct {
		Self  W
		Value V
	}) error {
		return f(a.Self.socket(), a.Value)
	})
}

func socketAddr[S any](f func(S) (sock.Addr, error)) func(S) (addr.Socket, error) {
	return func(s S) (addr.Socket, error) {
		at, err := f(s)
		return addr.FromSocket(at), err
	}
}

func nanoseconds[S any](f func(S) (time.Duration, error)) func(S) (uint64, error) {
	return func(s S) (uint64, error) {
		d, err := f(s)
		return uint64(d), err
	}
}

func duration[S any](f func(S, time.Duration) error) func(S, uint64) error {
	return func(s S, v uint64) error { return f(s, time.Duration(min(v, math.MaxInt64))) }
}
