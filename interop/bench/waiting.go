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

// mapsPerGuest is more than the memory mappings that a waiting guest takes of
// those that vm.max_map_count allows the process: three of its memory, one of
// its data, and two for each of its two stacks.
const mapsPerGuest = 9

// waiting lets many guests wait in poll at the same time, and as many
// goroutines on timers beside them. The guests are of one component.
func waiting(ctx context.Context, b *bench) ([]Result, error) {
	var out []Result
	for _, n := range b.waiting {
		name := fmt.Sprintf("%d guests in poll", n)
		guests, err := b.waiters(ctx, n)
		if err != nil && !roomFor(n, mapCount()) {
			r := result(name, Figure{}, kibibytes, target{})
			r.Note = fmt.Sprintf("no room: vm.max_map_count is %d, and this user cannot raise it", mapCount())
			out = append(out, r)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%d guests: %w", n, err)
		}
		p := pair{native: b.sleepers(n), guest: guests.sample}
		each := compare(name+", RSS each", []pair{p}, kibibytes, target{})
		each.Ratio = Figure{} // of little meaning
		each.Note = "native: a goroutine on a timer; " + guests.note
		all := result(name+", OS threads", Figure{guests.second, guests.second, guests.second}, count, guestAtMost(16))
		all.Note = "of the whole process"
		out = append(out, each, all)
	}
	return out, nil
}

// roomFor tells whether a process that may have so many mappings has room for
// n guests, with some left for the rest.
func roomFor(n, limit int) bool { return n*mapsPerGuest <= limit*9/10 }

// makeRoom raises vm.max_map_count for n guests if that is needed and allowed,
// until restore is called. It comes before the first guest: the host looks once.
func makeRoom(n int) (restore func()) {
	before := mapCount()
	if roomFor(n, before) || setMapCount(n*mapsPerGuest*10/9+1) != nil {
		return func() {}
	}
	return func() { setMapCount(before) }
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
	copying := !roomFor(n, mapCount()) // guests then take fewer mappings
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
	g := guests{host: b.host, engine: engine, program: p}
	defer func() {
		cancel(errEnough)
		err = errors.Join(err, g.wait(), engine.Close())
	}()
	if err := g.start(ctx, n); err != nil {
		return crowd{}, err
	}
	time.Sleep(b.settle)
	if got := started.Load(); got != int64(n) {
		return crowd{}, fmt.Errorf("%d came to run", got)
	}
	c := crowd{note: fmt.Sprintf("%d mappings", mappings())}
	switch {
	case copying:
		c.note += ", with CopyData"
	case !roomFor(n, b.machine.MapCount):
		c.note += fmt.Sprintf(", vm.max_map_count raised to %d", mapCount())
	}
	c.second = float64(threads())
	after := takeMemory()
	c.value = float64(after.resident-before.resident) / float64(n)
	c.note += fmt.Sprintf("; of it %.1f KiB of Go's heap and stacks", float64(after.heap-before.heap)/float64(n)/1024)
	return c, nil
}

// guests are many of one program.
type guests struct {
	host    *guestHost
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
	s, err := g.host.newStore(g.engine, nil, io.Discard, &complaint)
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
func (b *bench) sleepers(n int) sample {
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
	time.Sleep(b.settle)
	s := sample{value: float64(takeMemory().resident-before.resident) / float64(n)}
	close(stop)
	all.Wait()
	return s
}
