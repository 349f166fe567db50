package wasitls

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Transport is a byte connection below TLS. Every net.Conn is one, and
// crypto/tls then sits directly on it; Streams makes one of two streams.
//
// Read and Write block. One goroutine reads while another writes. Deadlines
// and Close apply to calls in progress too and end them promptly: a connection
// whose Close or SetWriteDeadline does nothing can never be freed. What Write
// took goes out without further calls.
//
// Close ends the use of the transport by TLS. It must not block, and may be
// called more than once. Whether the
// connection below ends with it is the transport's affair: see Borrow.
type Transport interface {
	io.ReadWriteCloser
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
}

// NowReader is a Transport that can tell that there is nothing to read. What
// arrives in bulk then costs fewer wakings.
type NowReader interface {
	Transport
	// ReadNow is Read, but returns 0 and no error instead of waiting.
	ReadNow(p []byte) (int, error)
}

// Addressed is a Transport, or a Source below one, that knows the address it is
// connected to. Every net.Conn is one.
type Addressed interface {
	// RemoteAddr returns the peer's address, as of a *net.TCPAddr. Anything
	// else is an address that is not known.
	RemoteAddr() net.Addr
}

// addressOf returns the address that a transport is connected to, zero if it
// is not known.
func addressOf(t any) netip.AddrPort {
	a, ok := t.(Addressed)
	if !ok {
		return netip.AddrPort{}
	}
	tcp, ok := a.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	addr := tcp.AddrPort()
	return netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
}

// Borrow returns a transport on conn that leaves conn open: Close only ends
// the calls in progress and those to come, then calls release, once, if that
// is not nil. It is for connections that belong to somebody else, like a
// guest's socket. The deadlines of conn are in the past afterwards.
func Borrow(conn net.Conn, release func()) Transport {
	return &borrowed{Conn: conn, release: release}
}

type borrowed struct {
	net.Conn
	release func()

	mu     sync.Mutex // no deadline is set after Close
	closed bool
}

func (b *borrowed) Close() error {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return nil
	}
	b.closed = true
	err := b.Conn.SetDeadline(past)
	b.mu.Unlock()
	if b.release != nil {
		b.release()
	}
	return err
}

func (b *borrowed) SetReadDeadline(t time.Time) error {
	return b.setDeadline(b.Conn.SetReadDeadline, t)
}

func (b *borrowed) SetWriteDeadline(t time.Time) error {
	return b.setDeadline(b.Conn.SetWriteDeadline, t)
}

func (b *borrowed) setDeadline(set func(time.Time) error, t time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return net.ErrClosed
	}
	return set(t)
}

// past is a deadline that ends calls at once.
var past = time.Unix(1, 0)

// wire is the net.Conn that crypto/tls gets. It remembers what crypto/tls
// forgets: whether the transport ended.
type wire struct {
	t Transport

	ended  bool        // the transport returned its end; reader only
	sawEnd atomic.Bool // crypto/tls was told
	noWait bool        // Read returns errWouldBlock instead of waiting; reader only

	out  sync.Mutex // of writing
	held *bundle    // what was written since hold, nil without
}

// bundle is records that go out in one write.
type bundle struct {
	n   int
	buf [maxBurst*chunkSize + 1024]byte // and what TLS adds
}

var bundles = sync.Pool{New: func() any { return new(bundle) }}

// hold makes Write gather until release.
func (w *wire) hold() {
	w.out.Lock()
	defer w.out.Unlock()
	w.held = bundles.Get().(*bundle)
	w.held.n = 0
}

// release writes what was gathered.
func (w *wire) release() error {
	w.out.Lock()
	defer w.out.Unlock()
	err := w.flush()
	bundles.Put(w.held)
	w.held = nil
	return err
}

// flush writes what was gathered so far.
func (w *wire) flush() error {
	p := w.held.buf[:w.held.n]
	w.held.n = 0
	_, err := w.write(p)
	return err
}

// Read never returns bytes together with the end: crypto/tls would drop the end.
func (w *wire) Read(p []byte) (int, error) {
	if w.ended {
		w.sawEnd.Store(true)
		return 0, io.EOF
	}
	if w.noWait {
		return w.readNow(p)
	}
	// bytes.Buffer, through which crypto/tls reads, would spin on (0, nil).
	for range maxFruitless {
		n, err := w.t.Read(p)
		if n > 0 || err != nil {
			return w.got(n, err)
		}
	}
	return 0, &transportError{io.ErrNoProgress}
}

func (w *wire) readNow(p []byte) (int, error) {
	r, ok := w.t.(NowReader)
	if !ok {
		return 0, errWouldBlock
	}
	n, err := r.ReadNow(p)
	if n == 0 && err == nil {
		return 0, errWouldBlock
	}
	return w.got(n, err)
}

// got is what Read returns for what the transport returned.
func (w *wire) got(n int, err error) (int, error) {
	switch {
	case err == nil:
		return n, nil
	case err != io.EOF:
		return n, &transportError{err}
	}
	w.ended = true
	if n > 0 {
		return n, nil
	}
	w.sawEnd.Store(true)
	return 0, io.EOF
}

// Write is called by the sender, and by the receiver to answer a KeyUpdate.
func (w *wire) Write(p []byte) (int, error) {
	w.out.Lock()
	defer w.out.Unlock()
	if w.held != nil && len(p) > len(w.held.buf)-w.held.n {
		if err := w.flush(); err != nil {
			return 0, err
		}
	}
	if w.held == nil || len(p) > len(w.held.buf) {
		return w.write(p)
	}
	w.held.n += copy(w.held.buf[w.held.n:], p)
	return len(p), nil
}

func (w *wire) write(p []byte) (int, error) {
	n, err := w.t.Write(p)
	if err != nil {
		return n, &transportError{err}
	}
	return n, nil
}

func (w *wire) Close() error { return w.t.Close() }

// crypto/tls sets deadlines around close_notify and leaves the last one in the
// past. That would also fail the answer to a KeyUpdate, which crypto/tls then
// does not survive: it keeps the old key for reading. So the deadlines of a
// transport are set by this package alone.
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

func (w *wire) LocalAddr() net.Addr  { return nowhere{} }
func (w *wire) RemoteAddr() net.Addr { return nowhere{} }

// nowhere stands for both addresses, so that none can reach an error.
type nowhere struct{}

func (nowhere) Network() string { return "wasitls" }
func (nowhere) String() string  { return "wasitls" }

// errWouldBlock is temporary, so that crypto/tls forgets it: it treats a read
// that fails with it like one whose deadline passed.
var errWouldBlock net.Error = wouldBlock{}

type wouldBlock struct{}

func (wouldBlock) Error() string   { return "wasitls: read would block" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }
