package wasitls

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Source is a byte stream that never blocks, as Input is one: Read returns
// (0, nil) when there is nothing yet and an error that is ErrClosed at the end.
// Drop may come while another method is being called.
type Source interface {
	Read(p []byte) (int, error)
	// Notify calls f once when Read would return something.
	Notify(f func()) (stop func())
	Drop()
}

// BlockingSource is a Source on which a goroutine can wait at less cost than by
// Notify.
type BlockingSource interface {
	Source
	// ReadWait is Read, but waits for something to return; Drop ends that. It
	// is errors.ErrUnsupported, always, if that cannot be done.
	ReadWait(p []byte) (int, error)
	// SetReadDeadline ends a ReadWait in progress, and those to come, at t with
	// os.ErrDeadlineExceeded; a zero time is no deadline.
	SetReadDeadline(t time.Time) error
}

// Sink is a byte stream that never blocks, as Output is one. Drop may come
// while another method is being called.
type Sink interface {
	// Permit returns how much Write takes now, 0 for nothing yet.
	Permit() (int, error)
	Write(p []byte) error
	Flush() error
	// Notify calls f once when Permit would return something.
	Notify(f func()) (stop func())
	Drop()
}

// Streams returns a transport of two streams, which it owns and drops in
// Close. They need not belong together: the streams of a pipe, a file, or the
// halves of another TLS connection all do. Everything written is flushed.
func Streams(in Source, out Sink) Transport {
	t := &streams{in: in, out: out, closed: make(chan struct{})}
	t.blocking, _ = in.(BlockingSource)
	t.read.init()
	t.write.init()
	return t
}

type streams struct {
	in       Source
	blocking BlockingSource // in, if it is one
	polled   bool           // it turned out not to be; reader only
	out      Sink

	read, write waiting
	closing     atomic.Bool
	closed      chan struct{}
}

func (t *streams) Read(p []byte) (int, error) {
	for range maxFruitless {
		n, err := t.readSome(p)
		switch {
		case errors.Is(err, ErrClosed):
			return n, io.EOF
		case n > 0 || err != nil || len(p) == 0:
			return n, err
		}
		if err := t.read.wait(t.in.Notify, t.closed); err != nil {
			return 0, err
		}
	}
	return 0, io.ErrNoProgress
}

// readSome reads, and waits if the source can. Else it may return nothing.
func (t *streams) readSome(p []byte) (int, error) {
	if t.blocking != nil && !t.polled {
		select {
		case <-t.closed:
			return 0, net.ErrClosed
		default:
		}
		n, err := t.blocking.ReadWait(p)
		if err != errors.ErrUnsupported {
			return n, err
		}
		t.polled = true
	}
	return t.in.Read(p)
}

// RemoteAddr implements Addressed: what is received is from the source's
// address. A sink that has an address must have the same one.
func (t *streams) RemoteAddr() net.Addr {
	from := addressOf(t.in)
	if _, ok := t.out.(Addressed); ok && addressOf(t.out) != from || !from.IsValid() {
		return nil
	}
	return net.TCPAddrFromAddrPort(from)
}

// ReadNow implements NowReader.
func (t *streams) ReadNow(p []byte) (int, error) {
	select {
	case <-t.closed:
		return 0, net.ErrClosed
	default:
	}
	n, err := t.in.Read(p)
	if errors.Is(err, ErrClosed) {
		err = io.EOF
	}
	return n, err
}

func (t *streams) Write(p []byte) (written int, err error) {
	for fruitless := 0; written < len(p); fruitless++ {
		if fruitless == maxFruitless {
			return written, io.ErrNoProgress
		}
		n, err := t.out.Permit()
		if err != nil {
			return written, err
		}
		if n > 0 {
			n = min(n, len(p)-written)
			if err := t.out.Write(p[written : written+n]); err != nil {
				return written, err
			}
			written += n
			fruitless = 0
			continue
		}
		if err := t.write.wait(t.out.Notify, t.closed); err != nil {
			return written, err
		}
	}
	return written, t.out.Flush()
}

func (t *streams) SetReadDeadline(d time.Time) error {
	if t.blocking != nil {
		_ = t.blocking.SetReadDeadline(d) // if it is unsupported nothing waits there
	}
	return t.read.setDeadline(d)
}
func (t *streams) SetWriteDeadline(d time.Time) error { return t.write.setDeadline(d) }

func (t *streams) Close() error {
	if t.closing.Swap(true) { // perhaps by what Drop calls below
		return nil
	}
	close(t.closed)
	t.in.Drop()
	t.out.Drop()
	return nil
}

// waiting lets one goroutine wait for a stream, with a deadline that may
// change meanwhile.
type waiting struct {
	event chan struct{} // a stream's call, or a new deadline

	mu       sync.Mutex
	deadline time.Time
}

func (w *waiting) init() { w.event = make(chan struct{}, 1) }

func (w *waiting) signal() {
	select {
	case w.event <- struct{}{}:
	default:
	}
}

func (w *waiting) setDeadline(t time.Time) error {
	w.mu.Lock()
	w.deadline = t
	w.mu.Unlock()
	w.signal()
	return nil
}

// remaining returns the time left, and false if there is no deadline.
func (w *waiting) remaining() (time.Duration, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Until(w.deadline), !w.deadline.IsZero()
}

// wait returns when notify has called, or with an error.
func (w *waiting) wait(notify func(func()) func(), closed <-chan struct{}) error {
	select {
	case <-closed:
		return net.ErrClosed
	default:
	}
	var timeout <-chan time.Time
	left, limited := w.remaining()
	if limited && left <= 0 {
		return os.ErrDeadlineExceeded
	}
	if limited {
		timer := time.NewTimer(left)
		defer timer.Stop()
		timeout = timer.C
	}
	stop := notify(w.signal)
	defer stop()
	select {
	case <-w.event:
		return nil
	case <-timeout:
		return os.ErrDeadlineExceeded
	case <-closed:
		return net.ErrClosed
	}
}
