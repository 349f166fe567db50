// Package sockets binds wasi:sockets 0.3: TCP, UDP and name lookup.
package sockets

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// Version is the version of the WIT package that is served.
const Version = "0.3.0"

// Config is what of the network a guest gets.
type Config = wasi.Network

// Attach is wasi.AttachNetwork.
func Attach(s *host.Store, c Config) { wasi.AttachNetwork(s, c) }

// errNoNetwork is what a store without a network traps with; guests cannot get
// there, since Attach is part of making one.
var errNoNetwork = errors.New("sockets: store has no network attached")

func network(s *host.Store) (*sock.Net, error) {
	if n := host.State[sock.Net](s); n != nil {
		return n, nil
	}
	return nil, errNoNetwork
}

// ErrorCode is the variant wasi:sockets/types error-code.
type ErrorCode struct {
	host.Case
	AccessDenied, NotSupported, InvalidArgument, OutOfMemory, Timeout, InvalidState, AddressNotBindable, AddressInUse,
	RemoteUnreachable, ConnectionRefused, ConnectionBroken, ConnectionReset, ConnectionAborted,
	DatagramTooLarge host.None
	Other host.Option[string]
}

// Cases of ErrorCode that cases does not lead to.
const (
	caseConnectionBroken host.Case = 10
	caseOther            host.Case = 14
)

// cases are the cases of ErrorCode by the code of 0.2; the others are other.
var cases = map[sock.Code]host.Case{
	sock.AccessDenied:        0,
	sock.NotSupported:        1,
	sock.InvalidArgument:     2,
	sock.OutOfMemory:         3,
	sock.Timeout:             4,
	sock.InvalidState:        5,
	sock.ConcurrencyConflict: 5,
	sock.NotInProgress:       5,
	sock.AddressNotBindable:  6,
	sock.AddressInUse:        7,
	sock.RemoteUnreachable:   8,
	sock.ConnectionRefused:   9,
	sock.ConnectionReset:     11,
	sock.ConnectionAborted:   12,
	sock.DatagramTooLarge:    13,
}

// codeOf is the one place where errors become error codes.
func codeOf(err error) ErrorCode {
	if errors.Is(err, unix.EPIPE) || errors.Is(err, stream.ErrClosed) {
		return ErrorCode{Case: caseConnectionBroken}
	}
	code, _ := sock.CodeOf(err)
	if c, ok := cases[code]; ok {
		return ErrorCode{Case: c}
	}
	return ErrorCode{Case: caseOther, Other: host.Some(sock.CodeNames()[code])}
}

func classify(err error) (ErrorCode, error) {
	if errors.Is(err, errNoNetwork) {
		return ErrorCode{}, err
	}
	return codeOf(err), nil
}

// try makes a host function of one that returns socket errors.
func try[A, T any](f func(*host.Call, *A) (T, error)) host.Fn {
	return host.Try(f, func(_ *host.Call, err error) (ErrorCode, error) { return classify(err) })
}

// do is try for a function without a result.
func do[A any](f func(*A) error) host.Fn {
	return try(func(_ *host.Call, a *A) (host.None, error) { return host.None{}, f(a) })
}

// await makes an async host function. f begins; then what it returns is called
// until its error is anything but WouldBlock, and ready waited for in between.
func await[A, T any](f func(*A) (ready stream.Pollable, retry func() (T, error), err error)) host.Fn {
	return host.TryAwait(func(_ *host.Call, a *A) func() (T, host.Condition, error) {
		ready, retry, err := f(a)
		return func() (v T, until host.Condition, _ error) {
			if err != nil {
				return v, nil, err
			}
			v, err := retry()
			if errors.Is(err, sock.WouldBlock) {
				return v, ready, nil
			}
			return v, nil, err
		}
	}, classify)
}

// Bind adds the interfaces of wasi:sockets to the linker.
func Bind(l *host.Linker) {
	i := l.Interface("wasi:sockets/types@" + Version)
	i.Resource("tcp-socket", tcpResource)
	i.Resource("udp-socket", udpResource)
	bindTCP(i)
	bindTCPOptions(i)
	bindUDP(i)
	bindUDPOptions(i)
	bindLookup(l.Interface("wasi:sockets/ip-name-lookup@" + Version))
}
