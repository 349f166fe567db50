package p3

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// patience bounds every wait of these tests; a moment is how long something
// that must not happen is given to happen.
const (
	patience = 20 * time.Second
	moment   = 30 * time.Millisecond
)

var ca = sync.OnceValue(wasitlstest.NewCA)

// TestMain fails the run when a goroutine outlives the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if left := leftovers(); left != "" {
			fmt.Fprintf(os.Stderr, "goroutines left behind:\n%s\n", left)
			code = 1
		}
	}
	os.Exit(code)
}

// leftovers returns the stacks of goroutines in this module's code.
func leftovers() string {
	deadline := time.Now().Add(5 * time.Second)
	for {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		var left []string
		for _, stack := range strings.Split(string(stacks), "\n\n")[1:] {
			if strings.Contains(stack, "wasitls") {
				left = append(left, stack)
			}
		}
		if len(left) == 0 || time.Now().After(deadline) {
			return strings.Join(left, "\n\n")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func newClient(t testing.TB, change ...func(*wasitls.Config)) *wasitls.Guest {
	t.Helper()
	config := wasitls.Config{Policy: wasitls.Trust(ca().Pool())}
	for _, change := range change {
		change(&config)
	}
	client, err := wasitls.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	return client.NewGuest(wasitls.GuestConfig{})
}

// told is an outcome to wait for.
type told struct {
	name string
	c    chan error
}

func newTold(name string) *told { return &told{name, make(chan error, 9)} }

func (o *told) set(err error) { o.c <- err }

// get waits for the outcome, which must be the only one.
func (o *told) get(t testing.TB) error {
	t.Helper()
	select {
	case err := <-o.c:
		select {
		case again := <-o.c:
			t.Errorf("%s told twice: %v, %v", o.name, err, again)
		default:
		}
		return err
	case <-time.After(patience):
		t.Fatalf("%s is never told", o.name)
		return nil
	}
}

func (o *told) ok(t testing.TB) {
	t.Helper()
	if err := o.get(t); err != nil {
		t.Errorf("%s: %v", o.name, err)
	}
}

// fails wants an error that contains text.
func (o *told) fails(t testing.TB, text string) {
	t.Helper()
	failsWith(t, o.name, o.get(t), text)
}

func (o *told) pending(t testing.TB) {
	t.Helper()
	select {
	case err := <-o.c:
		t.Fatalf("%s is told: %v", o.name, err)
	case <-time.After(moment):
	}
}

func failsWith(t testing.TB, what string, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("%s: %v, not %q", what, err, text)
	}
}

// guest is a connector and what a guest has of it, with the pumps between its
// ciphertext and a peer.
type guest struct {
	t testing.TB
	c *connector

	plain          wasitls.Transport // blocking, to write and read plaintext
	sink           *sender
	source         *receiver
	cipherOut      *outgoing
	cipherIn       *wasitls.PipeWriter
	sent, received *told
	peer           wasitlstest.Conn
	pumps          sync.WaitGroup
}

// newGuest sets up both directions of a connector.
func newGuest(t testing.TB, client *wasitls.Guest) *guest {
	t.Helper()
	g := &guest{t: t, c: newConnector(client), sent: newTold("outcome of send"), received: newTold("outcome of receive")}
	var err error
	if g.sink, g.cipherOut, err = g.c.send(g.sent.set); err != nil {
		t.Fatal(err)
	}
	reader, writer := wasitls.NewPipe(cipherPipe)
	g.cipherIn = writer
	if g.source, err = g.c.receive(reader, g.received.set); err != nil {
		t.Fatal(err)
	}
	g.plain = wasitls.Streams(g.source, g.sink)
	t.Cleanup(func() {
		g.cipherOut.Drop()
		g.cipherIn.Drop()
		g.c.close()
		if g.peer != nil {
			g.peer.Close()
		}
		g.pumps.Wait()
	})
	return g
}

// pump moves the ciphertext, as a guest or a socket would.
func (g *guest) pump(peer wasitlstest.Conn) {
	g.peer = peer
	out := wasitls.Streams(g.cipherOut, nowhere{})
	in := wasitls.Streams(nothing{}, g.cipherIn)
	g.pumps.Go(func() {
		io.Copy(peer, out)
		peer.CloseWrite()
	})
	g.pumps.Go(func() {
		io.Copy(in, peer)
		g.cipherIn.Drop()
	})
}

// nowhere and nothing are the halves of a transport that is used one way.
type (
	nowhere struct{}
	nothing struct{}
)

func (nowhere) Permit() (int, error)        { return 0, nil }
func (nowhere) Write([]byte) error          { return wasitls.ErrPermit }
func (nowhere) Flush() error                { return nil }
func (nowhere) Notify(func()) (stop func()) { return func() {} }
func (nowhere) Drop()                       {}
func (nothing) Read([]byte) (int, error)    { return 0, nil }
func (nothing) Notify(func()) (stop func()) { return func() {} }
func (nothing) Drop()                       {}
func (g *guest) connect(name string) error  { return g.c.connect(limited(g.t), name) }
func limited(t testing.TB) context.Context  { return limitedBy(t, patience) }
func good(t testing.TB, h handler) *guest   { return goodWith(t, newClient(t), h) }
func peerFor(h handler) wasitlstest.Conn    { return peerWith(ca().Server(), h).Pipe() }
func peerWith(c *tls.Config, h handler) wasitlstest.Peer {
	return wasitlstest.Peer{Config: c, Handle: h}
}

type handler = func(*tls.Conn, wasitlstest.Conn)

func limitedBy(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// goodWith returns a guest with a connection to such a peer.
func goodWith(t testing.TB, client *wasitls.Guest, h handler) *guest {
	t.Helper()
	g := newGuest(t, client)
	g.pump(peerFor(h))
	if err := g.connect(wasitlstest.Name); err != nil {
		t.Fatal(err)
	}
	return g
}

// write writes plaintext.
func (g *guest) write(text string) {
	g.t.Helper()
	if _, err := io.WriteString(g.plain, text); err != nil {
		g.t.Fatalf("write: %v", err)
	}
}

// end ends the plaintext, as a guest does that drops its writer.
func (g *guest) end() {
	g.sink.Drop()
	g.sink.end()
}

// readAll reads the plaintext to its end. Any error is one: streams have none.
func (g *guest) readAll() string {
	g.t.Helper()
	data, _ := within(g.t, func() (string, error) {
		data, err := io.ReadAll(g.plain)
		return string(data), err
	})
	return data
}

func (g *guest) read(n int) string {
	g.t.Helper()
	data, err := within(g.t, func() (string, error) {
		b := make([]byte, n)
		_, err := io.ReadFull(g.plain, b)
		return string(b), err
	})
	if err != nil {
		g.t.Fatalf("read: %v", err)
	}
	return data
}

// within fails the test when f takes too long.
func within[T any](t testing.TB, f func() (T, error)) (v T, err error) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		v, err = f()
	}()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("it never ends")
	}
	return v, err
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}
