package compare

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	pairs "github.com/wasitls/wasitls/interop/bench"
)

// speed is something that both Pythons do, and how long it takes.
type speed struct {
	name   string
	args   []string // of lib/speed.py; nil: the time of a whole process that prints hi
	unit   string
	value  func(seconds float64) float64
	target string
	met    func(pairs.Result) bool
}

func inMilliseconds(s float64) float64 { return s * 1e3 }

// megabytesPerSecond is the rate of 64 MiB in so many seconds.
func megabytesPerSecond(s float64) float64 { return 64 << 20 / s / 1e6 }

func guestAtMost(most float64) func(pairs.Result) bool {
	return func(r pairs.Result) bool { return r.Guest.Median <= most }
}

var speeds = []speed{
	{"start to the end of print(\"hi\")", nil, "ms", inMilliseconds, "≤ 150 ms", guestAtMost(150)},
	{"import requests", []string{"import"}, "ms", inMilliseconds, "≤ 700 ms", guestAtMost(700)},
	{"GET of 1 KiB on a kept connection", []string{"get", "300"}, "ms", inMilliseconds, "ratio ≤ 3.00",
		func(r pairs.Result) bool { return r.Ratio.Median <= 3 }},
	{"64 MiB by .content", []string{"content", "2"}, "MB/s", megabytesPerSecond, "ratio ≥ 0.50",
		func(r pairs.Result) bool { return r.Ratio.Median >= 0.5 }},
	{"64 MiB by iter_content", []string{"stream", "2"}, "MB/s", megabytesPerSecond, "ratio ≥ 0.50",
		func(r pairs.Result) bool { return r.Ratio.Median >= 0.5 }},
}

// Speed measures both Pythons, which take turns. The first round of each is not
// counted: it fills caches.
func Speed(ctx context.Context, c Config, rounds int) (*pairs.Report, error) {
	dir, err := os.MkdirTemp("", "wasitls-python-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	c.Scripts = nil
	b, err := newBench(ctx, c, dir)
	if err != nil {
		return nil, err
	}
	defer b.close()
	report := &pairs.Report{Machine: pairs.ThisMachine()}
	for _, s := range speeds {
		var natives, guests, ratios []float64
		for i := range rounds + 1 {
			native, err := b.time(ctx, s, b.native, filepath.Join(b.dir, "lib"))
			if err != nil {
				return nil, fmt.Errorf("%s, natively: %w", s.name, err)
			}
			guest, err := b.time(ctx, s, func(env, args []string) *exec.Cmd { return b.guest(env, "", args) }, "/run/lib")
			if err != nil {
				return nil, fmt.Errorf("%s, in the guest: %w", s.name, err)
			}
			if i > 0 {
				natives, guests, ratios = append(natives, native), append(guests, guest), append(ratios, guest/native)
			}
		}
		r := pairs.Result{Measure: s.name, Unit: s.unit, Target: s.target,
			Native: pairs.NewFigure(natives), Guest: pairs.NewFigure(guests), Ratio: pairs.NewFigure(ratios)}
		r.Met = s.met(r)
		report.Results = append(report.Results, r)
	}
	return report, nil
}

// time runs a measure on one side.
func (b *bench) time(ctx context.Context, s speed, command func(env, args []string) *exec.Cmd, lib string) (float64, error) {
	args := []string{"-c", `print("hi")`}
	if s.args != nil {
		args = append([]string{lib + "/speed.py"}, s.args...)
	}
	start := time.Now()
	out, errs, err := output(ctx, command(nil, args), scriptLimit)
	took := time.Since(start).Seconds()
	if err != nil {
		return 0, fmt.Errorf("%w\n%s", err, tail(errs))
	}
	if s.args != nil {
		if took, err = strconv.ParseFloat(strings.TrimSpace(out), 64); err != nil {
			return 0, err
		}
	}
	return s.value(took), nil
}
