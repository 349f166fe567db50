package conformance

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestRandomInterleavings drives connections to an echo peer with random
// sequences of everything a guest can do, over transports of all kinds. Every
// byte that comes back is the right one, and every accepted byte comes back
// unless an error says otherwise.
func (s suite) TestRandomInterleavings(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	for seed := range uint64(rounds) {
		s.run(t, fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			s.newWalk(t, seed).run()
		})
	}
}

// walk is one random sequence.
type walk struct {
	t    *testing.T
	rand *rand.Rand
	conn *wasitls.Conn
	size int // of the write buffer

	accepted, returned uint64 // bytes; byte number n has the value pattern(n)
	closing            bool
	mayFail            bool // the transport breaks, or a write was given up
	failed             bool // an error was reported, so bytes may be missing
}

func pattern(n uint64) byte { return byte(n ^ n>>8 ^ n>>16) }

func (s suite) newWalk(t *testing.T, seed uint64) *walk {
	w := &walk{t: t, rand: rand.New(rand.NewPCG(seed, 1))}
	c := s.config()
	c.Policy.Limits.WriteBuffer = []int{1 << 10, 5000, 64 << 10}[w.rand.IntN(3)]
	c.Policy.Limits.ReadBuffer = []int{1 << 10, 20_000, 128 << 10}[w.rand.IntN(3)]
	c.Policy.Rules[0].MaxVersion = []uint16{tls.VersionTLS12, tls.VersionTLS13}[w.rand.IntN(2)]
	w.size = c.Policy.Limits.WriteBuffer
	near, far := wasitlstest.PipeSize([]int{100, 4096, 64 << 10}[w.rand.IntN(3)])
	go wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}.Serve(far)
	var transport net.Conn = near
	if w.rand.IntN(2) == 0 {
		transport = wasitlstest.Trickle(near, 1+w.rand.IntN(3000))
	}
	if w.mayFail = w.rand.IntN(5) == 0; w.mayFail { // at some time
		time.AfterFunc(time.Duration(w.rand.IntN(30))*time.Millisecond, func() { far.Reset() })
	}
	h := guest(t, c).Start(transport, wasitlstest.Name)
	conn, err := h.Wait(timeout(t))
	if err != nil {
		var failure *wasitls.HandshakeError
		if !errors.As(err, &failure) || failure.Class != wasitls.ClassTransport {
			t.Fatal(err)
		}
		return nil
	}
	w.conn = conn
	return w
}

func (w *walk) run() {
	if w == nil {
		return // the transport broke first
	}
	for range 20 + w.rand.IntN(200) {
		w.step()
		if w.t.Failed() {
			break
		}
	}
	w.end()
}

func (w *walk) step() {
	in, out := w.conn.Input(), w.conn.Output()
	switch k := w.rand.IntN(100); {
	case k < 35:
		w.write(out)
	case k < 70:
		w.read(in)
	case k < 75:
		w.note(out.Flush())
	case k < 80 && !w.closing:
		p := w.next(1 + w.rand.IntN(4096))
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(1+w.rand.IntN(50))*time.Millisecond)
		if err := out.WriteAndFlush(ctx, p); err != nil {
			w.failed = true
			w.closing = w.closing || ctx.Err() != nil
			w.mayFail = w.mayFail || ctx.Err() != nil
		} else {
			w.accepted += uint64(len(p))
		}
		cancel()
	case k < 85:
		stop := in.Notify(func() {})
		w.pause()
		stop()
	case k < 90:
		stop := out.Notify(func() {})
		w.pause()
		stop()
	case k < 95:
		w.pause()
	case k == 95:
		w.conn.CloseOutput()
		w.closing = true
	case k == 96:
		w.conn.Drop()
	case k == 97:
		want(w.t, "name", w.conn.State().ServerName, wasitlstest.Name)
	}
}

func (w *walk) pause() { time.Sleep(time.Duration(w.rand.IntN(300)) * time.Microsecond) }

func (w *walk) next(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = pattern(w.accepted + uint64(i))
	}
	return p
}

func (w *walk) write(out *wasitls.Output) {
	n, err := out.Permit()
	w.note(err)
	if err != nil {
		return
	}
	if n > w.size {
		w.t.Errorf("permit %d of %d", n, w.size)
	}
	p := w.next(w.rand.IntN(n + 1))
	err = out.Write(p)
	w.note(err)
	if err == nil {
		w.accepted += uint64(len(p))
	}
}

func (w *walk) read(in *wasitls.Input) (over bool) {
	p := make([]byte, 1+w.rand.IntN(70_000))
	n, err := in.Read(p)
	for i, b := range p[:n] {
		if b != pattern(w.returned+uint64(i)) {
			w.t.Fatalf("byte %d is wrong", w.returned+uint64(i))
		}
	}
	w.returned += uint64(n)
	w.note(err)
	return err != nil
}

// note takes an error that may be: of a type that says so, and for a reason.
func (w *walk) note(err error) {
	var failure *wasitls.StreamError
	switch {
	case err == nil, err == wasitls.ErrClosed:
	case errors.As(err, &failure) && w.mayFail:
		w.failed = true
	default:
		w.t.Errorf("unexpected error %T: %v", err, err)
	}
}

// end closes one way or another and checks the sums.
func (w *walk) end() {
	in, out := w.conn.Input(), w.conn.Output()
	abrupt := w.rand.IntN(4) == 0
	if abrupt {
		w.conn.Close()
	} else {
		w.conn.CloseOutput()
		if w.rand.IntN(2) == 0 {
			out.Drop()
		}
		b := wasitlstest.NewBlocking(w.conn)
		deadline := time.AfterFunc(patience, w.conn.Close)
		for p := make([]byte, 32<<10); ; {
			n, err := b.Read(p)
			for i, c := range p[:n] {
				if c != pattern(w.returned+uint64(i)) {
					w.t.Fatalf("byte %d is wrong", w.returned+uint64(i))
				}
			}
			w.returned += uint64(n)
			if err == io.EOF {
				break
			}
			w.note(err)
		}
		if !deadline.Stop() {
			w.t.Error("the echo does not end")
		}
		if !w.failed && w.returned != w.accepted {
			w.t.Errorf("accepted %d bytes, got %d back, and no error", w.accepted, w.returned)
		}
	}
	drops := []func(){in.Drop, out.Drop, w.conn.Drop}
	w.rand.Shuffle(len(drops), func(i, j int) { drops[i], drops[j] = drops[j], drops[i] })
	for _, drop := range drops {
		drop()
	}
	ended(w.t, w.conn)
}
