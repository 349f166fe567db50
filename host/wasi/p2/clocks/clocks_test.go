package clocks

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

func TestTimer(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	start := now()
	x := timer(start + uint64(10*time.Millisecond))
	if x.Ready() {
		t.Error("ready at once")
	}
	if err := stream.Wait(ctx, x); err != nil {
		t.Fatal(err)
	}
	if d := now() - start; d < uint64(10*time.Millisecond) {
		t.Errorf("waited %v", time.Duration(d))
	}
	if !x.Ready() || !timer(0).Ready() {
		t.Error("the past is not ready")
	}
	for _, far := range []timer{timer(math.MaxUint64), timer(math.MaxInt64)} {
		stop := far.Notify(func() { t.Error("the far future has come") })
		stop()
		if far.Ready() {
			t.Error("the far future is ready")
		}
	}
}

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
