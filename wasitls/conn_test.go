package wasitls_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// recorder returns a connection to a peer that reads to the end, and a function
// that waits for what it got and whether a close_notify came.
func recorder(t *testing.T) (near wasitlstest.Conn, received func() (data string, clean bool)) {
	type result struct {
		data  string
		clean bool
	}
	results := make(chan result, 1)
	near, far := wasitlstest.Pipe()
	below := &noticing{Conn: far}
	go wasitlstest.Peer{Config: good(), Handle: func(tc *tls.Conn, _ wasitlstest.Conn) {
		data, err := io.ReadAll(tc)
		results <- result{string(data), err == nil && !below.sawEnd}
		io.Copy(io.Discard, far)
	}}.Serve(below)
	return near, func() (string, bool) {
		t.Helper()
		select {
		case r := <-results:
			return r.data, r.clean
		case <-time.After(patience):
			t.Fatal("the peer does not get to the end")
			panic("unreachable")
		}
	}
}

// noticing tells a server what its crypto/tls does not: that its transport ended.
type noticing struct {
	wasitlstest.Conn
	sawEnd bool
}

func (n *noticing) Read(p []byte) (int, error) {
	m, err := n.Conn.Read(p)
	n.sawEnd = n.sawEnd || err == io.EOF
	return m, err
}

// dropAll gives every handle up.
func dropAll(c *wasitls.Conn) {
	c.Output().Drop()
	c.Input().Drop()
	c.Drop()
}

// --- input half

// TestP2_40ReadAheadIsBounded: a guest that does not read holds the peer up.
func TestP2_40ReadAheadIsBounded(t *testing.T) {
	c := config()
	c.Policy.Limits.ReadBuffer = 32 << 10
	near, far := wasitlstest.Pipe()
	sent := wasitlstest.Watch(far)
	go wasitlstest.Peer{Config: good(), Handle: source}.Serve(asConn{sent, far})
	conn := connect(t, c, near)
	before := int64(-1)
	eventually(t, "the peer is held up", func() bool {
		now := sent.Sent.Load()
		defer func() { before = now }()
		time.Sleep(20 * time.Millisecond)
		return now == before && now > 0
	})
	if most := int64(c.Policy.Limits.ReadBuffer + 3*(16<<10) + wasitlstest.DefaultCapacity + 8<<10); before > most {
		t.Errorf("took %d bytes, more than %d", before, most)
	}
	_, err := io.CopyN(io.Discard, conn, 1<<20) // and it goes on
	noError(t, err)
}

// asConn is a watched end of a pipe with the pipe's other methods.
type asConn struct {
	*wasitlstest.Watched
	end wasitlstest.Conn
}

func (a asConn) CloseWrite() error { return a.end.CloseWrite() }
func (a asConn) Reset() error      { return a.end.Reset() }

// TestP2_41PartialReads: nothing there is 0; less than there is keeps the rest.
func TestP2_41PartialReads(t *testing.T) {
	proceed := make(chan struct{})
	conn := to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		<-proceed
		io.WriteString(tc, "hello world")
		tc.Read(make([]byte, 1))
	})
	in, p := conn.Conn.Input(), make([]byte, 3)
	n, err := in.Read(p)
	noError(t, err)
	want(t, "read", n, 0)
	close(proceed)
	eventually(t, "data", in.Ready)
	n, _ = in.Read(nil)
	want(t, "empty read", n, 0)
	n, _ = in.Read(p)
	want(t, "read", string(p[:n]), "hel")
	n, _ = in.Skip(3)
	want(t, "skipped", n, 3)
	n, _ = in.Read(p)
	want(t, "read", string(p[:n]), "wor")
	n, _ = in.Skip(1 << 30)
	want(t, "skipped", n, 2)
	want(t, "ready", in.Ready(), false)
}

// TestP2_42CleanEnd: data, then closed for ever; also P2-44.
func TestP2_42CleanEnd(t *testing.T) {
	conn := to(t, wasitlstest.Say("hello"))
	data, err := readAll(t, conn)
	noError(t, err)
	want(t, "data", data, "hello")
	closedForEver(t, conn.Conn.Input())
	_, err = conn.Conn.Input().Read(nil)
	want(t, "empty read", err, wasitls.ErrClosed)
	_, err = conn.Conn.Input().Skip(1)
	want(t, "skip", err, wasitls.ErrClosed)
}

// TestP2_43Truncation: the failure once, then closed. D06 has the details.
func TestP2_43Truncation(t *testing.T) {
	conn := to(t, wasitlstest.Truncate("hello"))
	data, err := readAll(t, conn)
	want(t, "data", data, "hello")
	if !errors.Is(err, wasitls.ErrTruncated) {
		t.Error(err)
	}
	closedForEver(t, conn.Conn.Input())
}

// TestTicketsDoNotMakeReady: a server of TLS 1.3 sends session tickets and
// KeyUpdates at will; they are handled and nobody is woken.
func TestTicketsDoNotMakeReady(t *testing.T) {
	handled := make(chan struct{})
	peer := wasitlstest.RecordsPeer(good(), func(r *wasitlstest.Records, tc *tls.Conn, _ wasitlstest.Conn) {
		r.Ticket(200)
		r.KeyUpdate(true)
		tc.Read(make([]byte, 1)) // the answer to KeyUpdate came before
		close(handled)
		hello(r)
		io.Copy(io.Discard, tc)
	})
	conn := connect(t, config(), peer.Pipe())
	in := conn.Conn.Input()
	woken := make(chan struct{})
	in.Notify(func() { close(woken) })
	time.Sleep(20 * time.Millisecond)
	select {
	case <-woken:
		t.Fatal("woken by a ticket")
	default:
	}
	want(t, "ready", in.Ready(), false)
	_, err := io.WriteString(conn, "x")
	noError(t, err)
	<-handled
	<-woken
	p := make([]byte, 5)
	_, err = io.ReadFull(conn, p)
	noError(t, err)
	want(t, "data", string(p), "hello")
}

// TestNotifyIsTakenBack and fires only once.
func TestNotifyIsTakenBack(t *testing.T) {
	conn := to(t, wasitlstest.Echo)
	in := conn.Conn.Input()
	stop := in.Notify(func() { t.Error("called after it was taken back") })
	stop()
	calls := make(chan struct{}, 10)
	in.Notify(func() { calls <- struct{}{} })
	for range 3 {
		_, err := io.WriteString(conn, "x")
		noError(t, err)
		_, err = io.ReadFull(conn, make([]byte, 1))
		noError(t, err)
	}
	want(t, "calls", len(calls), 1)
}

// --- output half

// TestP2_50Permit: bounded, honest, and nothing above it is accepted (P2-52, P2-53).
func TestP2_50Permit(t *testing.T) {
	c := config()
	c.Policy.Limits.WriteBuffer = 4096
	near, received := recorder(t)
	conn := connect(t, c, near)
	out := conn.Conn.Output()
	n, err := out.Permit()
	noError(t, err)
	want(t, "permit", n, 4096)
	want(t, "too large", out.Write(make([]byte, 4097)), wasitls.ErrPermit)
	noError(t, out.Write(make([]byte, 4096)))
	noError(t, conn.CloseWrite())
	data, _ := received()
	want(t, "received", len(data), 4096)
}

// TestP2_54EmptyWrite changes nothing.
func TestP2_54EmptyWrite(t *testing.T) {
	conn := to(t, nil)
	noError(t, conn.Conn.Output().Write(nil))
	want(t, "ready", conn.Conn.Output().Ready(), true)
}

// TestP2_56Flush: the peer has everything without further calls.
func TestP2_56Flush(t *testing.T) {
	got := make(chan string, 1)
	conn := to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		p := make([]byte, 5)
		io.ReadFull(tc, p)
		got <- string(p)
		io.Copy(io.Discard, tc)
	})
	out := conn.Conn.Output()
	noError(t, out.Write([]byte("hello")))
	noError(t, out.Flush())
	want(t, "received", <-got, "hello")
	eventually(t, "flushed", out.Ready)
	n, err := out.Permit()
	noError(t, err)
	want(t, "permit", n, wasitls.DefaultWriteBuffer)
}

// TestP2_55FlushInProgress: no permit, no writes, and flushing again is fine.
func TestP2_55FlushInProgress(t *testing.T) {
	proceed := make(chan struct{})
	conn := to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		<-proceed
		io.Copy(io.Discard, tc)
	})
	out := conn.Conn.Output()
	fill(t, out)
	for range 2 {
		noError(t, out.Flush())
	}
	want(t, "ready", out.Ready(), false)
	n, err := out.Permit()
	noError(t, err)
	want(t, "permit", n, 0)
	want(t, "write", out.Write([]byte("x")), wasitls.ErrPermit)
	close(proceed)
	eventually(t, "flushed", out.Ready)
	noError(t, out.Write([]byte("x")))
	noError(t, out.Flush())
}

// TestP2_57FailureOnce: reported once, by whichever call comes first, then closed.
func TestP2_57FailureOnce(t *testing.T) {
	calls := map[string]func(*wasitls.Output) error{
		"permit": func(o *wasitls.Output) error { _, err := o.Permit(); return err },
		"write":  func(o *wasitls.Output) error { return o.Write([]byte("x")) },
		"flush":  func(o *wasitls.Output) error { return o.Flush() },
	}
	for name, call := range calls {
		t.Run(name, func(t *testing.T) {
			near, far := wasitlstest.Pipe()
			go wasitlstest.Peer{Config: good(), Handle: func(*tls.Conn, wasitlstest.Conn) {}}.Serve(far)
			conn := connect(t, config(), near)
			out := conn.Conn.Output()
			readAll(t, conn) // the peer is gone
			noError(t, out.Write([]byte("x")))
			noError(t, ignore(out.Flush(), wasitls.ClassTransport))
			eventually(t, "ready", out.Ready)
			err := call(out)
			if err != wasitls.ErrClosed { // unless Flush had it
				streamError(t, err, wasitls.ClassTransport, "broken pipe")
			}
			for _, call := range calls {
				want(t, "afterwards", call(out), wasitls.ErrClosed)
			}
			conn.Conn.CloseOutput()
			want(t, "ready", out.Ready(), true)
		})
	}
}

func ignore(err error, class wasitls.Class) error {
	var failure *wasitls.StreamError
	if errors.As(err, &failure) && failure.Class == class {
		return nil
	}
	return err
}

// TestP2_59TransportOutputClosed: that is a failure of this half, not its end.
func TestP2_59TransportOutputClosed(t *testing.T) {
	outer := to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		wasitlstest.Echo(tls.Server(tc, good()), nil)
	})
	inner := connect(t, config(), wasitls.Streams(outer.Conn.Input(), outer.Conn.Output()))
	noError(t, outer.CloseWrite())
	_, err := io.WriteString(inner, "x")
	noError(t, err)
	err = inner.Flush()
	streamError(t, err, wasitls.ClassTransport, "transport closed")
	want(t, "is closed", errors.Is(err, wasitls.ErrClosed), false)
}

// TestP2_60WriteAfterPeersClose is D09: half-close from the other side.
func TestP2_60WriteAfterPeersClose(t *testing.T) {
	got := make(chan string, 1)
	conn := to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		tc.CloseWrite()
		data, _ := io.ReadAll(tc)
		got <- string(data)
	})
	_, err := readAll(t, conn)
	noError(t, err)
	_, err = io.WriteString(conn, "still here")
	noError(t, err)
	noError(t, conn.CloseWrite())
	want(t, "received", <-got, "still here")
}

// TestP2_70CloseOutput is P2-70 to P2-72 and P2-74: after all data, not
// blocking, once, and the transport stays open.
func TestP2_70CloseOutput(t *testing.T) {
	proceed := make(chan struct{})
	got := make(chan string, 1)
	near, far := wasitlstest.Pipe()
	go wasitlstest.Peer{Config: good(), Handle: func(tc *tls.Conn, below wasitlstest.Conn) {
		<-proceed
		data, _ := io.ReadAll(tc)
		below.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		_, err := below.Read(make([]byte, 1))
		got <- fmt.Sprint(len(data), " ", errors.Is(err, io.EOF))
	}}.Serve(far)
	conn := connect(t, config(), near)
	out := conn.Conn.Output()
	accepted := fill(t, out)
	for range 3 {
		conn.Conn.CloseOutput()
		n, err := out.Permit()
		noError(t, err)
		want(t, "permit", n, 0)
		want(t, "ready", out.Ready(), false)
		want(t, "write", out.Write([]byte("x")), wasitls.ErrClosed)
		noError(t, out.Flush())
	}
	close(proceed)
	eventually(t, "closed", out.Ready)
	for range 3 {
		_, err := out.Permit()
		want(t, "permit", err, wasitls.ErrClosed)
		want(t, "flush", out.Flush(), wasitls.ErrClosed)
		conn.Conn.CloseOutput()
	}
	want(t, "data, and whether the transport ended", <-got, fmt.Sprint(accepted, " ", false))
}

// TestP2_73CloseFails: once as failure, then closed.
func TestP2_73CloseFails(t *testing.T) {
	conn := to(t, func(*tls.Conn, wasitlstest.Conn) {})
	readAll(t, conn)
	err := conn.CloseWrite()
	streamError(t, err, wasitls.ClassTransport, "broken pipe")
	_, err = conn.Conn.Output().Permit()
	want(t, "permit", err, wasitls.ErrClosed)
}

// TestP2_75ReadAfterCloseOutput is D10, with the KeyUpdate that crypto/tls
// would not survive on a connection whose deadlines it sets itself.
func TestP2_75ReadAfterCloseOutput(t *testing.T) {
	peer := wasitlstest.RecordsPeer(good(), func(r *wasitlstest.Records, tc *tls.Conn, below wasitlstest.Conn) {
		io.Copy(io.Discard, tc) // to the client's close_notify
		hello(r)
		r.KeyUpdate(true)
		hello(r)
		r.CloseNotify()
		io.Copy(io.Discard, below)
	})
	conn := connect(t, config(), peer.Pipe())
	noError(t, conn.CloseWrite())
	data, err := readAll(t, conn)
	noError(t, err)
	want(t, "data", data, "hellohello")
}

// --- handles

// TestP2_32DropConnection: the halves go on, and nothing is sent.
func TestP2_32DropConnection(t *testing.T) {
	watched := wasitlstest.Watch(wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}.Pipe())
	conn := connect(t, config(), watched)
	sent := watched.Sent.Load()
	conn.Conn.Drop()
	conn.Conn.Drop()
	want(t, "sent", watched.Sent.Load(), sent)
	_, err := io.WriteString(conn, "hello")
	noError(t, err)
	p := make([]byte, 5)
	_, err = io.ReadFull(conn, p)
	noError(t, err)
	want(t, "echo", string(p), "hello")
}

// TestP2_33WriteThenDrop: accepted data is delivered, and close_notify if and
// only if it was asked for.
func TestP2_33WriteThenDrop(t *testing.T) {
	text := strings.Repeat("deliver me ", 5000)
	for _, closing := range []bool{false, true} {
		t.Run(fmt.Sprint("close ", closing), func(t *testing.T) {
			near, received := recorder(t)
			watched := wasitlstest.Watch(wasitlstest.Trickle(near, 1000))
			conn := connect(t, config(), watched)
			noError(t, conn.Conn.Output().Write([]byte(text)))
			if closing {
				conn.Conn.CloseOutput()
			}
			dropAll(conn.Conn)
			data, clean := received()
			want(t, "data", data == text, true)
			want(t, "close_notify", clean, closing)
			ended(t, conn.Conn)
			want(t, "closed", watched.Closed.Load(), 1)
			_, err := conn.Conn.Output().Permit()
			want(t, "permit", err, wasitls.ErrClosed)
			want(t, "write", conn.Conn.Output().Write(nil), wasitls.ErrClosed)
		})
	}
}

// TestP2_34DropInput: writing goes on, and the peer's data does not matter.
func TestP2_34DropInput(t *testing.T) {
	near, received := recorder(t)
	conn := connect(t, config(), near)
	in := conn.Conn.Input()
	woken := make(chan struct{})
	in.Notify(func() { close(woken) })
	in.Drop()
	in.Drop()
	<-woken
	closedForEver(t, in)
	_, err := io.WriteString(conn, "one way")
	noError(t, err)
	noError(t, conn.CloseWrite())
	data, _ := received()
	want(t, "received", data, "one way")
}

// TestP2_35AnyOrder: the transport is released when the third handle goes,
// whichever it is (E7, E8).
func TestP2_35AnyOrder(t *testing.T) {
	for _, order := range []string{"ioc", "ico", "oic", "oci", "cio", "coi"} {
		t.Run(order, func(t *testing.T) {
			watched := wasitlstest.Watch(wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}.Pipe())
			conn := connect(t, config(), watched).Conn
			drops := map[rune]func(){'i': conn.Input().Drop, 'o': conn.Output().Drop, 'c': conn.Drop}
			for _, handle := range order {
				want(t, "closed before the last", watched.Closed.Load(), 0)
				drops[handle]()
				drops[handle]()
			}
			ended(t, conn)
			want(t, "closed", watched.Closed.Load(), 1)
		})
	}
}

// TestCloseOutputAfterDrop: the connection's handle can still ask for it.
func TestCloseOutputAfterDrop(t *testing.T) {
	near, received := recorder(t)
	conn := connect(t, config(), near)
	_, err := io.WriteString(conn, "hello")
	noError(t, err)
	conn.Conn.Output().Drop()
	conn.Conn.CloseOutput()
	data, clean := received()
	want(t, "received", data, "hello")
	want(t, "close_notify", clean, true)
}

// TestCloseTimeout: data that the peer does not take is given up in time.
func TestCloseTimeout(t *testing.T) {
	now := time.Now()
	good()
	synctest.Test(t, func(t *testing.T) {
		stop := make(chan struct{})
		peer := wasitlstest.Peer{Config: good(), Handle: func(*tls.Conn, wasitlstest.Conn) { <-stop }}
		c := config()
		c.Time = func() time.Time { return now }
		conn := connect(t, c, peer.Pipe())
		fill(t, conn.Conn.Output())
		conn.Conn.CloseOutput()
		start := time.Now()
		dropAll(conn.Conn)
		ended(t, conn.Conn)
		want(t, "took", time.Since(start), wasitls.DefaultCloseTimeout)
		close(stop)
		synctest.Wait()
	})
}

// TestCloseIsImmediate, in every state, and from any goroutine.
func TestCloseIsImmediate(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	conn := to(t, func(*tls.Conn, wasitlstest.Conn) { <-stop })
	fill(t, conn.Conn.Output())
	start := time.Now()
	for range 2 {
		conn.Conn.Close()
	}
	ended(t, conn.Conn)
	if took := time.Since(start); took > time.Second {
		t.Errorf("took %v", took)
	}
	_, err := conn.Conn.Output().Permit()
	want(t, "permit", err, wasitls.ErrClosed)
	closedForEver(t, conn.Conn.Input())
}

// TestCloseWithFullReadBuffer: a receiver that waits for room ends, too.
func TestCloseWithFullReadBuffer(t *testing.T) {
	conn := to(t, source)
	time.Sleep(20 * time.Millisecond)
	closeNow(t, conn.Conn)
}

// TestP2_04TLSInTLS: the halves of one connection carry another.
func TestP2_04TLSInTLS(t *testing.T) {
	outer := to(t, func(tc *tls.Conn, _ wasitlstest.Conn) {
		inner := tls.Server(tc, good())
		wasitlstest.Echo(inner, nil)
	})
	transport := wasitls.Streams(outer.Conn.Input(), outer.Conn.Output())
	outer.Conn.Drop()
	inner := connect(t, config(), transport)
	text := bytes.Repeat([]byte("turtles "), 50_000)
	go func() {
		inner.Write(text)
		inner.CloseWrite()
	}()
	data, err := readAll(t, inner)
	noError(t, err)
	want(t, "echo", data == string(text), true)
	dropAll(inner.Conn)
	ended(t, inner.Conn)
	ended(t, outer.Conn)
}

// TestStreamsDeadline: cancelling works over streams that never answer.
func TestStreamsDeadline(t *testing.T) {
	outer := to(t, nil) // takes everything and says nothing
	c := config()
	c.Policy.Rules[0].HandshakeTimeout = 50 * time.Millisecond
	transport := wasitls.Streams(outer.Conn.Input(), outer.Conn.Output())
	fails(t, c, noAddr{transport}, wasitlstest.Name, wasitls.ClassTimeout)
	noError(t, transport.SetReadDeadline(time.Unix(1, 0)))
}
