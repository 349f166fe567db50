package host_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
)

// awaiting is a guest that calls an async function of the host: to wait for its
// result, to see how far the call is, and to cancel it. The last two return
// the state of the subtask.
const awaiting = `(component
  (import "i" (instance $i (export "wait" (func async (param "n" u32) (result u32)))))
  (core module $mem (memory (export "mem") 1))
  (core instance $mem (instantiate $mem))
  (core func $sync (canon lower (func $i "wait")))
  (core func $async (canon lower (func $i "wait") async (memory $mem "mem")))
  (core func $cancel (canon subtask.cancel))
  (core module $m
    (import "mem" "mem" (memory 1))
    (import "" "sync" (func $sync (param i32) (result i32)))
    (import "" "async" (func $async (param i32 i32) (result i32)))
    (import "" "cancel" (func $cancel (param i32) (result i32)))
    (func (export "wait") (param i32) (result i32) (call $sync (local.get 0)))
    (func (export "begin") (param i32) (result i32)
      (i32.add (i32.mul (i32.and (call $async (local.get 0) (i32.const 16)) (i32.const 15)) (i32.const 100))
               (i32.load (i32.const 16))))
    (func (export "cancel") (param i32) (result i32)
      (call $cancel (i32.shr_u (call $async (local.get 0) (i32.const 16)) (i32.const 4)))))
  (core instance $m (instantiate $m (with "mem" (instance $mem)) (with "" (instance
    (export "sync" (func $sync)) (export "async" (func $async)) (export "cancel" (func $cancel))))))
  (func (export "wait") async (param "n" u32) (result u32) (canon lift (core func $m "wait")))
  (func (export "begin") (param "n" u32) (result u32) (canon lift (core func $m "begin")))
  (func (export "cancel") async (param "n" u32) (result u32) (canon lift (core func $m "cancel"))))`

// signal is a condition that a test makes true.
type signal struct {
	mu      sync.Mutex
	waiter  func()
	waited  chan struct{} // gets a value for each Notify
	stopped int
}

func newSignal() *signal { return &signal{waited: make(chan struct{}, 10)} }

func (s *signal) Notify(f func()) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiter = f
	s.waited <- struct{}{}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stopped++
	}
}

func (s *signal) fire() {
	s.mu.Lock()
	f := s.waiter
	s.mu.Unlock()
	f()
}

// awaits instantiates the guest with a function that is tried n times, each
// time but the last to wait for s, and then returns 40 and the count.
func awaits(t *testing.T, s *signal, tries *int) *host.Instance {
	l := host.NewLinker()
	l.Interface("i").Func("wait", host.Await(func(_ *host.Call, a *struct{ N uint32 }) func() (uint32, host.Condition, error) {
		n := 0
		return func() (uint32, host.Condition, error) {
			n++
			*tries = n
			switch {
			case a.N == 0:
				return 0, nil, errors.New("failure of the host")
			case a.N == 99:
				panic("panic of the host")
			case n < int(a.N):
				return 0, s, nil
			}
			return 40 + uint32(n), nil, nil
		}
	}))
	return instantiate(t, l, compile(t, awaiting), host.Limits{})
}

func TestAwait(t *testing.T) {
	s, tries := newSignal(), 0
	in := awaits(t, s, &tries)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()

	const returned = 2
	if v, err := in.Call(ctx, "", "begin", uint32(1)); err != nil || v != uint32(100*returned+41) {
		t.Errorf("what need not wait gives %v, %v", v, err)
	}
	go func() {
		for range 2 {
			<-s.waited
			s.fire()
		}
	}()
	if v, err := in.Call(ctx, "", "wait", uint32(3)); err != nil || v != uint32(43) {
		t.Errorf("what waits twice gives %v, %v", v, err)
	}
}

// A call that is cancelled has ended when subtask.cancel returns, and is not
// tried again.
func TestAwaitCancelled(t *testing.T) {
	s, tries := newSignal(), 0
	in := awaits(t, s, &tries)
	const cancelledBeforeReturned = 4
	if v, err := in.Call(t.Context(), "", "cancel", uint32(2)); err != nil || v != uint32(cancelledBeforeReturned) {
		t.Fatalf("got %v, %v", v, err)
	}
	if s.stopped != 1 {
		t.Errorf("stopped %d times", s.stopped)
	}
	s.fire() // too late
	if _, err := in.Call(t.Context(), "", "begin", uint32(1)); err != nil {
		t.Error(err)
	}
	if tries != 1 {
		t.Errorf("tried %d times", tries)
	}
}

// The end of the store takes back what is waited for.
func TestAwaitClosed(t *testing.T) {
	s, tries := newSignal(), 0
	in := awaits(t, s, &tries)
	if _, err := in.Call(t.Context(), "", "begin", uint32(2)); err != nil {
		t.Fatal(err)
	}
	if err := in.Store().Close(); err != nil {
		t.Fatal(err)
	}
	s.fire()
	if s.stopped != 1 || tries != 1 {
		t.Errorf("stopped %d times, tried %d times", s.stopped, tries)
	}
}

func TestAwaitFails(t *testing.T) {
	for n, want := range map[uint32]string{0: "failure of the host", 99: "panic of the host"} {
		tries := 0
		in := awaits(t, newSignal(), &tries)
		_, err := in.Call(t.Context(), "", "wait", n)
		var panicked *host.PanicError
		if err == nil || !strings.Contains(err.Error(), want) || errors.As(err, &panicked) != (n == 99) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
