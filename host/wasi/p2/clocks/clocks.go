// Package clocks binds wasi:clocks 0.2: the monotonic and the wall clock.
package clocks

import (
	"math"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/p2/io"
)

// Version is the version of the WIT package that is served.
const Version = "0.2.12"

// Datetime is the record wall-clock.datetime: the time since 1970 in UTC.
type Datetime struct {
	Seconds     uint64
	Nanoseconds uint32
}

// DatetimeOf returns t as a Datetime; times before 1970 are its zero.
func DatetimeOf(t time.Time) Datetime {
	if t.Unix() < 0 {
		return Datetime{}
	}
	return Datetime{uint64(t.Unix()), uint32(t.Nanosecond())}
}

// Time returns the time, false if it is beyond what Go's clock functions take.
func (d Datetime) Time() (time.Time, bool) {
	if d.Seconds > math.MaxInt64/uint64(time.Second) || d.Nanoseconds >= uint32(time.Second) {
		return time.Time{}, false
	}
	return time.Unix(int64(d.Seconds), int64(d.Nanoseconds)), true
}

// epoch is the zero of the monotonic clock. It tells guests when this process
// began to serve WASI, not when the machine was started.
var epoch = time.Now()

func now() uint64 { return uint64(time.Since(epoch)) }

// Bind adds the interfaces of wasi:clocks to the linker.
func Bind(l *host.Linker) {
	m := l.Interface("wasi:clocks/monotonic-clock@" + Version)
	m.Func("now", host.Func(func(*host.Call, *host.None) (uint64, error) { return now(), nil }))
	m.Func("resolution", host.Func(func(*host.Call, *host.None) (uint64, error) { return 1, nil }))
	m.Func("subscribe-instant", host.Func(func(_ *host.Call, a *struct{ When uint64 }) (*io.Pollable, error) {
		return io.NewPollable(timer(a.When)), nil
	}))
	m.Func("subscribe-duration", host.Func(func(_ *host.Call, a *struct{ When uint64 }) (*io.Pollable, error) {
		t := now()
		return io.NewPollable(timer(t + min(a.When, math.MaxUint64-t))), nil
	}))
	w := l.Interface("wasi:clocks/wall-clock@" + Version)
	w.Func("now", host.Func(func(*host.Call, *host.None) (Datetime, error) { return DatetimeOf(time.Now()), nil }))
	w.Func("resolution", host.Func(func(*host.Call, *host.None) (Datetime, error) {
		return Datetime{Nanoseconds: 1}, nil
	}))
}

// timer is ready from an instant of the monotonic clock on. It costs a timer
// while somebody waits for it.
type timer uint64

// Ready implements stream.Pollable.
func (t timer) Ready() bool { return now() >= uint64(t) }

// Notify implements stream.Pollable.
func (t timer) Notify(f func()) (stop func()) {
	at := now()
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
