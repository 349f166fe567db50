package wasitls

import (
	"io"
	"sync/atomic"
	"time"
)

// Config says how a Client connects. The zero value is useful: every server
// name, the system's roots, the defaults of limits.go, TLS 1.2 and 1.3 with
// the parameters that crypto/tls prefers, no ALPN, no client certificate, no
// session resumption.
type Config struct {
	// Policy says who may talk to whom, and how. Nil allows every server with
	// the defaults of Rule.
	Policy *Policy

	// Provider is the implementation of TLS; nil means CryptoTLS.
	Provider Provider

	// Time tells the time for the validity of certificates; nil means time.Now.
	Time func() time.Time

	// Audit, if not nil, is called once for each handshake that ended, before
	// its result can be taken, and once for each connection that ended, before
	// Conn.Done tells so. It is called from many goroutines, whose guests wait
	// for it, also in methods that do not block otherwise. Package audit has
	// functions for it.
	Audit func(Event)

	// KeyLog, if not nil, gets the secrets of every connection in the format
	// of SSLKEYLOGFILE (RFC 9850). With them anybody can read what was
	// encrypted: it is for debugging alone.
	KeyLog io.Writer
}

// Client makes connections of one configuration, for any number of guests. It
// is safe for concurrent use.
type Client struct {
	config Config
	rules  atomic.Pointer[ruleset]
	gate   gate
}

// NewClient returns a client for c. It fails when the policy is invalid, with
// a *FieldError for each field that is, joined by errors.Join.
func NewClient(c Config) (*Client, error) {
	if c.Policy == nil {
		c.Policy = &Policy{Default: Allow}
	}
	if c.Provider == nil {
		c.Provider = CryptoTLS{}
	}
	if c.Time == nil {
		c.Time = time.Now
	}
	first := c.Policy
	c.Policy = nil // keys and all: not to be kept when it is replaced
	client := &Client{config: c}
	if err := client.SetPolicy(first); err != nil {
		return nil, err
	}
	return client, nil
}

// SetPolicy replaces the policy, for handshakes that begin from now on.
// Connections go on as they are, but count for the new limits, and handshakes
// that wait for their turn get it by those. Sessions to resume are forgotten.
// A policy that is nil or invalid changes nothing: the errors are those of
// NewClient.
func (c *Client) SetPolicy(p *Policy) error {
	rules, err := compile(p, c.config.Time())
	if err != nil {
		return err
	}
	c.gate.change(rules.limits, func() {
		if old := c.rules.Swap(rules); old != nil {
			old.forget()
		}
	})
	return nil
}
