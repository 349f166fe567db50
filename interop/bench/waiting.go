package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
)

// mapsPerGuest is more than the memory mappings that the guest waiter takes of
// those that vm.max_map_count allows: see host.Config.CopyData.
const mapsPerGuest = 7

// waiting lets many guests wait in poll at the same time, and as many
// goroutines on timers beside them. The guests are of one component.
func waiting(ctx context.Context, b *bench) ([]Result, error) {
	var out []Result
	for _, n := range b.waiting {
		guests, err := b.waiters(ctx, n)
		if err != nil {
			return nil, fmt.Errorf("%d guests: %w", n, err)
		}
		p := pair{native: sleepers(n), guest: guests.sample}
		name := fmt.Sprintf("%d guests in poll", n)
		each := compare(name+", RSS each", []pair{p}, kibibytes, target{})
		each.Note = "native: a goroutine on a timer; " + guests.note
		all := compare(name+", OS threads", second([]pair{p}), count, guestAtMost(16))
		all.Note = "of the whole process"
		out = append(out, each, all)
	}
	return out, nil
}

// crowd is what came of many guests that wait: the memory of each, and the
// threads of the process.
type crowd struct {
	sample
	note string
}

func (b *bench) waiters(ctx context.Context, n int) (_ crowd, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// As many as this fit by default, with room for the rest of the process.
	copying := n*mapsPerGuest > ThisMachine().MapCount*9/10
	engine, err := host.NewEngine(host.Config{CacheDir: b.cache, CopyData: copying})
	if err != nil {
		return crowd{}, err
	}
	var started atomic.Int64
	args := []string{"waiter", strconv.Itoa(int(sampleLimit / time.Millisecond))}
	l, err := b.host.linker(args, func() { started.Add(1) })
	if err != nil {
		return crowd{}, err
	}
	p, err := b.host.link(ctx, engine, l, "waiter")
	if err != nil {
		return crowd{}, err
	}
	before := takeMemory()
	g := guests{engine: engine, program: p}
	defer func() {
		cancel(errEnough)
		err = errors.Join(err, g.wait(), engine.Close())
	}()
	if err := g.start(ctx, n); err != nil {
		return crowd{}, err
	}
	time.Sleep(settle)
	if got := started.Load(); got != int64(n) {
		return crowd{}, fmt.Errorf("%d came to run", got)
	}
	c := crowd{note: fmt.Sprintf("%d mappings", mappings())}
	if copying {
		c.note += ", with CopyData"
	}
	c.second = float64(threads())
	c.value = float64(takeMemory().resident-before.resident) / float64(n)
	return c, nil
}

// guests are many of one program.
type guests struct {
	engine  *host.Engine
	program *host.Program

	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error
}

// start starts n guests, some at a time, and returns when all are in their run.
func (g *guests) start(ctx context.Context, n int) error {
	var starting sync.WaitGroup
	turns := make(chan struct{}, starters)
	for range n {
		turns <- struct{}{}
		starting.Add(1)
		g.running.Go(func() {
			begun := sync.OnceFunc(func() { <-turns; starting.Done() })
			defer begun()
			g.failed(g.one(ctx, begun))
		})
	}
	starting.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.errs...)
}

// one runs a guest that waits until ctx ends; begun is called before its run.
func (g *guests) one(ctx context.Context, begun func()) (err error) {
	var complaint strings.Builder
	s, err := newStore(g.engine, nil, io.Discard, &complaint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in, err := g.program.Instantiate(ctx, s)
	if err != nil {
		return err
	}
	begun()
	status, err := cli.RunCommand(ctx, in)
	if err == nil {
		err = fmt.Errorf("ended with status %d", status)
	}
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// failed keeps the first few errors: they are much alike.
func (g *guests) failed(err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil && len(g.errs) < 3 {
		g.errs = append(g.errs, err)
	}
}

// wait waits for the end of all guests.
func (g *guests) wait() error {
	g.running.Wait()
	g.mu.Lock()
	defer g.mu.Unlock()
	return errors.Join(g.errs...)
}

// sleepers is the native side: n goroutines that wait on a timer.
func sleepers(n int) sample {
	before := takeMemory()
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			t := time.NewTimer(sampleLimit)
			defer t.Stop()
			select {
			case <-t.C:
			case <-stop:
			}
		})
	}
	time.Sleep(settle)
	s := sample{second: float64(threads())}
	s.value = float64(takeMemory().resident-before.resident) / float64(n)
	close(stop)
	all.Wait()
	return s
}
