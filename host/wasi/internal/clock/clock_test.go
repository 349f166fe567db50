package clock

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
	start := Now()
	x := Timer(start + uint64(10*time.Millisecond))
	if x.Ready() {
		t.Error("ready at once")
	}
	if err := stream.Wait(ctx, x); err != nil {
		t.Fatal(err)
	}
	if d := Now() - start; d < uint64(10*time.Millisecond) {
		t.Errorf("waited %v", time.Duration(d))
	}
	if !x.Ready() || !Timer(0).Ready() {
		t.Error("the past is not ready")
	}
	for _, far := range []Timer{Timer(math.MaxUint64), Timer(math.MaxInt64)} {
		stop := far.Notify(func() { t.Error("the far future has come") })
		stop()
		if far.Ready() {
			t.Error("the far future is ready")
		}
	}
}
