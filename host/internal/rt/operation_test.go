package rt

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/internal/abi"
)

// sleeps is an async function of the host that returns its argument after
// that many milliseconds, unless it is cancelled.
func sleeps(w *world) *Func {
	return w.hostLater(func(ctx context.Context, ms uint64) (uint32, error) {
		select {
		case <-time.After(time.Duration(ms) * time.Millisecond):
			return uint32(ms), nil
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	})
}

// A guest calls functions of the host that take their time, in either form,
// many at once; their ends come in any order and from any goroutine.
func TestOperations(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a := w.actor()
		f := sleeps(w)
		w.must(a.stackful(func(g *running, _ ...uint64) uint64 {
			var all []uint64
			for _, ms := range []uint64{30, 10, 20} {
				st, sub := g.begin(f, ms, 16+ms)
				g.say("%v", st)
				all = append(all, sub)
			}
			set := g.set(all...)
			for range all {
				e := g.wait(set)
				g.say("%v", e)
				g.do(subtaskDrop, uint64(e.p1))
			}
			g.say("%d %d %d", g.mem(26)[0], g.mem(36)[0], g.mem(46)[0])
			g.say("%d", g.await(f, 5))
			g.ret(0)
			return 0
		}), 0)
		w.said("started", "started", "started", "subtask 2 returned", "subtask 3 returned", "subtask 1 returned", "10 20 30", "5")
		if len(w.operations) != 0 || w.outstanding != 0 {
			t.Errorf("%d operations, %d outstanding", len(w.operations), w.outstanding)
		}
	})
}

// A cancelled operation that gives in has no result; one that ends all the
// same has; and one that fails without being cancelled ends the guest.
func TestOperationCancel(t *testing.T) {
	for _, c := range []struct {
		name string
		how  op
		host asyncHost
		want string
	}{
		{"gives in", subtaskCancel.sync(), func(ctx context.Context, _ uint64) (uint32, error) { <-ctx.Done(); return 0, ctx.Err() }, "cancelled before returned"},
		{"gives in, later", subtaskCancel, func(ctx context.Context, _ uint64) (uint32, error) { <-ctx.Done(); return 0, ctx.Err() }, "blocked, subtask 1 cancelled before returned"},
		{"does not give in", subtaskCancel.sync(), func(ctx context.Context, _ uint64) (uint32, error) { <-ctx.Done(); return 7, nil }, "returned"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				f := w.hostLater(c.host)
				w.must(w.actor().stackful(func(g *running, _ ...uint64) uint64 {
					_, sub := g.begin(f, 1, 16)
					if got := g.do(c.how, sub); got == blocked {
						g.say("blocked, %v", g.wait(g.set(sub)))
					} else {
						g.say("%v", subtaskState(got))
					}
					g.ret(0)
					return 0
				}), 0)
				w.said(c.want)
			})
		})
	}
}

func TestOperationTraps(t *testing.T) {
	failure := errors.New("failure")
	fails := func(context.Context, uint64) (uint32, error) { return 0, failure }
	for _, c := range []struct {
		name string
		do   func(g *running)
		want string
	}{
		{"fails", func(g *running) { g.await(g.w.hostLater(fails), 1) }, "failure"},
		{"cannot begin", func(g *running) { g.await(&Func{Host: stillborn{}}, 1) }, "stillborn"},
		{"too many", func(g *running) {
			f := sleeps(g.w)
			g.w.limits.Operations = 2
			for range 3 {
				g.begin(f, 10, 16)
			}
		}, "too many calls of the host in progress: limit of 2"},
	} {
		t.Run(c.name, func(t *testing.T) { guestTraps(t, c.want, c.do) })
	}
	inWorld(t, func(t *testing.T, w *world) {
		f := sleeps(w)
		w.trap("cannot block a synchronous task", w.actor().lift(plain, func(g *running, _ ...uint64) uint64 { return g.await(f, 1) }), 1)
	})
}

// stillborn is an async function that fails at once.
type stillborn struct{ asyncHost }

func (stillborn) Begin(context.Context, *Store, *abi.Context, int, []uint64, func(Lowering)) (Begun, error) {
	return Begun{}, errors.New("stillborn")
}

// Whatever ends a guest ends what the host does for it: the context of its
// operations, and only then do their functions have to return.
func TestOperationsEnd(t *testing.T) {
	ended := make(chan string, 10)
	waits := func(name string) asyncHost {
		return func(ctx context.Context, _ uint64) (uint32, error) {
			<-ctx.Done()
			ended <- name
			return 0, ctx.Err()
		}
	}
	for _, c := range []struct {
		name string
		run  func(w *world) error
		want string
	}{
		{"the guest has returned", func(w *world) error {
			f := w.hostLater(waits("operation"))
			_, err := w.invoke(w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.begin(f, 1, 16); g.ret(0); return 0 }), 0)
			return err
		}, ""},
		{"the guest has trapped", func(w *world) error {
			f := w.hostLater(waits("operation"))
			_, err := w.invoke(w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.begin(f, 1, 16); panic("trapped") }), 0)
			return err
		}, "trapped"},
		{"the caller's context", func(w *world) error {
			f := w.hostLater(waits("operation"))
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			return w.Invoke(ctx, w.actor().stackful(func(g *running, _ ...uint64) uint64 { g.await(f, 1); return 0 }), &flatCallee{args: []uint64{0}},
				func(wake <-chan struct{}) error {
					select {
					case <-wake:
						return nil
					case <-ctx.Done():
						w.Kill(context.Cause(ctx))
						return context.Cause(ctx)
					}
				})
		}, "guest stopped: context deadline exceeded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				err := c.run(w)
				if got := errText(err); !strings.Contains(got, c.want) || (c.want == "") != (err == nil) {
					t.Errorf("got %q, want %q", got, c.want)
				}
				if len(ended) != 0 {
					t.Error("ended before the store")
				}
				if err := w.Close(); err != nil {
					t.Error(err)
				}
				if len(ended) != 1 {
					t.Errorf("%d ended", len(ended))
				}
				<-ended
			})
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
