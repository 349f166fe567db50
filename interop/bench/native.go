package bench

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
)

// serverName is what the server's certificate is valid for.
const serverName = "localhost"

// native is the other side of each pair: crypto/tls used directly. It speaks
// the protocol of the peer of tlscheck, as the guest does.
type native struct {
	addr   string
	config *tls.Config
}

func (s *server) native() native {
	return native{s.addr, &tls.Config{RootCAs: s.roots, ServerName: serverName}}
}

func (n native) connect(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", n.addr)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		c.SetDeadline(deadline)
	}
	return c, nil
}

// secure does a handshake.
func (n native) secure(ctx context.Context, below net.Conn) (*tls.Conn, error) {
	c := tls.Client(below, n.config)
	return c, c.HandshakeContext(ctx)
}

// dial connects and does a handshake.
func (n native) dial(ctx context.Context) (*tls.Conn, error) {
	below, err := n.connect(ctx)
	if err != nil {
		return nil, err
	}
	c, err := n.secure(ctx, below)
	if err != nil {
		below.Close()
		return nil, err
	}
	return c, nil
}

// open connects and says what the server is to do.
func (n native) open(ctx context.Context, command string) (*tls.Conn, error) {
	c, err := n.dial(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, command+"\n"); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// sunk reads the server's receipt for what it was sent.
func sunk(r io.Reader, bytes int) error {
	line, err := io.ReadAll(io.LimitReader(r, 128))
	if err != nil {
		return err
	}
	if !strings.HasPrefix(string(line), fmt.Sprintf("sunk %d ", bytes)) {
		return fmt.Errorf("the server says %q of %d bytes", line, bytes)
	}
	return nil
}
