// Package clock is the part of wasi:clocks that does not depend on its
// version: the monotonic clock.
package clock

import (
	"math"
	"time"
)

// epoch is the zero of the monotonic clock. It tells guests when this process
// began to serve WASI, not when the machine was started.
var epoch = time.Now()

// Now returns the time of the monotonic clock in nanoseconds.
func Now() uint64 { return uint64(time.Since(epoch)) }

// Resolution is how far apart two readings of a clock can be, in nanoseconds.
const Resolution = 1

// Timer is ready from an instant of the monotonic clock on. It costs a timer
// while somebody waits for it.
type Timer uint64

// After returns a timer that is ready after some nanoseconds.
func After(d uint64) Timer {
	t := Now()
	return Timer(t + min(d, math.MaxUint64-t))
}

// Ready implements stream.Pollable.
func (t Timer) Ready() bool { return Now() >= uint64(t) }

// Notify implements stream.Pollable.
func (t Timer) Notify(f func()) (stop func()) {
	at := Now()
	if at >= uint64(t) {
		f()
		return func() {}
	}
	left := uint64(t) - at
	if left > math.MaxInt64 { // three centuries
		return func() {}
	}
	x := time.AfterFunc(time.Duration(left), f)
	return func() { x.Stop() }
}
