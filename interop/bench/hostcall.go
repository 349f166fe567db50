package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// hostCall asks for the time, again and again: for the guest that is a call of
// a host function without arguments.
func hostCall(ctx context.Context, b *bench) ([]Result, error) {
	ps, err := pairs(ctx, b.rounds, func(context.Context) (sample, error) {
		began := time.Now()
		var last time.Duration
		for range b.calls {
			last = time.Since(began)
		}
		return sample{value: last.Seconds() / float64(b.calls)}, nil
	}, func(ctx context.Context) (sample, error) {
		l, err := b.tlsbench(ctx, guestP2, "hostcalls", strconv.Itoa(b.calls))
		if err == nil && (l.Count != b.calls || l.NS <= 0) {
			err = fmt.Errorf("made %d calls in %d ns, not %d", l.Count, l.NS, b.calls)
		}
		return sample{value: time.Duration(l.NS).Seconds() / float64(b.calls)}, err
	})
	if err != nil {
		return nil, err
	}
	r := compare("one host call", ps, nanoseconds, target{})
	r.Note = "the monotonic clock; native: without a guest"
	return []Result{r}, nil
}
