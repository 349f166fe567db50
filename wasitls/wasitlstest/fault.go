package wasitlstest

import (
	"net"
	"sync/atomic"
	"time"
)

// Trickle returns c with reads and writes of at most n bytes below it.
func Trickle(c net.Conn, n int) net.Conn { return &trickle{c, n} }

type trickle struct {
	net.Conn
	n int
}

func (t *trickle) Read(p []byte) (int, error) {
	return t.Conn.Read(p[:min(len(p), t.n)])
}

func (t *trickle) Write(p []byte) (written int, err error) {
	for written < len(p) {
		n, err := t.Conn.Write(p[written:min(len(p), written+t.n)])
		written += n
		if err != nil {
			return written, err
		}
	}
	return written, nil
}

// Watch returns c and counts what passes.
func Watch(c net.Conn) *Watched { return &Watched{Conn: c} }

// Watched is a connection that counts what passes. Its counters may be read
// at any time.
type Watched struct {
	net.Conn
	Sent, Received atomic.Int64 // bytes
	Writes, Reads  atomic.Int64 // calls that returned
	Closed         atomic.Int64 // calls of Close
}

func (w *Watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.Received.Add(int64(n))
	w.Reads.Add(1)
	return n, err
}

func (w *Watched) Write(p []byte) (int, error) {
	n, err := w.Conn.Write(p)
	w.Sent.Add(int64(n))
	w.Writes.Add(1)
	return n, err
}

// Close counts and closes.
func (w *Watched) Close() error {
	w.Closed.Add(1)
	return w.Conn.Close()
}

// Empty is a transport whose reads return no byte and no error, for ever.
type Empty struct{ net.Conn }

func (Empty) Read([]byte) (int, error) {
	time.Sleep(time.Microsecond)
	return 0, nil
}

// Flip returns c with one bit changed in byte number n of what is read.
func Flip(c net.Conn, n int) net.Conn { return &flip{Conn: c, left: n} }

type flip struct {
	net.Conn
	left int
}

func (f *flip) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if 0 <= f.left && f.left < n {
		p[f.left] ^= 1
	}
	f.left -= n
	return n, err
}
