package p3

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestP3_01: send and receive in either order, and both return at once.
func TestP3_01(t *testing.T) {
	for _, order := range []string{"send first", "receive first"} {
		t.Run(order, func(t *testing.T) {
			c := newConnector(newClient(t))
			t.Cleanup(c.close)
			reader, _ := wasitls.NewPipe(1)
			receive := func() {
				if _, err := c.receive(reader, func(error) {}); err != nil {
					t.Error(err)
				}
			}
			if order != "send first" {
				receive()
			}
			if _, _, err := c.send(func(error) {}); err != nil {
				t.Error(err)
			}
			if order == "send first" {
				receive()
			}
			if _, err := c.start(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestP3_02: a direction is set up once; the first is not disturbed.
func TestP3_02(t *testing.T) {
	g := newGuest(t, newClient(t))
	_, _, err := g.c.send(func(error) { t.Error("the refused direction got an outcome from the connector") })
	failsWith(t, "second send", err, "send already configured")
	reader, _ := wasitls.NewPipe(1)
	_, err = g.c.receive(reader, func(error) { t.Error("the refused direction got an outcome from the connector") })
	failsWith(t, "second receive", err, "receive already configured")

	g.pump(peerFor(wasitlstest.Echo))
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	g.write("hello")
	g.end()
	want(t, "echo", g.readAll(), "hello")
	g.sent.ok(t)
	g.received.ok(t)
}

// TestP3_03: plaintext is not taken before the handshake, and then it is.
func TestP3_03(t *testing.T) {
	g := newGuest(t, newClient(t))
	if n, err := g.sink.Permit(); n != 0 || err != nil {
		t.Errorf("permit before connect: %d, %v", n, err)
	}
	if err := g.sink.Write([]byte("x")); !errors.Is(err, wasitls.ErrPermit) {
		t.Errorf("write before connect: %v", err)
	}
	written := newTold("write")
	go func() {
		_, err := io.WriteString(g.plain, "early")
		written.set(err)
	}()
	written.pending(t)
	g.pump(peerFor(wasitlstest.Echo))
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	written.ok(t)
	want(t, "echo", g.read(5), "early")
}

// TestP3_04: a read before the handshake stays pending.
func TestP3_04(t *testing.T) {
	g := newGuest(t, newClient(t))
	if n, err := g.source.Read(make([]byte, 1)); n != 0 || err != nil || g.source.Ready() {
		t.Errorf("read before connect: %d, %v", n, err)
	}
	read := newTold("read")
	go func() {
		b := make([]byte, 2)
		_, err := io.ReadFull(g.plain, b)
		if err == nil && string(b) != "hi" {
			err = errors.New(string(b))
		}
		read.set(err)
	}()
	read.pending(t)
	g.pump(peerFor(wasitlstest.Say("hi")))
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	read.ok(t)
}

// TestP3_05: ciphertext is taken before connect, and not lost.
func TestP3_05(t *testing.T) {
	g := newGuest(t, newClient(t, func(c *wasitls.Config) { c.Policy.Rules[0].HandshakeTimeout = time.Second }))
	permit, err := g.cipherIn.Permit()
	if permit < 16<<10 || err != nil {
		t.Errorf("permit before connect: %d, %v", permit, err)
	}
	if err := g.cipherIn.Write([]byte("HTTP/1.1 400 Bad Request\r\n")); err != nil {
		t.Error(err)
	}
	failsWith(t, "connect", g.connect(wasitlstest.Name), "first record does not look like a TLS handshake")
}

// TestP3_06: reads and writes of nothing do not wait, even before the
// handshake.
func TestP3_06(t *testing.T) {
	g := newGuest(t, newClient(t))
	if _, err := within(t, func() (int, error) { return g.source.Read(nil) }); err != nil {
		t.Error(err)
	}
	if err := g.sink.Write(nil); err != nil {
		t.Error(err)
	}
	if _, err := within(t, func() (int, error) { return g.plain.Write(nil) }); err != nil {
		t.Error(err)
	}
}

// TestP3_07: plaintext that ends before connect does not hinder the handshake;
// close_notify follows it.
func TestP3_07(t *testing.T) {
	g := newGuest(t, newClient(t))
	g.end()
	g.pump(peerFor(wasitlstest.Echo))
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	want(t, "echo", g.readAll(), "")
	g.sent.ok(t)
	g.received.ok(t)
}

// TestP3_08: what waits can be taken back, before and after the handshake;
// nothing is lost.
func TestP3_08(t *testing.T) {
	g := newGuest(t, newClient(t))
	called := make(chan string, 9)
	cancel := func() {
		g.source.Notify(func() { called <- "read" })()
		g.sink.Notify(func() { called <- "write" })()
	}
	cancel()
	g.pump(peerFor(wasitlstest.Echo))
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	g.source.Notify(func() { called <- "read" })()
	g.write("all")
	want(t, "echo", g.read(3), "all")
	select {
	case what := <-called:
		t.Errorf("%s was told after it was taken back", what)
	default:
	}
}

// TestP3_09: the handshake wakes both directions, however it ends.
func TestP3_09(t *testing.T) {
	for _, name := range []string{wasitlstest.Name, "wrong.example"} {
		g := newGuest(t, newClient(t))
		read, write := newTold("reader's call"), newTold("writer's call")
		g.source.Notify(func() { read.set(nil) })
		g.sink.Notify(func() { write.set(nil) })
		read.pending(t)
		g.pump(peerFor(wasitlstest.Say("hi")))
		if err := g.connect(name); (err == nil) != (name == wasitlstest.Name) {
			t.Errorf("connect to %s: %v", name, err)
		}
		read.ok(t)
		write.ok(t)
	}
}

// TestP3_20: both directions are needed, send is asked for first, and the one
// that is there gets the same error.
func TestP3_20(t *testing.T) {
	c := newConnector(newClient(t))
	failsWith(t, "neither", c.connect(limited(t), wasitlstest.Name), "send() must be called before connect()")

	c = newConnector(newClient(t))
	reader, writer := wasitls.NewPipe(9)
	received := newTold("outcome of receive")
	plain, err := c.receive(reader, received.set)
	if err != nil {
		t.Fatal(err)
	}
	failsWith(t, "no send", c.connect(limited(t), wasitlstest.Name), "send() must be called before connect()")
	received.fails(t, "send() must be called before connect()")
	ends(t, "plaintext", plain)
	if _, err := writer.Permit(); err == nil {
		t.Error("ciphertext is still taken")
	}

	c = newConnector(newClient(t))
	sent := newTold("outcome of send")
	sink, cipher, err := c.send(sent.set)
	if err != nil {
		t.Fatal(err)
	}
	failsWith(t, "no receive", c.connect(limited(t), wasitlstest.Name), "receive() must be called before connect()")
	sent.fails(t, "receive() must be called before connect()")
	ends(t, "ciphertext", cipher)
	if _, err := sink.Permit(); err == nil {
		t.Error("plaintext is still taken")
	}
}

// ends fails the test unless the source has ended.
func ends(t *testing.T, what string, s wasitls.Source) {
	t.Helper()
	if n, err := s.Read(make([]byte, 9)); n != 0 || err == nil {
		t.Errorf("%s has not ended: %d, %v", what, n, err)
	}
}

// TestP3_21: connect uses the connector up. A guest has no handle any more;
// whatever comes nevertheless disturbs nothing.
func TestP3_21(t *testing.T) {
	g := good(t, wasitlstest.Echo)
	failsWith(t, "second connect", g.connect(wasitlstest.Name), "connect() was called before")
	g.c.drop()
	g.write("x")
	want(t, "echo", g.read(1), "x")
}

// TestP3_22: connect returns with the end of the handshake, not before, and
// failures are in its result.
func TestP3_22(t *testing.T) {
	g := newGuest(t, newClient(t))
	done := newTold("connect")
	go func() { done.set(g.connect("wrong.example")) }()
	done.pending(t)
	g.pump(peerFor(wasitlstest.Echo))
	done.fails(t, "certificate")
}

// TestP3_23: the connection lives on without the connector.
func TestP3_23(t *testing.T) {
	g := good(t, wasitlstest.Echo)
	g.c.drop()
	for _, text := range []string{"one", "two"} {
		g.write(text)
		want(t, "echo", g.read(3), text)
	}
	g.sent.pending(t)
	g.received.pending(t)
}

// TestP3_24: a certificate that is not accepted is told as such.
func TestP3_24(t *testing.T) {
	for what, peer := range map[string]wasitlstest.Peer{
		"name":    peerWith(ca().Server(wasitlstest.Names("other.example")), nil),
		"expired": peerWith(ca().Server(wasitlstest.Expired()), nil),
		"root":    peerWith(wasitlstest.NewCA().Server(), nil),
	} {
		t.Run(what, func(t *testing.T) {
			g := newGuest(t, newClient(t))
			g.pump(peer.Pipe())
			failsWith(t, "connect", g.connect(wasitlstest.Name), "certificate")
		})
	}
}

// TestP3_25: an invalid name is an error before anything is sent.
func TestP3_25(t *testing.T) {
	for _, name := range []string{"", "foo bar", "localhost:443", "[::1]", "a\x00b", strings.Repeat("a", 300)} {
		g := newGuest(t, newClient(t))
		failsWith(t, "connect", g.connect(name), "invalid server name")
		if data, _ := io.ReadAll(wasitls.Streams(g.cipherOut, nowhere{})); len(data) > 0 {
			t.Errorf("%d bytes were sent", len(data))
		}
		g.sent.fails(t, "invalid server name")
		g.received.fails(t, "invalid server name")
	}
}

// TestP3_26: when nobody moves the ciphertext, connect waits, but not for
// ever.
func TestP3_26(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuest(t, newClient(t))
		began := time.Now()
		failsWith(t, "connect", g.connect(wasitlstest.Name), "deadline exceeded")
		want(t, "time", time.Since(began), wasitls.DefaultHandshakeTimeout)
		g.sent.fails(t, "deadline exceeded")
		g.received.fails(t, "deadline exceeded")
	})
}

// TestP3_27: after a connect that failed everything has ended, with the
// reason; the alert can still be read.
func TestP3_27(t *testing.T) {
	g := newGuest(t, newClient(t))
	heard := newTold("the server's handshake")
	peer := wasitlstest.Peer{Config: ca().Server(), Failed: heard.set}.Pipe()
	cipher := wasitls.Streams(g.cipherOut, g.cipherIn)
	// The guest moves the server's flight, and then no more: the alert stays.
	moved := newTold("pumping")
	go func() {
		b := make([]byte, 64<<10)
		n, err := cipher.Read(b)
		if err == nil {
			_, err = peer.Write(b[:n])
		}
		if err == nil {
			n, err = peer.Read(b)
		}
		if err == nil {
			_, err = cipher.Write(b[:n])
		}
		moved.set(err)
	}()
	err := g.connect("wrong.example")
	moved.ok(t)
	failsWith(t, "connect", err, "certificate")
	g.sent.fails(t, err.Error())
	g.received.fails(t, err.Error())
	want(t, "plaintext", g.readAll(), "")
	if _, err := g.sink.Permit(); err == nil {
		t.Error("plaintext is still taken")
	}
	if _, err := g.cipherIn.Permit(); err == nil {
		t.Error("ciphertext is still taken")
	}
	alert, _ := within(t, func() ([]byte, error) { return io.ReadAll(cipher) })
	peer.Write(alert)
	heard.fails(t, "remote error: tls: bad certificate")
	peer.Close()
}

// TestP3_28: a connect that failed settles both outcomes without waiting for
// the ciphertext to end.
func TestP3_28(t *testing.T) {
	g := newGuest(t, newClient(t))
	g.pump(peerWith(wasitlstest.NewCA().Server(), nil).Pipe())
	err := g.connect(wasitlstest.Name)
	failsWith(t, "connect", err, "certificate")
	want(t, "outcome of receive", g.received.get(t).Error(), err.Error())
	want(t, "outcome of send", g.sent.get(t).Error(), err.Error())
}

// TestP3_28_socket: whoever moves the ciphertext may see its end before
// connect has told why; the reason is the same.
func TestP3_28_socket(t *testing.T) {
	for range 50 {
		g := newGuest(t, newClient(t))
		done := newTold("connect")
		go func() { done.set(g.connect(wasitlstest.Name)) }()
		eventually(t, "ClientHello", g.cipherOut.Ready)
		g.cipherOut.Read(make([]byte, 4<<10))
		gone := make(chan struct{})
		g.cipherOut.Notify(func() {
			g.cipherOut.Drop()
			close(gone)
		})
		g.cipherIn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
		done.fails(t, "does not look like a TLS handshake")
		<-gone
	}
}

// TestP3_29: a connector that is dropped and a connect that is cancelled
// settle everything.
func TestP3_29(t *testing.T) {
	t.Run("dropped", func(t *testing.T) {
		g := newGuest(t, newClient(t))
		read := newTold("read")
		go func() {
			_, err := g.plain.Read(make([]byte, 1))
			read.set(err)
		}()
		g.c.drop()
		read.fails(t, "EOF")
		settled(t, g, "dropped before connect()")
	})
	t.Run("cancelled", func(t *testing.T) {
		g := newGuest(t, newClient(t))
		g.pump(wasitlstest.Peer{Handle: wasitlstest.Silent}.Pipe())
		failsWith(t, "connect", g.c.connect(limitedBy(t, moment), wasitlstest.Name), "cancelled")
		settled(t, g, "cancelled")
	})
	t.Run("one direction", func(t *testing.T) {
		c := newConnector(newClient(t))
		sent := newTold("outcome of send")
		_, cipher, _ := c.send(sent.set)
		c.drop()
		sent.fails(t, "dropped before connect()")
		ends(t, "ciphertext", cipher)
	})
	t.Run("ciphertext dropped", func(t *testing.T) {
		g := newGuest(t, newClient(t))
		done := newTold("connect")
		go func() { done.set(g.connect(wasitlstest.Name)) }()
		eventually(t, "ClientHello", g.cipherOut.Ready)
		g.cipherOut.Drop()
		done.fails(t, "broken pipe")
		settled(t, g, "broken pipe")
	})
}

func settled(t *testing.T, g *guest, text string) {
	t.Helper()
	g.sent.fails(t, text)
	g.received.fails(t, text)
	want(t, "plaintext", g.readAll(), "")
	if _, err := g.sink.Permit(); err == nil {
		t.Error("plaintext is still taken")
	}
	if _, err := g.cipherIn.Permit(); err == nil {
		t.Error("ciphertext is still taken")
	}
	eventually(t, "the end of the ciphertext", func() bool {
		_, err := g.cipherOut.Read(make([]byte, 1<<10))
		return err != nil
	})
}

// TestP3_54: a connector that is not connected costs neither goroutine nor
// buffer.
func TestP3_54(t *testing.T) {
	const n = 10_000
	client := newClient(t)
	before := runtime.NumGoroutine()
	var outcomes sync.WaitGroup
	connectors := make([]*connector, n)
	var start, end runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&start)
	for i := range connectors {
		c := newConnector(client)
		outcomes.Add(2)
		if _, _, err := c.send(func(error) { outcomes.Done() }); err != nil {
			t.Fatal(err)
		}
		reader, _ := wasitls.NewPipe(cipherPipe)
		if _, err := c.receive(reader, func(error) { outcomes.Done() }); err != nil {
			t.Fatal(err)
		}
		connectors[i] = c
	}
	runtime.GC()
	runtime.ReadMemStats(&end)
	if each := int64(end.HeapAlloc-start.HeapAlloc) / n; each > 2<<10 {
		t.Errorf("%d bytes each", each)
	}
	if more := runtime.NumGoroutine() - before; more > 0 {
		t.Errorf("%d goroutines more", more)
	}
	for _, c := range connectors {
		c.drop()
	}
	outcomes.Wait()
}
