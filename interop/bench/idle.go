package bench

import (
	"context"
	"crypto/tls"
	"fmt"
	"strconv"
	"time"
)

// idle compares what connections cost that do nothing but wait for the peer.
// One native connection has one goroutine in Read; the guest waits for all of
// its connections in one poll.
func idle(ctx context.Context, b *bench) ([]Result, error) {
	return b.idle(ctx, guestP2, "", 24)
}

// idle aims at so many KiB for a connection.
func (b *bench) idle(ctx context.Context, guest, prefix string, aim float64) ([]Result, error) {
	each := func(before, after memory, err error) (sample, error) {
		n := float64(b.connections)
		return sample{value: float64(after.heap-before.heap) / n, second: float64(after.resident-before.resident) / n}, err
	}
	ps, err := pairs(ctx, b.idleRounds, func(ctx context.Context) (sample, error) {
		return each(b.nativeIdle(ctx, b.connections))
	}, func(ctx context.Context) (sample, error) {
		return each(b.guestIdle(ctx, guest, b.connections))
	})
	if err != nil {
		return nil, err
	}
	r := compare(prefix+"idle connection, host's heap and stacks", ps, kibibytes, guestAtMost(aim))
	r.Note = fmt.Sprintf("%d connections", b.connections)
	resident := compare(prefix+"idle connection, RSS", second(ps), kibibytes, target{})
	resident.Note = "with the guest's own memory"
	return []Result{r, resident}, nil
}

func (b *bench) nativeIdle(ctx context.Context, count int) (before, after memory, err error) {
	before = takeMemory()
	var open []*tls.Conn
	ended := make(chan error, count)
	defer func() {
		for _, c := range open {
			c.NetConn().Close()
			<-ended
		}
	}()
	for range count {
		c, err := b.server.native().dial(ctx)
		if err != nil {
			return before, after, err
		}
		open = append(open, c)
		go func() {
			_, err := c.Read(make([]byte, 1))
			ended <- err
		}()
	}
	time.Sleep(b.settle)
	after = takeMemory()
	if len(ended) > 0 {
		err = fmt.Errorf("%d connections ended", len(ended))
	}
	return before, after, err
}

func (b *bench) guestIdle(ctx context.Context, guest string, count int) (before, after memory, err error) {
	if _, err := b.host.program(ctx, guest); err != nil {
		return before, after, err
	}
	before = takeMemory()
	g := b.leave(ctx, guest, "idle", b.server.addr, serverName, strconv.Itoa(count))
	text, err := g.lines.ReadString('\n')
	if err != nil {
		g.stop()
		return before, after, fmt.Errorf("no connections: %w", err)
	}
	l, err := parseLine(text, "idle")
	if err == nil && l.Connections != count {
		err = fmt.Errorf("opened %d connections, not %d", l.Connections, count)
	}
	if err == nil {
		time.Sleep(b.settle)
		after = takeMemory()
	}
	if stopped := g.stop(); err == nil {
		err = stopped
	}
	return before, after, err
}
