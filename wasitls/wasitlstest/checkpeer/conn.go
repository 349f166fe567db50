package checkpeer

import (
	"crypto/tls"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// conn is a connection after its handshake. TLS may run in TLS: then raw is
// nil and below is that of the outer connection.
type conn struct {
	peer   *Peer
	record *record
	tls    *tls.Conn
	below  wasitlstest.Conn
	raw    *wasitlstest.Records
}

// maxLine bounds a guest's first line.
const maxLine = 256

// run does what the first line asks for, then reads to the end.
func (c *conn) run() {
	c.below.SetDeadline(time.Now().Add(c.peer.Lifetime))
	line, err := c.readLine()
	if err != nil {
		c.ended(err)
		return
	}
	words := strings.Fields(line)
	if len(words) == 0 {
		return
	}
	c.record.set(func(s *seen) { s.data = 0 })
	if do, ok := commands[words[0]]; ok && do(c, words[1:]) {
		c.linger()
	}
}

// readLine reads byte by byte: what follows the line belongs to the command.
func (c *conn) readLine() (string, error) {
	var line []byte
	var b [1]byte
	for len(line) < maxLine {
		if _, err := c.tls.Read(b[:]); err != nil {
			return "", err
		}
		if b[0] == '\n' {
			return string(line), nil
		}
		line = append(line, b[0])
	}
	return "", fmt.Errorf("line of more than %d bytes", maxLine)
}

// Read reads application data and counts it.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.tls.Read(p)
	if n > 0 {
		c.record.set(func(s *seen) { s.data += int64(n) })
	}
	if err != nil {
		c.ended(err)
	}
	return n, err
}

// ended records why reading ended: io.EOF while the transport has not ended is
// close_notify.
func (c *conn) ended(err error) {
	c.record.set(func(s *seen) { s.notify = s.notify || err == io.EOF && !s.fin })
}

// linger reads on to the end of the transport.
func (c *conn) linger() {
	if _, err := io.Copy(io.Discard, c); err == nil && c.raw != nil {
		io.Copy(io.Discard, c.below)
	}
}

// commands do what the protocol says. They return whether the connection is
// to be read to its end.
var commands map[string]func(*conn, []string) bool

func init() {
	commands = map[string]func(*conn, []string) bool{
		"echo": func(c *conn, _ []string) bool {
			if _, err := io.Copy(c.tls, c); err == nil {
				c.tls.CloseWrite()
			}
			return true
		},
		"count": func(c *conn, _ []string) bool {
			if _, err := io.Copy(io.Discard, c); err == nil {
				c.tls.CloseWrite()
			}
			return true
		},
		"send": func(c *conn, a []string) bool {
			c.send(number(a, 0))
			return true
		},
		"pause": func(c *conn, a []string) bool {
			time.Sleep(millis(a, 0))
			c.send(number(a, 1))
			return true
		},
		"sink": func(c *conn, a []string) bool {
			n := number(a, 0)
			sum := crc32.NewIEEE()
			buf := make([]byte, 64<<10)
			if _, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.LimitReader(c, n), buf); err != nil {
				return true
			}
			fmt.Fprintf(c.tls, "sunk %d %08x\n", n, sum.Sum32())
			c.tls.CloseWrite()
			return true
		},
		"half": func(c *conn, _ []string) bool {
			n, err := io.Copy(io.Discard, c)
			if err == nil {
				fmt.Fprintf(c.tls, "half %d\n", n)
				c.tls.CloseWrite()
			}
			return true
		},
		"close": func(c *conn, _ []string) bool {
			io.WriteString(c.tls, bye)
			c.tls.CloseWrite()
			return true
		},
		"fin": func(c *conn, _ []string) bool {
			io.WriteString(c.tls, bye)
			c.below.CloseWrite()
			return true
		},
		"cut": func(c *conn, _ []string) bool {
			io.WriteString(c.tls, bye)
			io.WriteString(c.below, "\x17\x03\x03\x01\x20zz")
			c.below.CloseWrite()
			return true
		},
		"corrupt": func(c *conn, _ []string) bool {
			io.WriteString(c.tls, bye)
			io.WriteString(c.below, "\x17\x03\x03\x00\x20"+strings.Repeat("z", 32))
			return true
		},
		"alert": func(c *conn, _ []string) bool {
			if c.raw != nil {
				c.raw.Write(wasitlstest.RecordApplicationData, []byte(bye))
				c.raw.Write(wasitlstest.RecordAlert, []byte{2, 80}) // fatal internal_error
			}
			return true
		},
		"rst": func(c *conn, _ []string) bool {
			io.WriteString(c.tls, bye)
			time.Sleep(200 * time.Millisecond)
			c.below.Reset()
			return false
		},
		"hold": func(c *conn, _ []string) bool {
			c.hold(20 * time.Second)
			return false
		},
		"reset": func(c *conn, a []string) bool {
			c.hold(millis(a, 0))
			c.below.Reset()
			return false
		},
		"tls": func(c *conn, _ []string) bool {
			inner := tls.Server(c.tls, c.peer.config)
			if inner.Handshake() == nil {
				(&conn{peer: c.peer, record: &record{all: c.record.all}, tls: inner, below: c.below}).run()
			}
			c.tls.CloseWrite()
			return true
		},
		"seen": func(c *conn, a []string) bool {
			if len(a) == 3 {
				line := c.peer.records.wait(int(number(a, 0)), millis(a, 1), a[2])
				io.WriteString(c.tls, line+"\n")
				c.tls.CloseWrite()
			}
			return true
		},
	}
}

const bye = "bye\n"

// pattern is what the peer sends: bytes that count 0 to 250 again and again.
var pattern = func() []byte {
	p := make([]byte, 251*257)
	for i := range p {
		p[i] = byte(i % 251)
	}
	return p
}()

func (c *conn) send(n int64) {
	for n > 0 {
		m := min(n, int64(len(pattern)))
		if _, err := c.tls.Write(pattern[:m]); err != nil {
			return
		}
		n -= m
	}
	c.tls.CloseWrite()
}

// hold reads nothing for a time, or until the peer is closed.
func (c *conn) hold(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.peer.records.closed:
	}
}

func number(a []string, i int) int64 {
	if i >= len(a) {
		return 0
	}
	n, _ := strconv.ParseInt(a[i], 10, 64)
	return n
}

func millis(a []string, i int) time.Duration {
	return time.Duration(min(number(a, i), 60_000)) * time.Millisecond
}
