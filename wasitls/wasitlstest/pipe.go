package wasitlstest

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Conn is a connection whose end can be told apart: finished with CloseWrite,
// or broken with Reset. A *net.TCPConn becomes one by TCP.
type Conn interface {
	net.Conn
	CloseWrite() error // the peer reads what was written, then io.EOF
	Reset() error      // the peer gets ECONNRESET; closes
}

// TCP returns c with Reset.
func TCP(c *net.TCPConn) Conn { return tcp{c} }

type tcp struct{ *net.TCPConn }

func (t tcp) Reset() error {
	t.SetLinger(0)
	return t.Close()
}

// DefaultCapacity is how many bytes each direction of Pipe holds: about what
// a kernel holds for a TCP connection that nobody reads.
const DefaultCapacity = 64 << 10

// Pipe returns the two ends of a connection in memory. It behaves like TCP:
// writes are buffered up to a capacity, deadlines and Close end calls in
// progress, Close lets the peer read what was written.
func Pipe() (a, b Conn) { return PipeSize(DefaultCapacity) }

// PipeSize is Pipe with a capacity of n bytes for each direction.
func PipeSize(n int) (a, b Conn) {
	there, back := newFlow(n), newFlow(n)
	return &end{in: back, out: there}, &end{in: there, out: back}
}

type end struct{ in, out *flow }

func (e *end) Read(p []byte) (int, error)  { return e.in.read(p) }
func (e *end) Write(p []byte) (int, error) { return e.out.write(p) }

func (e *end) CloseWrite() error {
	e.out.update(func(f *flow) { f.finished = true })
	return nil
}

// Close ends reading first: a peer that sees the end shall not be able to write.
func (e *end) Close() error {
	e.in.update(func(f *flow) { f.readerGone = true })
	e.out.update(func(f *flow) { f.finished, f.writerGone = true, true })
	return nil
}

// Reset ends reading first, as Close does.
func (e *end) Reset() error {
	e.in.update(func(f *flow) { f.reset, f.readerGone = true, true })
	e.out.update(func(f *flow) { f.reset, f.writerGone, f.data = true, true, nil })
	return nil
}

func (e *end) SetDeadline(t time.Time) error {
	e.SetReadDeadline(t)
	return e.SetWriteDeadline(t)
}

func (e *end) SetReadDeadline(t time.Time) error  { return e.in.reader.set(e.in, t) }
func (e *end) SetWriteDeadline(t time.Time) error { return e.out.writer.set(e.out, t) }

func (e *end) LocalAddr() net.Addr  { return pipeAddr{} }
func (e *end) RemoteAddr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "192.0.2.1:49268" } // an address that must not appear in errors

// flow is one direction of a pipe.
type flow struct {
	capacity int

	mu             sync.Mutex
	changed        sync.Cond
	data           []byte
	finished       bool // no more will be written
	reset          bool
	readerGone     bool
	writerGone     bool
	reader, writer deadline
}

func newFlow(capacity int) *flow {
	f := &flow{capacity: capacity}
	f.changed.L = &f.mu
	return f
}

func (f *flow) update(change func(*flow)) {
	f.mu.Lock()
	change(f)
	f.changed.Broadcast()
	f.mu.Unlock()
}

func (f *flow) read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.readerGone:
			return 0, opError("read", net.ErrClosed)
		case f.reader.passed:
			return 0, opError("read", os.ErrDeadlineExceeded)
		case len(f.data) > 0 || len(p) == 0:
			n := copy(p, f.data)
			f.data = f.data[n:]
			f.changed.Broadcast()
			return n, nil
		case f.reset:
			return 0, opError("read", os.NewSyscallError("read", syscall.ECONNRESET))
		case f.finished:
			return 0, io.EOF
		}
		f.changed.Wait()
	}
}

func (f *flow) write(p []byte) (written int, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		switch {
		case f.writerGone:
			return written, opError("write", net.ErrClosed)
		case f.writer.passed:
			return written, opError("write", os.ErrDeadlineExceeded)
		case f.reset, f.readerGone, f.finished:
			return written, opError("write", os.NewSyscallError("write", syscall.EPIPE))
		}
		if n := min(len(p)-written, f.capacity-len(f.data)); n > 0 {
			f.data = append(f.data, p[written:written+n]...)
			written += n
			f.changed.Broadcast()
		}
		if written == len(p) {
			return written, nil
		}
		f.changed.Wait()
	}
}

// opError is what net returns, addresses included.
func opError(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: pipeAddr{}, Addr: pipeAddr{}, Err: err}
}

// deadline is guarded by the flow's mutex.
type deadline struct {
	timer  *time.Timer
	passed bool
}

func (d *deadline) set(f *flow, t time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.passed = !t.IsZero() && time.Until(t) <= 0
	if d.passed {
		f.changed.Broadcast()
	} else if !t.IsZero() {
		var timer *time.Timer
		timer = time.AfterFunc(time.Until(t), func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			if d.timer == timer {
				d.passed = true
				f.changed.Broadcast()
			}
		})
		d.timer = timer
	}
	return nil
}
