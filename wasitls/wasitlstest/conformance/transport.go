package conformance

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// Group D of the fault catalogue: the transport. D01 and D07 within the
// handshake are rows of TestC.

// overTCP runs f with a connection to a peer on loopback.
func overTCP(t *testing.T, p wasitlstest.Peer) wasitlstest.Conn {
	t.Helper()
	server, err := p.Listen()
	noError(t, err)
	t.Cleanup(server.Close)
	conn, err := server.Dial()
	noError(t, err)
	return conn
}

func (s suite) TestD02ResetInHandshake(t *testing.T) {
	peer := wasitlstest.Peer{Handle: func(_ *tls.Conn, below wasitlstest.Conn) {
		below.Read(make([]byte, 1))
		below.Reset()
	}}
	says(t, fails(t, s.config(), peer.Pipe(), wasitlstest.Name, wasitls.ClassTransport), "connection reset by peer")
	says(t, fails(t, s.config(), overTCP(t, peer), wasitlstest.Name, wasitls.ClassTransport), "connection reset by peer")
}

// TestD03SilentPeer: the deadline is ten seconds unless told otherwise.
func (s suite) TestD03SilentPeer(t *testing.T) {
	good() // keys are made outside of the bubble
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		near, far := wasitlstest.Pipe()
		err := fails(t, s.config(), near, wasitlstest.Name, wasitls.ClassTimeout)
		want(t, "took", time.Since(start), 10*time.Second)
		says(t, err, "deadline exceeded: no connection within 10s")
		if !errors.Is(err, wasitls.ErrTimeout) {
			t.Error("not ErrTimeout")
		}
		far.Close()
	})
}

// TestD04SlowLoris: progress does not extend the deadline.
func (s suite) TestD04SlowLoris(t *testing.T) {
	good()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		drip := wasitlstest.Drip("\x16\x03\x03\x40\x00\x02"+strings.Repeat("x", 25), time.Second)
		fails(t, s.config(), wasitlstest.Peer{Handle: drip}.Pipe(), wasitlstest.Name, wasitls.ClassTimeout)
		want(t, "took", time.Since(start), 10*time.Second)
		time.Sleep(2 * time.Second) // the peer notices at its next byte
	})
}

func (s suite) TestD05TinyFragments(t *testing.T) {
	near := wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}.Pipe()
	conn := connect(t, s.config(), wasitlstest.Trickle(near, 1))
	text := strings.Repeat("fragments ", 1000)
	_, err := io.WriteString(conn, text)
	noError(t, err)
	noError(t, conn.CloseWrite())
	data, err := readAll(t, conn)
	noError(t, err)
	want(t, "echo", data == text, true)
}

// TestD06Truncation: data, then the error, then closed, for both versions.
func (s suite) TestD06Truncation(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		s.run(t, tls.VersionName(version), func(t *testing.T) {
			c := s.config()
			c.Policy.Rules[0].MaxVersion = version
			peer := wasitlstest.Peer{Config: good(), Handle: wasitlstest.Truncate("hello")}
			conn := connect(t, c, peer.Pipe())
			data, err := readAll(t, conn)
			want(t, "data", data, "hello")
			streamError(t, err, wasitls.ClassTruncated, "without sending close_notify")
			if !errors.Is(err, wasitls.ErrTruncated) {
				t.Error("not ErrTruncated")
			}
			closedForEver(t, conn.Conn.Input())

			c.Policy.Rules[0].AllowTruncation = true
			data, err = readAll(t, connect(t, c, peer.Pipe()))
			noError(t, err)
			want(t, "data", data, "hello")
		})
	}
}

func closedForEver(t *testing.T, in *wasitls.Input) {
	t.Helper()
	for range 3 {
		n, err := in.Read(make([]byte, 1))
		if n != 0 || err != wasitls.ErrClosed {
			t.Errorf("read after the end: %d, %v", n, err)
		}
		want(t, "ready", in.Ready(), true)
	}
}

// TestD06EndTogetherWithData: a transport that returns its end with the last
// bytes does not hide a truncation from us.
func (s suite) TestD06EndTogetherWithData(t *testing.T) {
	near := wasitlstest.Peer{Config: good(), Handle: wasitlstest.Truncate("hello")}.Pipe()
	data, err := readAll(t, connect(t, s.config(), &eager{Conn: near}))
	want(t, "data", data, "hello")
	streamError(t, err, wasitls.ClassTruncated, "")

	near = wasitlstest.Peer{Config: good(), Handle: wasitlstest.Say("hello")}.Pipe()
	data, err = readAll(t, connect(t, s.config(), &eager{Conn: near}))
	want(t, "data", data, "hello")
	noError(t, err)
}

// eager reads ahead by one read, to return the end together with data.
type eager struct {
	net.Conn
	next []byte
	err  error
}

func (e *eager) Read(p []byte) (int, error) {
	if len(e.next) == 0 && e.err == nil {
		e.fetch()
	}
	n := copy(p, e.next)
	e.next = e.next[n:]
	if len(e.next) > 0 || e.err != nil {
		return n, e.errIfEmpty()
	}
	e.Conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	e.fetch()
	e.Conn.SetReadDeadline(time.Time{})
	return n, e.errIfEmpty()
}

func (e *eager) fetch() {
	p := make([]byte, 64<<10)
	n, err := e.Conn.Read(p)
	e.next = p[:n]
	if err == io.EOF {
		e.err = err
	}
}

func (e *eager) errIfEmpty() error {
	if len(e.next) > 0 {
		return nil
	}
	return e.err
}

// TestD07HalfRecord: also where truncation is allowed.
func (s suite) TestD07HalfRecord(t *testing.T) {
	for _, allow := range []bool{false, true} {
		c := s.config()
		c.Policy.Rules[0].AllowTruncation = allow
		conn := connect(t, c, wasitlstest.Peer{Config: good(), Handle: wasitlstest.HalfRecord("hello")}.Pipe())
		data, err := readAll(t, conn)
		want(t, "data", data, "hello")
		streamError(t, err, wasitls.ClassTruncated, "")
		closedForEver(t, conn.Conn.Input())
	}
}

// TestD08ResetAfterData: what was received before is delivered.
func (s suite) TestD08ResetAfterData(t *testing.T) {
	peer := wasitlstest.Peer{Config: good(), Handle: wasitlstest.Abort("hello")}
	for name, transport := range map[string]wasitlstest.Conn{"pipe": peer.Pipe(), "TCP": overTCP(t, peer)} {
		s.run(t, name, func(t *testing.T) {
			conn := connect(t, s.config(), transport)
			eventually(t, "data", conn.Conn.Input().Ready)
			_, err := io.WriteString(conn, "x")
			noError(t, err)
			data, err := readAll(t, conn)
			want(t, "data", data, "hello")
			streamError(t, err, wasitls.ClassTransport, "connection reset by peer")
			closedForEver(t, conn.Conn.Input())
		})
	}
}

// TestD11PeerStopsReading: the permit becomes 0 and stays honest.
func (s suite) TestD11PeerStopsReading(t *testing.T) {
	stop := make(chan struct{})
	conn := s.to(t, func(*tls.Conn, wasitlstest.Conn) { <-stop })
	defer close(stop)
	out := conn.Conn.Output()
	n, err := out.Permit()
	noError(t, err)
	want(t, "first permit", n, wasitls.DefaultWriteBuffer)
	accepted := fill(t, out)
	if most := wasitls.DefaultWriteBuffer + wasitlstest.DefaultCapacity; accepted > most {
		t.Errorf("accepted %d bytes, more than %d", accepted, most)
	}
	want(t, "ready", out.Ready(), false)
	want(t, "write", out.Write(make([]byte, wasitls.DefaultWriteBuffer)), wasitls.ErrPermit)
}

// TestD12TransportStreamFails: the text of a stream's error reaches the guest.
func (s suite) TestD12TransportStreamFails(t *testing.T) {
	broken := errors.New("the pipe burst")
	transport := wasitls.Streams(failing{broken}, failing{broken})
	says(t, fails(t, s.config(), noAddr{transport}, wasitlstest.Name, wasitls.ClassTransport), "the pipe burst")
}

// noAddr makes a net.Conn of a transport.
type noAddr struct{ wasitls.Transport }

func (noAddr) LocalAddr() net.Addr           { return nil }
func (noAddr) RemoteAddr() net.Addr          { return nil }
func (n noAddr) SetDeadline(time.Time) error { return nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
func (f failing) Permit() (int, error)     { return 1 << 20, nil }
func (failing) Write([]byte) error         { return nil }
func (failing) Flush() error               { return nil }
func (failing) Notify(call func()) func()  { call(); return func() {} }
func (failing) Drop()                      {}

// TestD13NothingForEver: a transport, or a stream, that claims to be ready and
// gives nothing is an error and not a loop.
func (s suite) TestD13NothingForEver(t *testing.T) {
	near, far := wasitlstest.Pipe()
	defer far.Close()
	says(t, fails(t, s.config(), wasitlstest.Empty{Conn: near}, wasitlstest.Name, wasitls.ClassTransport), "no data or error")
	stream := wasitls.Streams(failing{}, failing{})
	says(t, fails(t, s.config(), noAddr{stream}, wasitlstest.Name, wasitls.ClassTransport), "no data or error")
}

func (s suite) TestD14IPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("no IPv6 loopback: %v", err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			wasitlstest.Peer{Config: good(), Handle: wasitlstest.Say("six")}.Serve(wasitlstest.TCP(c.(*net.TCPConn)))
		}
	}()
	below, err := net.Dial("tcp", l.Addr().String())
	noError(t, err)
	conn, err := guest(t, s.config()).Start(below, "::1").Wait(timeout(t))
	noError(t, err)
	defer closeNow(t, conn)
	data, err := readAll(t, wasitlstest.NewBlocking(conn))
	noError(t, err)
	want(t, "data", data, "six")
}

// TestD15ShutdownBelow is P2-76: the guest shuts its socket down under TLS.
func (s suite) TestD15ShutdownBelow(t *testing.T) {
	peer := wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}
	s.run(t, "receive", func(t *testing.T) {
		below := overTCP(t, peer)
		conn := connect(t, s.config(), wasitls.Borrow(below, nil))
		noError(t, below.(interface{ CloseRead() error }).CloseRead())
		_, err := readAll(t, conn)
		streamError(t, err, wasitls.ClassTruncated, "")
		below.Close()
	})
	s.run(t, "send", func(t *testing.T) {
		below := overTCP(t, peer)
		conn := connect(t, s.config(), wasitls.Borrow(below, nil))
		noError(t, below.CloseWrite())
		io.WriteString(conn, "x")
		streamError(t, conn.Flush(), wasitls.ClassTransport, "broken pipe")
		below.Close()
	})
}

// TestBorrowLeavesOpen: the transport belongs to somebody else.
func (s suite) TestBorrowLeavesOpen(t *testing.T) {
	received, over := make(chan string, 1), make(chan struct{})
	below := overTCP(t, wasitlstest.Peer{Config: good(), Handle: func(tc *tls.Conn, below wasitlstest.Conn) {
		tc.Read(make([]byte, 1)) // close_notify
		close(over)              // crypto/tls reads ahead: what came with it would be lost
		rest, _ := io.ReadAll(below)
		received <- string(rest)
	}})
	released := make(chan struct{})
	conn := connect(t, s.config(), wasitls.Borrow(below, func() { close(released) }))
	noError(t, conn.CloseWrite())
	select {
	case <-released:
		t.Fatal("released while in use")
	default:
	}
	<-over
	conn.Close()
	<-released
	noError(t, below.SetDeadline(time.Time{}))
	_, err := io.WriteString(below, "plain")
	noError(t, err)
	noError(t, below.CloseWrite())
	want(t, "received after TLS", <-received, "plain")
	noError(t, below.Close())
}
