// Package sock is the part of wasi:sockets that does not depend on its
// version: TCP and UDP sockets and name lookups that never block, under a
// network policy.
//
// Sockets sit on Go's poller. One that nobody waits for holds no goroutine;
// waiting for one holds one goroutine, which ends when the socket is ready,
// closed or handed over.
package sock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Code is why a socket operation failed (wasi:sockets/network error-code).
type Code uint8

// Codes, in the order of WASI 0.2.
const (
	Unknown Code = iota
	AccessDenied
	NotSupported
	InvalidArgument
	OutOfMemory
	Timeout
	ConcurrencyConflict
	NotInProgress
	WouldBlock
	InvalidState
	NewSocketLimit
	AddressNotBindable
	AddressInUse
	RemoteUnreachable
	ConnectionRefused
	ConnectionReset
	ConnectionAborted
	DatagramTooLarge
	NameUnresolvable
	TemporaryResolverFailure
	PermanentResolverFailure
)

var codeNames = [...]string{
	"unknown", "access-denied", "not-supported", "invalid-argument", "out-of-memory", "timeout",
	"concurrency-conflict", "not-in-progress", "would-block", "invalid-state", "new-socket-limit",
	"address-not-bindable", "address-in-use", "remote-unreachable", "connection-refused", "connection-reset",
	"connection-aborted", "datagram-too-large", "name-unresolvable", "temporary-resolver-failure",
	"permanent-resolver-failure",
}

// CodeNames are the WIT names of the codes in order.
func CodeNames() []string { return codeNames[:] }

// Error implements error.
func (c Code) Error() string { return "sock: " + codeNames[c] }

var codes = map[unix.Errno]Code{
	unix.EPERM:           AccessDenied,
	unix.EACCES:          AccessDenied,
	unix.EADDRINUSE:      AddressInUse,
	unix.EADDRNOTAVAIL:   AddressNotBindable,
	unix.ETIMEDOUT:       Timeout,
	unix.ECONNREFUSED:    ConnectionRefused,
	unix.ECONNRESET:      ConnectionReset,
	unix.ECONNABORTED:    ConnectionAborted,
	unix.EINVAL:          InvalidArgument,
	unix.EHOSTUNREACH:    RemoteUnreachable,
	unix.EHOSTDOWN:       RemoteUnreachable,
	unix.ENETDOWN:        RemoteUnreachable,
	unix.ENETUNREACH:     RemoteUnreachable,
	unix.EISCONN:         InvalidState,
	unix.ENOTCONN:        InvalidState,
	unix.EDESTADDRREQ:    InvalidState,
	unix.EMSGSIZE:        DatagramTooLarge,
	unix.ENOMEM:          OutOfMemory,
	unix.ENOBUFS:         OutOfMemory,
	unix.EMFILE:          NewSocketLimit,
	unix.ENFILE:          NewSocketLimit,
	unix.EOPNOTSUPP:      NotSupported,
	unix.ENOPROTOOPT:     NotSupported,
	unix.EPFNOSUPPORT:    NotSupported,
	unix.EPROTONOSUPPORT: NotSupported,
	unix.EPROTOTYPE:      NotSupported,
	unix.ESOCKTNOSUPPORT: NotSupported,
	unix.EAFNOSUPPORT:    NotSupported,
	unix.EAGAIN:          WouldBlock,
}

// CodeOf returns the code for an error of this package or of the system, and
// whether it is such an error at all.
func CodeOf(err error) (Code, bool) {
	var c Code
	if errors.As(err, &c) {
		return c, true
	}
	var errno unix.Errno
	if errors.As(err, &errno) {
		return codes[errno], true
	}
	if errors.Is(err, os.ErrClosed) {
		return InvalidState, true
	}
	return Unknown, false
}

// code makes an error of the system one of this package.
func code(err error) error {
	if err == nil {
		return nil
	}
	c, _ := CodeOf(err)
	return c
}

// plain cuts what the os package wraps around an error of the system: the
// name of a file that is none.
func plain(err error) error {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return errno
	}
	if errors.Is(err, os.ErrClosed) {
		return os.ErrClosed
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return os.ErrDeadlineExceeded
	}
	return err
}
