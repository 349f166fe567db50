package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
)

// start starts a command whose machine code is in the cache: with a new
// engine, as a new process would, and with all but the guest there already.
func start(ctx context.Context, b *bench) ([]Result, error) {
	wasm, err := b.host.load("tlsbench")
	if err != nil {
		return nil, err
	}
	var out []Result
	for _, m := range []struct {
		name   string
		target target
		once   func(context.Context, []byte) (launch, error)
	}{
		{"start of a cached component, new engine", guestAtMost(2), b.startNew},
		{"start of a compiled component", target{}, b.startWarm},
	} {
		var all []launch
		for i := range b.starts + 1 {
			ctx, cancel := context.WithTimeout(ctx, sampleLimit)
			l, err := m.once(ctx, wasm)
			cancel()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", m.name, err)
			}
			if i > 0 { // the first fills the cache
				all = append(all, l)
			}
		}
		r := result(m.name, median(all, launch.total), milliseconds, m.target)
		for _, part := range launchParts {
			if f := median(all, part.of); f.Median > 0 {
				r.Note += fmt.Sprintf("%s %.2f, ", part.name, f.Median)
			}
		}
		r.Note = strings.TrimSuffix(r.Note, ", ")
		out = append(out, r)
	}
	return out, nil
}

// launch is the times of the parts of a start, until the guest's first call
// of the host in its run.
type launch struct{ engine, compile, link, instantiate, run time.Duration }

var launchParts = []struct {
	name string
	of   func(launch) time.Duration
}{
	{"engine", func(l launch) time.Duration { return l.engine }},
	{"load", func(l launch) time.Duration { return l.compile }},
	{"link", func(l launch) time.Duration { return l.link }},
	{"store and instance", func(l launch) time.Duration { return l.instantiate }},
	{"first host call", func(l launch) time.Duration { return l.run }},
}

func (l launch) total() time.Duration { return l.engine + l.compile + l.link + l.instantiate + l.run }

// median returns that of one part, in milliseconds.
func median(all []launch, part func(launch) time.Duration) Figure {
	var numbers []float64
	for _, l := range all {
		numbers = append(numbers, part(l).Seconds())
	}
	return figure(numbers, milliseconds.scale)
}

// laps returns a function that returns the time since its last call.
func laps() func() time.Duration {
	last := time.Now()
	return func() time.Duration {
		now := time.Now()
		d := now.Sub(last)
		last = now
		return d
	}
}

var startArgs = []string{"tlsbench", "hostcalls", "1"}

func (b *bench) startNew(ctx context.Context, wasm []byte) (l launch, err error) {
	lap := laps()
	engine, err := host.NewEngine(host.Config{CacheDir: b.cache})
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	l.engine = lap()
	c, err := engine.Compile(ctx, wasm)
	if err != nil {
		return l, err
	}
	defer c.Close()
	l.compile = lap()
	linker, err := b.host.linker(startArgs, func() { l.run = lap() })
	if err != nil {
		return l, err
	}
	p, err := linker.Link(c)
	if err != nil {
		return l, err
	}
	l.link = lap()
	return l, b.host.launch(ctx, engine, p, lap, &l)
}

func (b *bench) startWarm(ctx context.Context, wasm []byte) (l launch, err error) {
	var lap func() time.Duration
	linker, err := b.host.linker(startArgs, func() { l.run = lap() })
	if err != nil {
		return l, err
	}
	p, err := b.host.link(ctx, b.host.engine, linker, "tlsbench")
	if err != nil {
		return l, err
	}
	lap = laps()
	return l, b.host.launch(ctx, b.host.engine, p, lap, &l)
}

// launch runs a guest to its end. The linker's hook ends the last lap.
func (h *guestHost) launch(ctx context.Context, e *host.Engine, p *host.Program, lap func() time.Duration, l *launch) (err error) {
	s, err := h.newStore(e, nil, io.Discard, io.Discard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in, err := p.Instantiate(ctx, s)
	if err != nil {
		return err
	}
	l.instantiate = lap()
	status, err := cli.RunCommand(ctx, in)
	if err == nil && (status != 0 || l.run == 0) {
		err = errors.New("the guest ended with status " + strconv.Itoa(status))
	}
	return err
}
