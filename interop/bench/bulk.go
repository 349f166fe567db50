package bench

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

// rate is a sample of so many bytes in a time, in bytes per second.
func rate(bytes int, d time.Duration) sample {
	return sample{value: float64(bytes) / d.Seconds()}
}

// receive reads in bulk, 64 KiB at most at a time.
func receive(ctx context.Context, b *bench) ([]Result, error) {
	ps, err := pairs(ctx, b.rounds, func(ctx context.Context) (sample, error) {
		return b.server.native().receive(ctx, b.bulk)
	}, func(ctx context.Context) (sample, error) {
		return b.guestBulk(ctx, guestP2, "recv", strconv.Itoa(b.bulk), strconv.Itoa(chunk))
	})
	if err != nil {
		return nil, err
	}
	return []Result{rates("receive, 64 KiB reads", ps, ratioAtLeast(0.85))}, nil
}

// send writes in bulk, 64 KiB at a time.
func send(ctx context.Context, b *bench) ([]Result, error) {
	ps, err := pairs(ctx, b.rounds, func(ctx context.Context) (sample, error) {
		return b.server.native().send(ctx, b.bulk, chunk)
	}, func(ctx context.Context) (sample, error) {
		return b.guestBulk(ctx, guestP2, "send", strconv.Itoa(b.bulk), strconv.Itoa(chunk))
	})
	if err != nil {
		return nil, err
	}
	return []Result{rates("send, 64 KiB writes", ps, ratioAtLeast(0.85))}, nil
}

// send4K compares blocking writes of 4 KiB with native writes: of 64 KiB, what
// a program would do that can choose, and of 4 KiB, what the same writes cost
// without a guest.
func send4K(ctx context.Context, b *bench) ([]Result, error) {
	guest := func(ctx context.Context) (sample, error) {
		return b.guestBulk(ctx, guestP2, "send4k", strconv.Itoa(b.bulk))
	}
	var out []Result
	for _, m := range []struct {
		name   string
		size   int
		target target
	}{
		{"send, 4 KiB blocking writes : native 64 KiB", chunk, ratioAtLeast(0.6)},
		{"send, 4 KiB blocking writes : native 4 KiB", 4 << 10, target{}},
	} {
		ps, err := pairs(ctx, b.rounds, func(ctx context.Context) (sample, error) {
			return b.server.native().send(ctx, b.bulk, m.size)
		}, guest)
		if err != nil {
			return nil, err
		}
		out = append(out, rates(m.name, ps, m.target))
	}
	return out, nil
}

func rates(name string, ps []pair, t target) Result {
	r := compare(name, ps, megabytes, t)
	r.Note = cpuNote(ps)
	return r
}

// guestBulk runs a guest in a mode that moves b.bulk bytes.
func (b *bench) guestBulk(ctx context.Context, guest, mode string, args ...string) (sample, error) {
	l, err := b.tlsbench(ctx, guest, append([]string{mode, b.server.addr, serverName}, args...)...)
	if err == nil && (l.Bytes != b.bulk || l.Calls == 0 || l.NS <= 0) {
		err = fmt.Errorf("moved %d bytes in %d calls and %d ns, not %d bytes", l.Bytes, l.Calls, l.NS, b.bulk)
	}
	if err != nil {
		return sample{}, err
	}
	return rate(l.Bytes, time.Duration(l.NS)), nil
}

func (n native) receive(ctx context.Context, bytes int) (sample, error) {
	c, err := n.open(ctx, fmt.Sprintf("send %d", bytes))
	if err != nil {
		return sample{}, err
	}
	defer c.Close()
	buf := make([]byte, chunk)
	began, got := time.Now(), 0
	for got < bytes {
		k, err := c.Read(buf)
		got += k
		if err != nil {
			return sample{}, fmt.Errorf("after %d bytes: %w", got, err)
		}
	}
	return rate(got, time.Since(began)), nil
}

func (n native) send(ctx context.Context, bytes, size int) (sample, error) {
	c, err := n.open(ctx, fmt.Sprintf("sink %d", bytes))
	if err != nil {
		return sample{}, err
	}
	defer c.Close()
	buf := make([]byte, size)
	began := time.Now()
	for left := bytes; left > 0; {
		k, err := c.Write(buf[:min(left, size)])
		if err != nil {
			return sample{}, err
		}
		left -= k
	}
	if err := sunk(c, bytes); err != nil {
		return sample{}, err
	}
	return rate(bytes, time.Since(began)), nil
}
