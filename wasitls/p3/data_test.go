package p3

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestP3_48_dropped: when nobody reads the plaintext, it is discarded; key
// updates are answered, and close_notify ends it as ever.
func TestP3_48_dropped(t *testing.T) {
	g := newGuest(t, newClient(t))
	answered := newTold("key update")
	g.pump(wasitlstest.RecordsPeer(ca().Server(), func(r *wasitlstest.Records, c *tls.Conn, _ wasitlstest.Conn) {
		record := make([]byte, 16<<10)
		for range 200 { // far more than any buffer
			r.Write(wasitlstest.RecordApplicationData, record)
		}
		r.KeyUpdate(true)
		r.Write(wasitlstest.RecordApplicationData, record)
		_, err := io.ReadFull(c, make([]byte, 5)) // sealed with the new key
		answered.set(err)
		r.CloseNotify()
		io.Copy(io.Discard, c)
	}).Pipe())
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	g.source.Drop()
	g.write("hello")
	answered.ok(t)
	g.end()
	g.sent.ok(t)
	g.received.ok(t)
}

// TestP3_48_unread: while the guest does not read, what comes is bounded, and
// messages that are not data are handled up to the next data.
func TestP3_48_unread(t *testing.T) {
	const buffer = 16 << 10
	client := newClient(t, func(c *wasitls.Config) { c.Policy.Limits.ReadBuffer = buffer })
	g := newGuest(t, client)
	answered := newTold("key update")
	data := make([]byte, buffer)
	rand.Read(data)
	g.pump(wasitlstest.RecordsPeer(ca().Server(), func(r *wasitlstest.Records, c *tls.Conn, _ wasitlstest.Conn) {
		r.Write(wasitlstest.RecordApplicationData, data)
		for range 10 {
			r.Ticket(1 << 10)
		}
		r.KeyUpdate(true)
		head := make([]byte, 4)
		_, err := io.ReadFull(c, head)
		answered.set(err)
		r.Write(wasitlstest.RecordApplicationData, data)
		r.CloseNotify()
	}).Pipe())
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	eventually(t, "data", g.source.Ready)
	g.write("ping")
	answered.ok(t)
	g.received.pending(t)
	if got := g.readAll(); got != string(data)+string(data) {
		t.Errorf("%d bytes differ", len(got))
	}
	g.received.ok(t)
}

// TestP3_48_bounded: a peer that never stops is held up.
func TestP3_48_bounded(t *testing.T) {
	below := make(chan *wasitlstest.Watched, 1)
	g := newGuest(t, newClient(t))
	near, far := wasitlstest.Pipe()
	watched := wasitlstest.Watch(far)
	go peerWith(ca().Server(), func(c *tls.Conn, _ wasitlstest.Conn) {
		below <- watched
		for {
			if _, err := c.Write(make([]byte, 16<<10)); err != nil {
				return
			}
		}
	}).Serve(wholly{watched, far})
	g.pump(near)
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	w := <-below
	last := int64(-1)
	eventually(t, "the peer stands still", func() bool {
		sent := w.Sent.Load()
		same := sent == last
		last = sent
		time.Sleep(moment)
		return same
	})
	// What the test's own pipe and pump hold, then the connector's part.
	if most := int64(wasitlstest.DefaultCapacity + 32<<10 + cipherPipe + wasitls.DefaultReadBuffer + 4*16<<10); last > most {
		t.Errorf("the peer could send %d bytes, more than %d", last, most)
	}
}

// wholly is a watched connection with the rest of what the connection can.
type wholly struct {
	*wasitlstest.Watched
	whole wasitlstest.Conn
}

func (w wholly) CloseWrite() error { return w.whole.CloseWrite() }
func (w wholly) Reset() error      { return w.whole.Reset() }

// TestP3_49: everything that was written reaches the peer without a further
// call, even when the ciphertext is moved slowly.
func TestP3_49(t *testing.T) {
	for _, size := range []int{1, 64 << 10, 200 << 10, 1<<20 + 7} {
		got := newTold("everything")
		data := make([]byte, size)
		rand.Read(data)
		g := newGuest(t, newClient(t))
		peer := peerFor(func(c *tls.Conn, _ wasitlstest.Conn) {
			b := make([]byte, size)
			_, err := io.ReadFull(c, b)
			if err == nil && !bytes.Equal(b, data) {
				err = io.ErrNoProgress
			}
			got.set(err)
			io.Copy(io.Discard, c)
		})
		g.pumpIn(peer)
		g.pumpSome(slowly{peer})
		if err := g.connect(wasitlstest.Name); err != nil {
			t.Fatal(err)
		}
		g.write(string(data))
		got.ok(t)
		g.sent.pending(t)
		g.cipherOut.Drop()
	}
}

type slowly struct{ io.Writer }

func (s slowly) Write(p []byte) (int, error) {
	time.Sleep(100 * time.Microsecond)
	return s.Writer.Write(p)
}

// TestP3_50: megabytes in both directions at once, in order, into buffers of
// any size.
func TestP3_50(t *testing.T) {
	const size = 8 << 20
	data := make([]byte, size)
	rand.Read(data)
	g := good(t, wasitlstest.Echo)
	go func() {
		for rest := data; len(rest) > 0; {
			n := min(len(rest), 1+len(rest)%70_001)
			if _, err := g.plain.Write(rest[:n]); err != nil {
				t.Error(err)
				return
			}
			rest = rest[n:]
		}
		g.end()
	}()
	var got bytes.Buffer
	within(t, func() (int64, error) {
		return io.CopyBuffer(struct{ io.Writer }{&got}, struct{ io.Reader }{g.plain}, make([]byte, 12_345))
	})
	if !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes differ", got.Len())
	}
	g.sent.ok(t)
	g.received.ok(t)
}

// TestP3_51: a corrupt record is an error, after what came before; the peer
// hears of it, and the other direction ends too.
func TestP3_51(t *testing.T) {
	heard := newTold("alert")
	g := good(t, func(c *tls.Conn, below wasitlstest.Conn) {
		io.WriteString(c, "good")
		io.WriteString(below, "\x17\x03\x03\x00\x20"+strings.Repeat("z", 32))
		_, err := io.ReadAll(c)
		heard.set(err)
	})
	want(t, "text", g.readAll(), "good")
	g.received.fails(t, "bad record MAC")
	g.sent.fails(t, "bad record MAC")
	heard.fails(t, "remote error: tls: bad record MAC")
	if _, err := g.sink.Permit(); err == nil {
		t.Error("plaintext is still taken")
	}
}

// TestP3_51_told: the plaintext does not end before its failure was told, so
// that whoever finds the end finds the reason.
func TestP3_51_told(t *testing.T) {
	g := newGuest(t, newClient(t))
	telling, hold := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(hold) })
	defer release()
	g.c.in.outcome = func(err error) {
		close(telling)
		<-hold
		g.received.set(err)
	}
	g.pump(peerFor(wasitlstest.CorruptRecord("")))
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	ended := newTold("end of the plaintext")
	go func() {
		io.ReadAll(g.plain)
		ended.set(nil)
	}()
	<-telling
	ended.pending(t)
	release()
	ended.ok(t)
	g.received.fails(t, "bad record MAC")
}

// TestP3_51_alert: an alert of the peer ends both directions.
func TestP3_51_alert(t *testing.T) {
	g := newGuest(t, newClient(t))
	g.pump(wasitlstest.RecordsPeer(ca().Server(), func(r *wasitlstest.Records, c *tls.Conn, _ wasitlstest.Conn) {
		r.Write(wasitlstest.RecordAlert, []byte{2, 80})
		io.Copy(io.Discard, c)
	}).Pipe())
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	want(t, "text", g.readAll(), "")
	g.received.fails(t, "remote error: tls: internal error")
	g.sent.fails(t, "remote error: tls: internal error")
}

// TestP3_52: an error's text is the reason in words, the same wherever it is
// told, and without addresses.
func TestP3_52(t *testing.T) {
	g := newGuest(t, newClient(t))
	g.pump(wasitlstest.Peer{Handle: wasitlstest.Plain("HTTP/1.1 400 Bad Request\r\n\r\n")}.Pipe())
	err := g.connect(wasitlstest.Name)
	resource, trap := classify(err)
	if trap != nil {
		t.Fatal(trap)
	}
	text, _ := toDebugString(nil, &struct{ Self *failure }{resource})
	want(t, "text", text, "wasitls: handshake: tls: first record does not look like a TLS handshake")
	for _, o := range []*told{g.sent, g.received} {
		want(t, o.name, newOutcome(o.get(t)).Err.text, text)
	}
}

// TestP3_53: each error is a resource of its own.
func TestP3_53(t *testing.T) {
	g := newGuest(t, newClient(t))
	err := g.connect("")
	seen := map[*failure]bool{}
	for _, err := range []error{err, g.sent.get(t), g.received.get(t)} {
		seen[newOutcome(err).Err] = true
	}
	want(t, "resources", len(seen), 3)
}

// TestGuestStopped: a guest that is stopped in the middle of a message does
// not send close_notify, and leaves nothing behind.
func TestGuestStopped(t *testing.T) {
	got := newTold("plaintext")
	g := good(t, func(c *tls.Conn, below wasitlstest.Conn) {
		_, err := io.ReadAll(&ending{c, below})
		got.set(err)
	})
	g.write("GET / HT")
	g.sink.Drop()
	g.sent.pending(t)
	g.c.close()
	g.sent.fails(t, "the guest has ended")
	g.received.fails(t, "the guest has ended")
	got.fails(t, "no close_notify")
}

var errNoClose = errors.New("no close_notify")

// ending tells close_notify from the end of the connection below.
type ending struct {
	*tls.Conn
	below wasitlstest.Conn
}

func (e *ending) Read(p []byte) (int, error) {
	n, err := e.Conn.Read(p)
	if err == io.EOF {
		if _, below := e.below.Read(make([]byte, 1)); below == io.EOF {
			err = errNoClose
		}
	}
	return n, err
}
