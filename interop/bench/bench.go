// Package bench measures what a guest pays for its TLS: each measure is a pair
// of a native Go client and the same work done through a guest, on the same
// machine, with the same server.
//
// The server is another process, so that its work is not counted as a
// client's. The two clients of a pair take turns, and what counts is the ratio
// of two runs next to each other: other load on the machine then falls on both.
// A figure is the median of the rounds, with the lowest and the highest beside
// it. Nothing here passes or fails by the clock.
//
// It needs Linux: threads and memory are read from /proc.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// Options say what is measured and with what.
type Options struct {
	// Component returns a prebuilt guest by name, as a component.
	Component func(name string) ([]byte, error)
	// Server is a command line that calls Serve in a process of its own.
	Server []string
	// Quick measures little: to see that everything works, not how fast.
	Quick bool
	// Only, if not nil, selects measures by name.
	Only *regexp.Regexp
	// Log, if not nil, gets a line for each measure when it begins.
	Log io.Writer
}

// Report is what came of a run.
type Report struct {
	Machine Machine
	Results []Result
}

// bench is a run.
type bench struct {
	sizes
	options Options
	server  *server
	host    *guestHost
	cache   string // folder for compiled code
	machine Machine
}

// measure is one thing to find out; it may give several results.
type measure struct {
	name string
	run  func(context.Context, *bench) ([]Result, error)
}

// measures are in the order in which they run: what looks at memory comes
// before what uses much of it.
var measures = []measure{
	{"idle", idle},
	{"p3-idle", idleP3},
	{"waiting", waiting},
	{"receive", receive},
	{"send", send},
	{"send4k", send4K},
	{"handshakes", handshakes},
	{"start", start},
	{"hostcall", hostCall},
	{"p3-receive", receiveP3},
	{"p3-send", sendP3},
	{"p3-handshakes", handshakesP3},
	{"p3-many", manyP3},
	{"policy", policy},
}

// Run measures. It fails when a measure cannot be made: a guest trapped, or
// moved less than it should. The report then has the others.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	b := &bench{sizes: full, options: o}
	if o.Quick {
		b.sizes = quick
	}
	if b.cache, err = os.MkdirTemp("", "wasitls-bench-"); err != nil {
		return nil, err
	}
	defer os.RemoveAll(b.cache)
	b.machine = ThisMachine()
	if b.selects("waiting") {
		defer makeRoom(slices.Max(b.waiting))()
	}
	if b.server, err = startServer(ctx, o.Server); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.server.stop()) }()
	if b.host, err = newGuestHost(b.cache, b.server.roots, o.Component); err != nil {
		return nil, err
	}
	defer b.host.close()
	r := &Report{Machine: b.machine}
	r.Results, err = b.run(ctx)
	return r, err
}

func (b *bench) selects(measure string) bool {
	return b.options.Only == nil || b.options.Only.MatchString(measure)
}

func (b *bench) run(ctx context.Context) (all []Result, err error) {
	for _, m := range measures {
		if !b.selects(m.name) {
			continue
		}
		began := time.Now()
		results, failed := m.run(ctx, b)
		if failed != nil {
			err = errors.Join(err, fmt.Errorf("bench: %s: %w", m.name, failed))
		}
		all = append(all, results...)
		if b.options.Log != nil {
			fmt.Fprintf(b.options.Log, "bench: %s took %.1f s\n", m.name, time.Since(began).Seconds())
		}
	}
	return all, err
}

// sample is one run of one side.
type sample struct {
	value  float64       // what is compared
	second float64       // what else is, of measures with two figures
	cpu    time.Duration // that this process used
}

// pair is a native run and a guest's run, next to each other.
type pair struct{ native, guest sample }

// pairs lets two sides take turns; who begins changes from round to round. A
// first round, for what is done only once, does not count.
func pairs(ctx context.Context, rounds int, native, guest func(context.Context) (sample, error)) ([]pair, error) {
	var out []pair
	for i := range rounds + 1 {
		var p pair
		sides := []func() error{
			func() (err error) { p.native, err = timed(ctx, "native", native); return err },
			func() (err error) { p.guest, err = timed(ctx, "guest", guest); return err },
		}
		if i%2 == 1 {
			sides[0], sides[1] = sides[1], sides[0]
		}
		for _, side := range sides {
			if err := side(); err != nil {
				return nil, err
			}
		}
		if i > 0 {
			out = append(out, p)
		}
	}
	return out, nil
}

// timed runs one side within a bounded time, on a swept heap, and adds the
// processor time that it took. A CPU profile tells the sides by the label "side".
func timed(ctx context.Context, side string, f func(context.Context) (sample, error)) (s sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, sampleLimit)
	defer cancel()
	runtime.GC()
	before := processorTime()
	pprof.Do(ctx, pprof.Labels("side", side), func(ctx context.Context) { s, err = f(ctx) })
	s.cpu = processorTime() - before
	if err != nil {
		err = fmt.Errorf("%s: %w", side, err)
	}
	return s, err
}
