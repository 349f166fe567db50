package clocks

import (
	"math"
	"testing"
	"time"
)

func TestInstant(t *testing.T) {
	for _, at := range []time.Time{time.Unix(1_700_000_000, 123), time.Unix(-5, 999_999_999), time.Unix(0, 0)} {
		if got, ok := InstantOf(at).Time(); !ok || !got.Equal(at) {
			t.Errorf("%v is %v, %v", at, got, ok)
		}
	}
	for _, i := range []Instant{{math.MaxInt64, 0}, {math.MinInt64, 0}, {0, 1_000_000_000}} {
		if got, ok := i.Time(); ok {
			t.Errorf("%v is %v", i, got)
		}
	}
}
