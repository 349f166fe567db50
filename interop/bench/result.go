package bench

import (
	"fmt"
	"math"
	"slices"
)

// Result is one line of the table.
type Result struct {
	Measure       string
	Unit          string
	Native, Guest Figure
	// Ratio is that of the guest to its native neighbour, round by round.
	Ratio  Figure
	Target string // what is aimed at, empty if nothing
	Met    bool   // whether it is reached; true without a target
	Note   string
}

// Figure is a median with its spread. The zero value means that there is none.
type Figure struct{ Median, Low, High float64 }

// None tells whether there is no figure.
func (f Figure) None() bool { return f == Figure{} }

// NewFigure returns that of some numbers.
func NewFigure(numbers []float64) Figure { return figure(numbers, 1) }

// figure returns that of some numbers, in another unit.
func figure(numbers []float64, scale float64) Figure {
	if len(numbers) == 0 {
		return Figure{}
	}
	s := slices.Sorted(slices.Values(numbers))
	n := len(s)
	return Figure{(s[(n-1)/2] + s[n/2]) / 2 * scale, s[0] * scale, s[n-1] * scale}
}

// unit is how values are shown.
type unit struct {
	name  string
	scale float64 // of what is measured: bytes, seconds
}

var (
	megabytes    = unit{"MB/s", 1e-6}
	perSecond    = unit{"/s", 1}
	kibibytes    = unit{"KiB", 1.0 / 1024}
	milliseconds = unit{"ms", 1e3}
	microseconds = unit{"µs", 1e6}
	nanoseconds  = unit{"ns", 1e9}
	count        = unit{"", 1}
)

// target is what is aimed at: the zero value is nothing.
type target struct {
	text string
	met  func(Result) bool
}

func ratioAtLeast(min float64) target {
	return target{fmt.Sprintf("ratio ≥ %.2f", min), func(r Result) bool { return r.Ratio.Median >= min }}
}

func ratioAtMost(max float64) target {
	return target{fmt.Sprintf("ratio ≤ %.2f", max), func(r Result) bool { return r.Ratio.Median <= max }}
}

// guestAtMost aims at a value in the result's unit.
func guestAtMost(max float64) target {
	return target{fmt.Sprintf("≤ %g", max), func(r Result) bool { return r.Guest.Median <= max }}
}

// compare makes a result of what was measured.
func compare(name string, ps []pair, u unit, t target) Result {
	var natives, guests, ratios []float64
	for _, p := range ps {
		natives, guests = append(natives, p.native.value), append(guests, p.guest.value)
		if r := p.guest.value / p.native.value; !math.IsInf(r, 0) && !math.IsNaN(r) {
			ratios = append(ratios, r)
		}
	}
	r := result(name, figure(guests, u.scale), u, t)
	r.Native, r.Ratio = figure(natives, u.scale), figure(ratios, 1)
	return r.judge(t)
}

// result is one without a native side.
func result(name string, guest Figure, u unit, t target) Result {
	return Result{Measure: name, Unit: u.name, Guest: guest}.judge(t)
}

func (r Result) judge(t target) Result {
	r.Target, r.Met = t.text, t.met == nil || t.met(r)
	return r
}

// second makes pairs of the second figures.
func second(ps []pair) []pair {
	out := make([]pair, len(ps))
	for i, p := range ps {
		out[i] = pair{sample{value: p.native.second}, sample{value: p.guest.second}}
	}
	return out
}

// cpuNote tells how much more processor time the guest's side took.
func cpuNote(ps []pair) string {
	var ratios []float64
	for _, p := range ps {
		ratios = append(ratios, p.guest.cpu.Seconds()/p.native.cpu.Seconds())
	}
	return fmt.Sprintf("CPU time of the client × %.2f", figure(ratios, 1).Median)
}
