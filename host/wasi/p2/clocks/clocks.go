// Package clocks binds wasi:clocks 0.2: the monotonic and the wall clock.
package clocks

import (
	"math"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/clock"
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

// Bind adds the interfaces of wasi:clocks to the linker.
func Bind(l *host.Linker) {
	m := l.Interface("wasi:clocks/monotonic-clock@" + Version)
	m.Func("now", host.Func(func(*host.Call, *host.None) (uint64, error) { return clock.Now(), nil }))
	m.Func("resolution", host.Func(func(*host.Call, *host.None) (uint64, error) { return clock.Resolution, nil }))
	m.Func("subscribe-instant", host.Func(func(_ *host.Call, a *struct{ When uint64 }) (*io.Pollable, error) {
		return io.NewPollable(clock.Timer(a.When)), nil
	}))
	m.Func("subscribe-duration", host.Func(func(_ *host.Call, a *struct{ When uint64 }) (*io.Pollable, error) {
		return io.NewPollable(clock.After(a.When)), nil
	}))
	w := l.Interface("wasi:clocks/wall-clock@" + Version)
	w.Func("now", host.Func(func(*host.Call, *host.None) (Datetime, error) { return DatetimeOf(time.Now()), nil }))
	w.Func("resolution", host.Func(func(*host.Call, *host.None) (Datetime, error) {
		return Datetime{Nanoseconds: clock.Resolution}, nil
	}))
}
