// Package clocks binds wasi:clocks 0.3: the monotonic and the system clock.
package clocks

import (
	"math"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/clock"
)

// Version is the version of the WIT package that is served.
const Version = "0.3.0"

// Instant is the record system-clock.instant: the time since 1970 in UTC.
type Instant struct {
	Seconds     int64
	Nanoseconds uint32
}

// InstantOf returns t as an Instant.
func InstantOf(t time.Time) Instant { return Instant{t.Unix(), uint32(t.Nanosecond())} }

// Time returns the time, false if it is beyond what Go's clock functions take.
func (i Instant) Time() (time.Time, bool) {
	const most = math.MaxInt64 / int64(time.Second)
	if i.Seconds < -most || i.Seconds >= most || i.Nanoseconds >= uint32(time.Second) {
		return time.Time{}, false
	}
	return time.Unix(i.Seconds, int64(i.Nanoseconds)), true
}

// Bind adds the interfaces of wasi:clocks to the linker.
func Bind(l *host.Linker) {
	resolution := host.Func(func(*host.Call, *host.None) (uint64, error) { return clock.Resolution, nil })
	m := l.Interface("wasi:clocks/monotonic-clock@" + Version)
	m.Func("now", host.Func(func(*host.Call, *host.None) (uint64, error) { return clock.Now(), nil }))
	m.Func("get-resolution", resolution)
	m.Func("wait-until", waiting(func(when uint64) clock.Timer { return clock.Timer(when) }))
	m.Func("wait-for", waiting(clock.After))
	s := l.Interface("wasi:clocks/system-clock@" + Version)
	s.Func("now", host.Func(func(*host.Call, *host.None) (Instant, error) { return InstantOf(time.Now()), nil }))
	s.Func("get-resolution", resolution)
}

// waiting makes a host function that returns when a timer is ready.
func waiting(timer func(uint64) clock.Timer) host.Fn {
	return host.Await(func(_ *host.Call, a *struct{ When uint64 }) func() (host.None, host.Condition, error) {
		t := timer(a.When)
		return func() (none host.None, until host.Condition, err error) {
			if !t.Ready() {
				until = t
			}
			return none, until, nil
		}
	})
}
