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

	// maxErrorText bounds the text of an error: parts of it may come from the
	// peer's certificate.
	maxErrorText = 1 << 10

	// maxFruitless is how often in a row a transport may return no bytes and
	// no error, or a stream may claim to be ready and give nothing, before it
	// counts as broken.
	maxFruitless = 100
)
