package clocks

import (
	"math"
	"testing"
	"time"
)

func TestDatetime(t *testing.T) {
	at := time.Unix(1_700_000_000, 123)
	if got, ok := DatetimeOf(at).Time(); !ok || !got.Equal(at) {
		t.Errorf("%v, %v", got, ok)
	}
	if d := DatetimeOf(time.Unix(-5, 0)); d != (Datetime{}) {
		t.Errorf("before 1970: %v", d)
	}
	for _, d := range []Datetime{{math.MaxUint64, 0}, {0, 1_000_000_000}} {
		if got, ok := d.Time(); ok {
			t.Errorf("%v is %v", d, got)
		}
	}
}
