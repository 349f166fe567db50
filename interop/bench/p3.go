package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/wasitls/wasitls/host"
	wasip3 "github.com/wasitls/wasitls/host/wasi/p3"
	tlsp3 "github.com/wasitls/wasitls/wasitls/p3"
)

// guestP3 does through WASI 0.3 and wasi:tls 0.3 what tlsbench does through 0.2.
const guestP3 = "tlsbench-p3"

// bindP3 offers what it imports. What a store grants is shared with 0.2.
func bindP3(l *host.Linker) error {
	wasip3.Bind(l)
	return tlsp3.Bind(l, tlsp3.Options{TLS: true})
}

// receiveP3 is receive.
func receiveP3(ctx context.Context, b *bench) ([]Result, error) {
	ps, err := pairs(ctx, b.rounds, func(ctx context.Context) (sample, error) {
		return b.server.native().receive(ctx, b.bulk)
	}, func(ctx context.Context) (sample, error) {
		return b.guestBulk(ctx, guestP3, "recv", strconv.Itoa(b.bulk), strconv.Itoa(chunk))
	})
	if err != nil {
		return nil, err
	}
	return []Result{rates("0.3: receive, 64 KiB reads", ps, ratioAtLeast(0.85))}, nil
}

// sendP3 is send.
func sendP3(ctx context.Context, b *bench) ([]Result, error) {
	ps, err := pairs(ctx, b.rounds, func(ctx context.Context) (sample, error) {
		return b.server.native().send(ctx, b.bulk, chunk)
	}, func(ctx context.Context) (sample, error) {
		return b.guestBulk(ctx, guestP3, "send", strconv.Itoa(b.bulk), strconv.Itoa(chunk))
	})
	if err != nil {
		return nil, err
	}
	return []Result{rates("0.3: send, 64 KiB writes", ps, ratioAtLeast(0.85))}, nil
}

// idleP3 is idle: the guest has one read in progress for each connection.
func idleP3(ctx context.Context, b *bench) ([]Result, error) {
	return b.idle(ctx, guestP3, "0.3: ", 32)
}

// handshakesP3 is handshakes.
func handshakesP3(ctx context.Context, b *bench) ([]Result, error) {
	return b.handshaking(ctx, guestP3, "0.3: ")
}

// manyP3 opens many connections at once in one guest, makes a round trip on all
// of them, and closes them.
func manyP3(ctx context.Context, b *bench) ([]Result, error) {
	most := 0
	ps, err := pairs(ctx, b.manyRounds, func(ctx context.Context) (sample, error) {
		return b.server.native().many(ctx, b.connections)
	}, func(ctx context.Context) (sample, error) {
		s, err := b.manyP3(ctx, b.connections)
		most = max(most, threads())
		return s, err
	})
	if err != nil {
		return nil, err
	}
	all := compare(fmt.Sprintf("0.3: %d connections at once in one guest", b.connections), ps, milliseconds, target{})
	all.Note = "connect, handshake, round trip, close; " + cpuNote(ps)
	os := result("0.3: OS threads of it", Figure{float64(most), float64(most), float64(most)}, count, guestAtMost(16))
	os.Note = "of the whole process"
	return []Result{all, os}, nil
}

func (b *bench) manyP3(ctx context.Context, count int) (sample, error) {
	var out strings.Builder
	if err := b.host.run(ctx, guestP3, &out, "many", b.server.addr, serverName, strconv.Itoa(count)); err != nil {
		return sample{}, err
	}
	ns, phases := 0, strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, text := range phases {
		l, err := parseLine(text, "many")
		if err == nil && l.Count != count {
			err = fmt.Errorf("used %d connections, not %d", l.Count, count)
		}
		if err != nil {
			return sample{}, err
		}
		ns += l.NS
	}
	if len(phases) != 3 {
		return sample{}, fmt.Errorf("%d phases of %q", len(phases), out.String())
	}
	return sample{value: time.Duration(ns).Seconds()}, nil
}

// many is the same with a goroutine for each connection.
func (n native) many(ctx context.Context, count int) (sample, error) {
	open := make([]*tls.Conn, count)
	defer func() {
		for _, c := range open {
			if c != nil {
				c.NetConn().Close()
			}
		}
	}()
	began := time.Now()
	for _, phase := range []func(i int) error{
		func(i int) (err error) { open[i], err = n.open(ctx, "echo"); return err },
		func(i int) error {
			if _, err := open[i].Write([]byte{7}); err != nil {
				return err
			}
			_, err := io.ReadFull(open[i], make([]byte, 1))
			return err
		},
		func(i int) error {
			if err := open[i].CloseWrite(); err != nil {
				return err
			}
			_, err := io.Copy(io.Discard, open[i])
			return err
		},
	} {
		if err := atOnce(count, phase); err != nil {
			return sample{}, err
		}
	}
	return sample{value: time.Since(began).Seconds()}, nil
}

// atOnce calls f for each number below n, all at the same time.
func atOnce(n int, f func(i int) error) error {
	done := make(chan error, n)
	for i := range n {
		go func() { done <- f(i) }()
	}
	var errs []error
	for range n {
		errs = append(errs, <-done)
	}
	return errors.Join(errs...)
}
