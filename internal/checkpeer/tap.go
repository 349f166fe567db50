package checkpeer

import (
	"errors"
	"io"
	"net"
	"os"
)

// A tap is a TCP connection that notes in its record what arrives on it.
type tap struct {
	*net.TCPConn
	seen *record
	// inject is given to the next reads in place of what arrives.
	inject []byte
}

func (t *tap) Read(b []byte) (int, error) {
	if len(t.inject) > 0 {
		n := copy(b, t.inject)
		t.inject = t.inject[n:]
		return n, nil
	}
	n, err := t.TCPConn.Read(b)
	t.seen.update(func(r *record) {
		r.raw += int64(n)
		r.ended = r.ended || err != nil && !errors.Is(err, os.ErrDeadlineExceeded) && !errors.Is(err, net.ErrClosed)
	})
	return n, err
}

// reset ends the connection by a TCP reset.
func (t *tap) reset() {
	t.SetLinger(0)
	t.Close()
}

// drain reads to the end of TCP.
func drain(t *tap) {
	// As a mere reader, lest io.Copy find the TCPConn's own WriteTo and bypass the tap.
	io.Copy(io.Discard, struct{ io.Reader }{t})
}

func serveDrop(t *tap) {
	t.Read(make([]byte, 4096))
}

func servePlain(t *tap) {
	t.Read(make([]byte, 4096))
	io.WriteString(t, "HTTP/1.0 400 Bad Request\r\n\r\n")
	t.CloseWrite()
	drain(t)
}
