package sock

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// conn is a connection as two streams.
type conn struct {
	fd  *fd
	in  input
	out output
}

func newConn(f *fd) *conn {
	c := &conn{fd: f}
	c.in.conn = c
	c.out.conn = c
	c.in.read.init(f, unix.Read)
	c.out.write.init(f, unix.Write)
	c.out.Writer = stream.NewWriter(writer{f}, c.out.try)
	f.acquire()
	f.acquire()
	return c
}

// input is the stream of a connection that receives. Nothing is read ahead.
type input struct {
	conn *conn
	once sync.Once

	mu       sync.Mutex
	read     transfer
	end      bool // the peer has ended, reading failed or was shut down
	taken    bool
	blocking bool // ReadWait was called
	dropped  bool
	deadline time.Time // of ReadWait
}

// Read implements stream.Input.
func (i *input) Read(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.end {
		return 0, stream.ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := i.read.do(p)
	if err == errAgain {
		return 0, nil
	}
	return i.got(n, err)
}

// got is what a read of the socket is for the stream; the lock is held.
func (i *input) got(n int, err error) (int, error) {
	switch {
	case err != nil:
		i.end = true
		return 0, err
	case n == 0:
		i.end = true
		return 0, stream.ErrClosed
	}
	return n, nil
}

// ReadWait implements stream.Blocking.
func (i *input) ReadWait(p []byte) (int, error) {
	if i.ended() {
		return 0, stream.ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	if err := i.block(); err != nil {
		return 0, err
	}
	n, err := i.conn.fd.file.Read(p)
	if err == io.EOF {
		n, err = 0, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, os.ErrDeadlineExceeded
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.got(n, plain(err))
}

// block readies the socket for reads that wait: only one goroutine can.
func (i *input) block() error {
	i.mu.Lock()
	first, dropped := !i.blocking, i.dropped
	i.blocking = true
	i.mu.Unlock()
	switch {
	case dropped:
		return os.ErrClosed
	case !first:
		return nil
	}
	i.conn.fd.readable.Halt()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.conn.fd.file.SetReadDeadline(i.deadline) // which Halt may have changed
	return nil
}

// SetReadDeadline implements stream.Blocking.
func (i *input) SetReadDeadline(t time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.dropped {
		return os.ErrClosed
	}
	i.deadline = t
	return i.conn.fd.file.SetReadDeadline(t)
}

func (i *input) ended() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.end
}

// Ready implements stream.Pollable.
func (i *input) Ready() bool { return i.ended() || i.conn.fd.readable.Ready() }

// Notify implements stream.Pollable.
func (i *input) Notify(f func()) (stop func()) {
	if i.ended() {
		return stream.Always{}.Notify(f)
	}
	return i.conn.fd.readable.Notify(f)
}

// Drop implements stream.Input.
func (i *input) Drop() {
	i.once.Do(func() {
		i.mu.Lock()
		i.dropped = true
		if i.blocking {
			i.deadline = time.Unix(1, 0)
			i.conn.fd.file.SetReadDeadline(i.deadline)
		}
		i.mu.Unlock()
		i.conn.fd.release()
	})
}

// output is the stream of a connection that sends.
type output struct {
	*stream.Writer
	conn  *conn
	write transfer // the Writer's lock guards it
	once  sync.Once
}

// try writes what the socket takes.
func (o *output) try(p []byte) (int, error) {
	n, err := o.write.do(p)
	if err == errAgain {
		return 0, nil
	}
	return n, err
}

// Drop implements stream.Output.
func (o *output) Drop() {
	o.once.Do(func() {
		f := o.conn.fd
		if o.Pending() {
			f.file.SetWriteDeadline(time.Now().Add(stream.DropTimeout))
		}
		f.net.draining(1)
		o.Writer.Close(func() {
			f.release()
			f.net.draining(-1)
		})
	})
}

// End implements stream.Ender: the peer gets to know the end when it has
// everything.
func (o *output) End(done func(error)) {
	o.once.Do(func() {
		f := o.conn.fd
		f.net.draining(1)
		o.Writer.End(func(err error) {
			if err == nil {
				err = f.shutdown(unix.SHUT_WR)
			}
			f.release()
			f.net.draining(-1)
			done(err)
		})
	})
}

// writer writes to a socket, waiting for it.
type writer struct{ fd *fd }

func (w writer) Write(p []byte) (int, error) {
	n, err := w.fd.file.Write(p)
	return n, plain(err)
}

func (c *conn) shutdown(recv, send bool) error {
	if recv {
		c.in.mu.Lock()
		c.in.end = !c.in.taken
		c.in.mu.Unlock()
		if err := c.fd.shutdown(unix.SHUT_RD); err != nil {
			return err
		}
	}
	if send {
		var err error
		c.out.Writer.Close(func() { err = c.fd.shutdown(unix.SHUT_WR) })
		if !c.out.Pending() {
			return err
		}
	}
	return nil
}

func (f *fd) shutdown(how int) error {
	err := f.control(func(s int) error { return unix.Shutdown(s, how) })
	if errors.Is(err, unix.ENOTCONN) { // the peer has reset it
		return nil
	}
	return code(err)
}

// Connection implements stream.Half.
func (i *input) Connection() stream.Connection { return i.conn }

// Connection implements stream.Half.
func (o *output) Connection() stream.Connection { return o.conn }

// Take implements stream.Connection.
func (c *conn) Take() (net.Conn, bool) {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	if c.in.end || c.in.taken || !c.out.Idle() {
		return nil, false
	}
	c.in.taken = true
	c.fd.readable.Halt()
	c.fd.writable.Halt()
	return &netConn{conn: c}, true
}

// netConn is a connection whose streams were taken over. Closing it is
// dropping both: the socket stays open until it is dropped as well.
type netConn struct {
	conn *conn
	once sync.Once
	shut sync.Mutex // no deadline is lifted after Close
	done bool
}

func (c *netConn) Read(p []byte) (int, error) {
	n, err := c.conn.fd.file.Read(p)
	if err != nil && err != io.EOF {
		err = &net.OpError{Op: "read", Net: "tcp", Err: plain(err)}
	}
	return n, err
}

// ReadNow is Read, but returns 0 and no error instead of waiting.
func (c *netConn) ReadNow(p []byte) (int, error) {
	c.shut.Lock()
	defer c.shut.Unlock()
	if c.done {
		return 0, os.ErrClosed
	}
	n := 0
	err := c.conn.fd.control(func(s int) (err error) {
		n, err = unix.Read(s, p)
		return err
	})
	switch {
	case err == unix.EAGAIN || err == unix.EINTR:
		return 0, nil
	case err != nil:
		return 0, &net.OpError{Op: "read", Net: "tcp", Err: plain(err)}
	case n == 0 && len(p) > 0:
		return 0, io.EOF
	}
	return n, nil
}

func (c *netConn) Write(p []byte) (int, error) {
	n, err := c.conn.fd.file.Write(p)
	if err != nil {
		err = &net.OpError{Op: "write", Net: "tcp", Err: plain(err)}
	}
	return n, err
}

// Close ends the calls in progress and those to come.
func (c *netConn) Close() error {
	c.once.Do(func() {
		c.shut.Lock()
		c.done = true
		c.conn.fd.file.SetDeadline(time.Unix(1, 0))
		c.shut.Unlock()
		c.conn.in.Drop()
		c.conn.out.Drop()
	})
	return nil
}

func (c *netConn) SetDeadline(t time.Time) error {
	return c.set(c.conn.fd.file.SetDeadline, t)
}

func (c *netConn) SetReadDeadline(t time.Time) error {
	return c.set(c.conn.fd.file.SetReadDeadline, t)
}

func (c *netConn) SetWriteDeadline(t time.Time) error {
	return c.set(c.conn.fd.file.SetWriteDeadline, t)
}

func (c *netConn) set(f func(time.Time) error, t time.Time) error {
	c.shut.Lock()
	defer c.shut.Unlock()
	if c.done {
		return os.ErrClosed
	}
	return f(t)
}

func (c *netConn) LocalAddr() net.Addr {
	a, _ := c.conn.fd.localAddr()
	return net.TCPAddrFromAddrPort(a.AddrPort)
}

func (c *netConn) RemoteAddr() net.Addr { return c.conn.remoteAddr() }

// RemoteAddr returns where the stream comes from: see stream.RemoteAddr.
func (i *input) RemoteAddr() net.Addr { return i.conn.remoteAddr() }

// RemoteAddr returns where the stream goes to: see stream.RemoteAddr.
func (o *output) RemoteAddr() net.Addr { return o.conn.remoteAddr() }

func (c *conn) remoteAddr() net.Addr {
	a, _ := c.fd.peerAddr()
	return net.TCPAddrFromAddrPort(a.AddrPort)
}
