package wasitlstest

import (
	"crypto/tls"
	"io"
	"time"
)

// Echo sends everything back, and close_notify after the client's.
func Echo(t *tls.Conn, _ Conn) {
	if _, err := io.Copy(t, t); err == nil {
		t.CloseWrite()
	}
	linger(t)
}

// Say returns a handler that sends text and close_notify, and reads on.
func Say(text string) func(*tls.Conn, Conn) {
	return func(t *tls.Conn, _ Conn) {
		io.WriteString(t, text)
		t.CloseWrite()
		linger(t)
	}
}

// Truncate returns a handler that sends text and then ends the connection
// below without close_notify.
func Truncate(text string) func(*tls.Conn, Conn) {
	return func(t *tls.Conn, below Conn) {
		io.WriteString(t, text)
		below.CloseWrite()
		linger(t)
	}
}

// HalfRecord is Truncate with the beginning of another record before the end.
func HalfRecord(text string) func(*tls.Conn, Conn) {
	return Inject(text, "\x17\x03\x03\x01\x20zz")
}

// CorruptRecord returns a handler that sends text and then a record that
// nobody sealed.
func CorruptRecord(text string) func(*tls.Conn, Conn) {
	return Inject(text, "\x17\x03\x03\x00\x20zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz")
}

// Inject returns a handler that sends text, then these bytes below TLS, then
// ends the connection below.
func Inject(text, bytes string) func(*tls.Conn, Conn) {
	return func(t *tls.Conn, below Conn) {
		io.WriteString(t, text)
		io.WriteString(below, bytes)
		below.CloseWrite()
		linger(t)
	}
}

// Abort returns a handler that sends text, waits for a byte and then resets
// the connection below.
func Abort(text string) func(*tls.Conn, Conn) {
	return func(t *tls.Conn, below Conn) {
		io.WriteString(t, text)
		t.Read(make([]byte, 1))
		below.Reset()
	}
}

// Plain returns a handler for a peer without TLS that sends these bytes and
// ends its side.
func Plain(bytes string) func(*tls.Conn, Conn) {
	return func(_ *tls.Conn, below Conn) {
		io.WriteString(below, bytes)
		below.CloseWrite()
		io.Copy(io.Discard, below)
	}
}

// Silent never says a word.
func Silent(_ *tls.Conn, below Conn) { io.Copy(io.Discard, below) }

// Drip returns a handler for a peer without TLS that sends one of these bytes
// at a time, with a pause between two.
func Drip(bytes string, pause time.Duration) func(*tls.Conn, Conn) {
	return func(_ *tls.Conn, below Conn) {
		for i := range len(bytes) {
			if _, err := io.WriteString(below, bytes[i:i+1]); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
}

// linger reads until the client is gone, so that closing the connection below
// does not reset it.
func linger(t *tls.Conn) {
	if _, err := io.Copy(io.Discard, t); err == nil {
		io.Copy(io.Discard, t.NetConn())
	}
}
