package bench

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// handshakes makes full handshakes one after the other, each on a connection
// of its own that is ended with close_notify.
func handshakes(ctx context.Context, b *bench) ([]Result, error) {
	return b.handshaking(ctx, guestP2, "")
}

func (b *bench) handshaking(ctx context.Context, guest, prefix string) ([]Result, error) {
	ps, err := pairs(ctx, b.rounds, func(ctx context.Context) (sample, error) {
		return b.server.native().handshakes(ctx, b.handshakes)
	}, func(ctx context.Context) (sample, error) {
		return b.guestHandshakes(ctx, guest)
	})
	if err != nil {
		return nil, err
	}
	all := compare(prefix+"full handshakes, one at a time", ps, perSecond, ratioAtLeast(0.9))
	all.Note = "with connect and close; " + cpuNote(ps)
	one := compare(prefix+"handshake alone, median", second(ps), microseconds, target{})
	one.Note = fmt.Sprintf("%+.0f µs for the guest", one.Guest.Median-one.Native.Median)
	return []Result{all, one}, nil
}

func (b *bench) guestHandshakes(ctx context.Context, guest string) (sample, error) {
	l, err := b.tlsbench(ctx, guest, "handshakes", b.server.addr, serverName, strconv.Itoa(b.handshakes))
	if err == nil && (l.Count != b.handshakes || l.NS <= 0 || l.P50NS <= 0) {
		err = fmt.Errorf("made %d handshakes in %d ns, not %d", l.Count, l.NS, b.handshakes)
	}
	return handshaken(l.Count, time.Duration(l.NS), time.Duration(l.P50NS)), err
}

func handshaken(n int, all, median time.Duration) sample {
	return sample{value: float64(n) / all.Seconds(), second: median.Seconds()}
}

func (n native) handshakes(ctx context.Context, count int) (sample, error) {
	times := make([]time.Duration, count)
	began := time.Now()
	for i := range times {
		var err error
		if times[i], err = n.handshake(ctx); err != nil {
			return sample{}, err
		}
	}
	whole := time.Since(began)
	slices.Sort(times)
	return handshaken(count, whole, times[count/2]), nil
}

// handshake returns the time of a handshake without the connect before it.
func (n native) handshake(ctx context.Context) (time.Duration, error) {
	below, err := n.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer below.Close()
	began := time.Now()
	c, err := n.secure(ctx, below)
	if err != nil {
		return 0, err
	}
	d := time.Since(began)
	return d, c.CloseWrite()
}
