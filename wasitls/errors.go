package wasitls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"unicode"
)

// Errors that a binding acts on.
var (
	// ErrClosed says that a half has ended: cleanly, or after its failure has
	// been reported, or because it was dropped.
	ErrClosed = errors.New("wasitls: closed")
	// ErrPermit says that a write was larger than its permit. Nothing of it
	// was accepted.
	ErrPermit = errors.New("wasitls: write exceeds its permit")
	// ErrPending says that a handshake has no result yet.
	ErrPending = errors.New("wasitls: handshake is pending")
	// ErrConsumed says that the result of a handshake was taken before.
	ErrConsumed = errors.New("wasitls: handshake result was already taken")
	// ErrTruncated is the cause of a StreamError or HandshakeError when the
	// transport ended without the peer's close_notify (RFC 8446, section 6.1).
	ErrTruncated = errors.New("peer closed the connection without sending close_notify")
	// ErrTimeout is the cause when a deadline of Config passed.
	ErrTimeout = errors.New("deadline exceeded")
	// ErrCanceled is the cause when the owner gave up.
	ErrCanceled = errors.New("canceled")
)

// Class tells kinds of failure apart. The zero Class is ClassProtocol.
type Class uint8

// Classes of failure.
const (
	ClassProtocol    Class = iota // the peer broke TLS, or speaks something else, or no common parameters
	ClassName                     // the server name is invalid; nothing was sent
	ClassCertificate              // the peer's certificate was not accepted
	ClassAlert                    // the peer ended the connection with an alert
	ClassTimeout                  // a deadline of Config passed
	ClassTransport                // the transport failed
	ClassTruncated                // the transport ended early
	ClassCanceled                 // the owner gave up
	ClassPolicy                   // the policy does not allow it; nothing was sent
	ClassLimit                    // there are too many connections; nothing was sent
)

var classNames = [...]string{"protocol", "name", "certificate", "alert", "timeout", "transport", "truncated", "canceled", "policy", "limit"}

// String returns the class in one word.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// HandshakeError is why there is no connection.
type HandshakeError struct {
	Class Class
	// Err is the cause, without local addresses and paths. For
	// ClassCertificate it wraps the error of crypto/x509, or is the
	// *VerificationError of what the policy demands beyond it.
	Err error
}

func (e *HandshakeError) Error() string {
	if e.Class == ClassName { // a NameError says it all
		return printable(e.Err.Error())
	}
	return printable("wasitls: handshake: " + e.Err.Error())
}

// Unwrap returns the cause.
func (e *HandshakeError) Unwrap() error { return e.Err }

// StreamError is why a half of a connection failed.
type StreamError struct {
	Class Class
	Op    string // "read", "write" or "close"
	Err   error  // the cause, without local addresses and paths
}

func (e *StreamError) Error() string {
	return printable("wasitls: " + e.Op + ": " + e.Err.Error())
}

// Unwrap returns the cause.
func (e *StreamError) Unwrap() error { return e.Err }

// NameError says why a string is no server name.
type NameError struct {
	Name   string // shortened to a bounded length
	Reason string
}

func (e *NameError) Error() string {
	return fmt.Sprintf("wasitls: invalid server name %q: %s", e.Name, e.Reason)
}

// classify sorts an error of crypto/tls or of the transport below it, and
// returns its cause without the addresses and paths that Go's errors carry.
func classify(err error) (Class, error) {
	var (
		verify *tls.CertificateVerificationError
		demand *VerificationError
		record tls.RecordHeaderError
		roots  x509.SystemRootsError
		op     *net.OpError
	)
	switch {
	case errors.Is(err, ErrTruncated):
		return ClassTruncated, err
	case errors.Is(err, ErrCanceled):
		return ClassCanceled, err
	case errors.Is(err, ErrTimeout):
		return ClassTimeout, err
	case errors.As(err, &roots): // has the path where roots were looked for
		return ClassCertificate, x509.SystemRootsError{Err: scrub(roots.Err)}
	case errors.As(err, &demand) && demand.Field == "post-quantum":
		return ClassProtocol, demand
	case errors.As(err, &demand):
		return ClassCertificate, demand
	case errors.As(err, &verify):
		return ClassCertificate, err
	case errors.As(err, &record):
		return ClassProtocol, errors.New(record.Error()) // drops the net.Conn inside
	case errors.Is(err, os.ErrDeadlineExceeded):
		return ClassTimeout, ErrTimeout
	case isTransport(err):
		return ClassTransport, scrub(err)
	case errors.As(err, &op) && op.Op == "remote error":
		return ClassAlert, fmt.Errorf("remote error: %w", op.Err)
	case errors.As(err, &op): // crypto/tls sent an alert itself
		return ClassProtocol, fmt.Errorf("local error: %w", op.Err)
	case isX509(err):
		return ClassCertificate, err
	}
	return ClassProtocol, err
}

// transportError marks what came from the transport, so that classify need not
// guess. It never leaves the package.
type transportError struct{ err error }

func (e *transportError) Error() string { return e.err.Error() }
func (e *transportError) Unwrap() error { return e.err }

func isTransport(err error) bool {
	var t *transportError
	return errors.As(err, &t)
}

func isX509(err error) bool {
	var (
		hostname  x509.HostnameError
		authority x509.UnknownAuthorityError
		invalid   x509.CertificateInvalidError
	)
	return errors.As(err, &hostname) || errors.As(err, &authority) || errors.As(err, &invalid) ||
		strings.Contains(err.Error(), "failed to parse certificate")
}

// scrub removes what net, os and this package wrap around a system error:
// operations, addresses, paths.
func scrub(err error) error {
	for {
		var (
			op   *net.OpError
			path *fs.PathError
			call *os.SyscallError
			own  *transportError
		)
		switch {
		case errors.As(err, &op):
			err = op.Err
		case errors.As(err, &path):
			err = path.Err
		case errors.As(err, &call):
			err = call.Err
		case errors.As(err, &own):
			err = own.err
		// Below TLS these mean something else than above it.
		case errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe), errors.Is(err, ErrClosed):
			return errors.New("transport closed")
		case errors.Is(err, ErrPermit):
			return errors.New("transport took less than it had permitted")
		default:
			return err
		}
	}
}

// printable bounds a message and replaces what a terminal or a log could
// stumble over: parts of it may have been chosen by the peer.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
	if len(s) > maxErrorText {
		s = strings.ToValidUTF8(s[:maxErrorText], "") + "…"
	}
	return s
}
