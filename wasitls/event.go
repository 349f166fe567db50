package wasitls

import (
	"net/netip"
	"time"
)

// EventKind says what happened.
type EventKind uint8

// The kinds of events.
const (
	Refused   EventKind = iota // a handshake ended without a connection; the last event of it
	Connected                  // a handshake ended with a connection; Closed will follow
	Closed                     // a connection ended
)

// String returns the kind in one word.
func (k EventKind) String() string { return word(k, "refused", "connected", "closed") }

// Event tells an embedder what became of a connection.
type Event struct {
	Kind EventKind
	Time time.Time // of the event
	// Connection tells connections of the process apart, from 1 up.
	Connection uint64
	// Guest is GuestConfig.Name.
	Guest string
	// ServerName is normalised; empty if it was invalid.
	ServerName string
	// Address is what the transport is connected to; zero if it is not known.
	Address netip.AddrPort
	// Rule is the name of the rule that decided; "default" if none matched,
	// empty if there was none to decide since the name was invalid.
	Rule string
	// State is what was negotiated; zero if there is no connection.
	State State
	// Duration is from Start to the event.
	Duration time.Duration
	// Err is why there is no connection, a *HandshakeError; or of Closed the
	// failure of a half, a *StreamError; nil if there was none.
	Err error

	// Sent and Received count plaintext bytes; Closed only.
	Sent, Received int64
	// CloseSent and CloseReceived tell whether close_notify was sent and
	// received; Closed only. A connection without failure and without one of
	// them was dropped by its guest.
	CloseSent, CloseReceived bool
}
