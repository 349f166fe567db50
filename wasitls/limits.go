package wasitls

import "time"

const (
	// DefaultHandshakeTimeout bounds a handshake from Start to its result. A
	// peer that sends a byte now and then does not extend it.
	DefaultHandshakeTimeout = 10 * time.Second

	// DefaultCloseTimeout bounds the delivery of accepted data and
	// close_notify after nobody holds the output half any more.
	DefaultCloseTimeout = 5 * time.Second

	// DefaultWriteBuffer is the most plaintext accepted and not yet handed to
	// the transport, in bytes: one half is sent while the guest fills the
	// other, so that both cores of a bulk transfer have work.
	DefaultWriteBuffer = 128 << 10

	// DefaultReadBuffer is the most plaintext received before a guest takes
	// it, in bytes: twice what a guest reads at once, as of DefaultWriteBuffer.
	DefaultReadBuffer = 128 << 10

	// DefaultConnectionsPerGuest is how many handshakes and connections of one
	// guest may be under way: each takes processor time and memory of the
	// host, also after the guest has dropped it. It is twice as much as a
	// guest may have sockets.
	DefaultConnectionsPerGuest = 2048

	// DefaultConnections is how many those of all guests may be.
	DefaultConnections = 1 << 16

	// DefaultHandshakesPerGuest and DefaultHandshakes are how many handshakes
	// may be in progress: what a silent peer holds up is less than all.
	DefaultHandshakesPerGuest = 256
	DefaultHandshakes         = 2048

	// MaxRuleName bounds a rule's name, in bytes.
	MaxRuleName = 128

	// MinBuffer and MaxBuffer bound both buffers of a configuration.
	MinBuffer = 1 << 10
	MaxBuffer = 16 << 20

	// MaxTimeout bounds both timeouts of a configuration.
	MaxTimeout = 24 * time.Hour

	// maxALPN bounds the protocols of a rule, in bytes on the wire: a
	// ClientHello is to stay small.
	maxALPN = 4 << 10

	// maxSessions bounds the sessions that a guest keeps under one rule.
	maxSessions = 64

	// chunkSize is the unit of buffering: the plaintext of one full record
	// (RFC 8446, section 5.1).
	chunkSize = 16 << 10

	// maxBurst is how many chunks go to the transport in one write, if there
	// are as many.
	maxBurst = 4

	// smallData is the size up to which received data is copied into the
	// chunk before it, so that a peer that sends single bytes cannot make
	// each of them hold a chunk.
	smallData = 2 << 10

	// maxLook bounds how long Input.Look looks at what has arrived. It is
	// reached only if the peer wants an answer below TLS and does not take it.
	maxLook = 50 * time.Millisecond

	// maxHostLength is the longest DNS name without its trailing dot, and
	// maxLabelLength the longest part of one (RFC 1035, section 2.3.4).
	maxHostLength  = 253
	maxLabelLength = 63

	// maxQuoted bounds what an error message repeats of a guest's string.
	maxQuoted = 64

	// maxBrief bounds what an error message repeats of a policy's string, in
	// bytes: the names of groups are shorter, and so is what a private key in
	// base64 begins with before it is secret.
	maxBrief = 20

	// maxErrorText bounds the text of an error: parts of it may come from the
	// peer's certificate.
	maxErrorText = 1 << 10

	// maxFruitless is how often in a row a transport may return no bytes and
	// no error, or a stream may claim to be ready and give nothing, before it
	// counts as broken.
	maxFruitless = 100
)

// limits checks the limits.
func (c *compiler) limits(l *Limits) {
	c.count("connections-per-guest", int64(l.ConnectionsPerGuest))
	c.count("connections", int64(l.Connections))
	c.count("handshakes-per-guest", int64(l.HandshakesPerGuest))
	c.count("handshakes", int64(l.Handshakes))
	c.count("buffered", l.Buffered)
	c.buffer("write-buffer", l.WriteBuffer)
	c.buffer("read-buffer", l.ReadBuffer)
	if l.CloseTimeout < 0 || l.CloseTimeout > MaxTimeout {
		c.fail("limits.close-timeout", "%v is not within 0 and %v", l.CloseTimeout, time.Duration(MaxTimeout))
	}
	if whole := l.withDefaults(); l.Buffered > 0 && l.Buffered < whole.reserve() {
		c.fail("limits.buffered", "%d is less than the %d that one connection may buffer", l.Buffered, whole.reserve())
	}
}

func (c *compiler) count(name string, n int64) {
	if n < 0 {
		c.fail("limits."+name, "%d is below zero", n)
	}
}

func (c *compiler) buffer(name string, n int) {
	if n != 0 && (n < MinBuffer || n > MaxBuffer) {
		c.fail("limits."+name, "%d is not within %d and %d", n, MinBuffer, MaxBuffer)
	}
}

// withDefaults returns a copy with every default filled in.
func (l Limits) withDefaults() Limits {
	fill(&l.ConnectionsPerGuest, DefaultConnectionsPerGuest)
	fill(&l.Connections, DefaultConnections)
	fill(&l.HandshakesPerGuest, DefaultHandshakesPerGuest)
	fill(&l.Handshakes, DefaultHandshakes)
	fill(&l.WriteBuffer, DefaultWriteBuffer)
	fill(&l.ReadBuffer, DefaultReadBuffer)
	fill(&l.CloseTimeout, DefaultCloseTimeout)
	return l
}

// reserve is what one connection may buffer, in bytes.
func (l *Limits) reserve() int64 {
	return int64(l.WriteBuffer) + int64(l.ReadBuffer) + 2*chunkSize
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
