package conformance

import (
	"crypto/tls"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestP2_11HandshakeRunsUnattended: the server finishes while nobody calls
// anything on the client's side. P2-12 and E17 follow from it.
func (s suite) TestP2_11HandshakeRunsUnattended(t *testing.T) {
	finished := make(chan struct{})
	peer := wasitlstest.Peer{Config: good(), Handle: func(tc *tls.Conn, _ wasitlstest.Conn) {
		close(finished)
		io.Copy(io.Discard, tc)
	}}
	h := guest(t, s.config()).Start(peer.Pipe(), wasitlstest.Name)
	select {
	case <-finished:
	case <-time.After(patience):
		t.Fatal("the handshake does not proceed")
	}
	h.Cancel()
}

// TestP2_13ResultBeforeTheEnd, and that waiting and asking do no harm.
func (s suite) TestP2_13ResultBeforeTheEnd(t *testing.T) {
	h := guest(t, s.config()).Start(stuck(t), wasitlstest.Name)
	for range 3 {
		if _, err := h.Result(); err != wasitls.ErrPending {
			t.Errorf("result: %v", err)
		}
		want(t, "ready", h.Ready(), false)
	}
	h.Cancel()
}

// TestP2_15ResultOnce is P2-15, P2-17 and P2-18; fails checks it for failures.
func (s suite) TestP2_15ResultOnce(t *testing.T) {
	h := guest(t, s.config()).Start(wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name)
	<-h.Done()
	conn, err := h.Result()
	noError(t, err)
	for range 3 {
		_, err := h.Result()
		want(t, "result", err, wasitls.ErrConsumed)
		want(t, "ready", h.Ready(), true)
	}
	h.Cancel() // comes too late
	_, err = conn.Output().Permit()
	noError(t, err)
	closeNow(t, conn)
}

// TestP2_20CancelPending frees everything promptly.
func (s suite) TestP2_20CancelPending(t *testing.T) {
	transport := stuck(t)
	h := guest(t, s.config()).Start(transport, wasitlstest.Name)
	eventually(t, "ClientHello", func() bool { return transport.Writes.Load() > 0 })
	h.Cancel()
	select {
	case <-h.Done():
	case <-time.After(time.Second):
		t.Fatal("still pending")
	}
	if transport.Closed.Load() == 0 {
		t.Error("the transport is open")
	}
	var failure *wasitls.HandshakeError
	if _, err := h.Result(); !errors.As(err, &failure) || failure.Class != wasitls.ClassCanceled {
		t.Errorf("result: %v", err)
	}
}

// TestP2_20CancelBlockedWriting: also while the transport takes no bytes.
func (s suite) TestP2_20CancelBlockedWriting(t *testing.T) {
	near, far := wasitlstest.PipeSize(1)
	defer far.Close()
	h := guest(t, s.config()).Start(near, wasitlstest.Name)
	time.Sleep(5 * time.Millisecond)
	h.Cancel()
	select {
	case <-h.Done():
	case <-time.After(time.Second):
		t.Fatal("still pending")
	}
}

// TestP2_20CancelFinished closes a connection that nobody took.
func (s suite) TestP2_20CancelFinished(t *testing.T) {
	transport := wasitlstest.Watch(wasitlstest.Peer{Config: good()}.Pipe())
	h := guest(t, s.config()).Start(transport, wasitlstest.Name)
	<-h.Done()
	h.Cancel()
	want(t, "closed", transport.Closed.Load() > 0, true)
	_, err := h.Result()
	want(t, "result", err, wasitls.ErrConsumed)
}

// TestCancelRaces cancels at every moment of a handshake.
func (s suite) TestCancelRaces(t *testing.T) {
	c := guest(t, s.config())
	for i := range 60 {
		transport := wasitlstest.Watch(wasitlstest.Peer{Config: good()}.Pipe())
		h := c.Start(transport, wasitlstest.Name)
		time.Sleep(time.Duration(i) * 30 * time.Microsecond)
		h.Cancel()
		<-h.Done()
		eventually(t, "closed", func() bool { return transport.Closed.Load() > 0 })
	}
}

// TestP2_21NotifyAgainAndAgain: registering and taking back does not lose the result.
func (s suite) TestP2_21NotifyAgainAndAgain(t *testing.T) {
	h := guest(t, s.config()).Start(wasitlstest.Trickle(wasitlstest.Peer{Config: good()}.Pipe(), 7), wasitlstest.Name)
	var called atomic.Int64
	for !h.Ready() {
		stop := h.Notify(func() { called.Add(1) })
		time.Sleep(50 * time.Microsecond)
		stop()
	}
	h.Notify(func() { called.Add(1) })
	if called.Load() == 0 {
		t.Error("never called")
	}
	h.Cancel()
}

// TestP2_18Notify calls everybody once.
func (s suite) TestP2_18Notify(t *testing.T) {
	h := guest(t, s.config()).Start(wasitlstest.Peer{Config: good()}.Pipe(), wasitlstest.Name)
	var called atomic.Int64
	for range 10 {
		h.Notify(func() { called.Add(1) })
	}
	<-h.Done()
	eventually(t, "ten calls", func() bool { return called.Load() == 10 })
	h.Notify(func() { called.Add(1) })
	want(t, "calls", called.Load(), 11)
	h.Cancel()
}
