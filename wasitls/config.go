package wasitls

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// Config says how a Client connects. The zero value is useful: the system's
// roots, the defaults of limits.go, TLS 1.2 and 1.3 with the parameters that
// crypto/tls prefers, no ALPN, no client certificate, no session resumption.
type Config struct {
	// Roots are the trusted certificate authorities; nil means the system's.
	// It must not change after NewClient.
	Roots *x509.CertPool

	// HandshakeTimeout bounds each handshake; 0 means DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration

	// CloseTimeout bounds the delivery of accepted data and of close_notify
	// after the output half was dropped; 0 means DefaultCloseTimeout.
	CloseTimeout time.Duration

	// WriteBuffer is the largest permit of a connection's output half, in
	// bytes from MinBuffer to MaxBuffer; 0 means DefaultWriteBuffer.
	WriteBuffer int

	// ReadBuffer is how much plaintext a connection receives before the guest
	// takes it, in bytes from MinBuffer to MaxBuffer; 0 means
	// DefaultReadBuffer. At most two records more is kept.
	ReadBuffer int

	// AllowTruncation takes a transport that ends between two records for a
	// clean end. Some servers never send close_notify; with this set a guest
	// cannot tell such a server from an attacker who cut the connection. An
	// end within a record stays an error.
	AllowTruncation bool

	// MinVersion and MaxVersion bound the protocol version: tls.VersionTLS12,
	// tls.VersionTLS13, or 0 for the default of crypto/tls.
	MinVersion, MaxVersion uint16

	// Time tells the time for the validity of certificates; nil means time.Now.
	Time func() time.Time

	// Audit, if not nil, is called once for each handshake that ended, before
	// its result can be taken. It is called from many goroutines and must not
	// block.
	Audit func(Event)
}

// Event tells an embedder how a handshake ended.
type Event struct {
	ServerName string        // normalised; empty if it was invalid
	Duration   time.Duration // from Start to the end
	Err        error         // nil, or a *HandshakeError
	State      State         // zero if Err is not nil
}

func (c *Config) validate() error {
	if err := checkDuration("HandshakeTimeout", c.HandshakeTimeout); err != nil {
		return err
	}
	if err := checkDuration("CloseTimeout", c.CloseTimeout); err != nil {
		return err
	}
	if err := checkBuffer("WriteBuffer", c.WriteBuffer); err != nil {
		return err
	}
	if err := checkBuffer("ReadBuffer", c.ReadBuffer); err != nil {
		return err
	}
	return c.checkVersions()
}

func checkDuration(field string, d time.Duration) error {
	if d < 0 || d > MaxTimeout {
		return fmt.Errorf("wasitls: config: %s is %v, not within 0 and %v", field, d, time.Duration(MaxTimeout))
	}
	return nil
}

func checkBuffer(field string, n int) error {
	if n != 0 && (n < MinBuffer || n > MaxBuffer) {
		return fmt.Errorf("wasitls: config: %s is %d, neither 0 nor within %d and %d", field, n, MinBuffer, MaxBuffer)
	}
	return nil
}

func (c *Config) checkVersions() error {
	for _, v := range []uint16{c.MinVersion, c.MaxVersion} {
		if v != 0 && v != tls.VersionTLS12 && v != tls.VersionTLS13 {
			return fmt.Errorf("wasitls: config: version %s is not offered, only TLS 1.2 and TLS 1.3", tls.VersionName(v))
		}
	}
	if c.MaxVersion != 0 && c.MinVersion > c.MaxVersion {
		return fmt.Errorf("wasitls: config: MinVersion %s is above MaxVersion %s", tls.VersionName(c.MinVersion), tls.VersionName(c.MaxVersion))
	}
	return nil
}

// withDefaults returns a copy with every default filled in.
func (c Config) withDefaults() Config {
	if c.HandshakeTimeout == 0 {
		c.HandshakeTimeout = DefaultHandshakeTimeout
	}
	if c.CloseTimeout == 0 {
		c.CloseTimeout = DefaultCloseTimeout
	}
	if c.WriteBuffer == 0 {
		c.WriteBuffer = DefaultWriteBuffer
	}
	if c.ReadBuffer == 0 {
		c.ReadBuffer = DefaultReadBuffer
	}
	return c
}

// tls returns the part that crypto/tls reads, to be cloned for each name.
func (c *Config) tls() *tls.Config {
	return &tls.Config{
		RootCAs:    c.Roots,
		MinVersion: c.MinVersion,
		MaxVersion: c.MaxVersion,
		Time:       c.Time,
		// What is accepted from a guest is already gathered into full
		// records; small first records would only cost.
		DynamicRecordSizingDisabled: true,
	}
}

// Client makes connections of one configuration. It is safe for concurrent use.
type Client struct {
	config Config
	tls    *tls.Config
}

// NewClient returns a client for c. It fails when c is invalid, naming the field.
func NewClient(c Config) (*Client, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	return &Client{config: c, tls: c.tls()}, nil
}

// CloseTimeout returns Config.CloseTimeout, or its default.
func (c *Client) CloseTimeout() time.Duration { return c.config.CloseTimeout }

func (c *Client) tlsFor(name ServerName) *tls.Config {
	config := c.tls.Clone()
	config.ServerName = name.host
	return config
}
