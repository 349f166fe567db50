package wasitls

import (
	"errors"
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
	// empty if there was nothing to decide since the name was invalid.
	Rule string
	// State is what was negotiated. Of Refused it is as much as was known:
	// nothing, or the certificates that were not accepted, or all of it.
	State State
	// Duration is from Start to the event.
	Duration time.Duration
	// Err is why there is no connection, a *HandshakeError; or of Closed the
	// failure of a half, a *StreamError; nil if there was none.
	Err error

	// Sent and Received count bytes of plaintext; Closed only. Sent is what the
	// transport took. When sending failed, or the guest was stopped, up to 64 KiB
	// that were on their way are not in it, though the peer may have got them.
	// Received includes what the guest did not read.
	Sent, Received int64
	// CloseSent and CloseReceived tell whether close_notify was sent, and
	// received while somebody read; Closed only.
	CloseSent, CloseReceived bool
	// Truncated tells that the transport ended without the peer's
	// close_notify, also where the rule lets the guest not see it; Closed only.
	Truncated bool
}

// Class returns the class of Err in one word; empty if there is no Err.
func (e Event) Class() string {
	var (
		handshake *HandshakeError
		stream    *StreamError
	)
	switch {
	case errors.As(e.Err, &handshake):
		return handshake.Class.String()
	case errors.As(e.Err, &stream):
		return stream.Class.String()
	}
	return ""
}

// End returns in one word how a connection ended, empty if the event is not
// Closed:
//
//	closed     the peer had sent close_notify
//	dropped    the guest left before that, or never looked for it
//	truncated  the transport ended without it
//	failed     anything else went wrong: Err says what
func (e Event) End() string {
	switch {
	case e.Kind != Closed:
		return ""
	case e.Truncated:
		return "truncated"
	case e.Err != nil:
		return "failed"
	case e.CloseReceived:
		return "closed"
	}
	return "dropped"
}
