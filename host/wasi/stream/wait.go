package stream

import "context"

// Wait returns when p is ready, or with the cause of the end of ctx.
func Wait(ctx context.Context, p Pollable) error {
	for !p.Ready() {
		if err := wait(ctx, func(wake func()) func() { return p.Notify(wake) }); err != nil {
			return err
		}
	}
	return nil
}

// WaitAny waits until at least one of n pollables is ready and appends the
// indices of all that are to ready. It costs no goroutine of its own, and each
// time it is woken one look at every pollable.
func WaitAny(ctx context.Context, n int, at func(int) Pollable, ready []uint32) ([]uint32, error) {
	for {
		for i := range n {
			if at(i).Ready() {
				ready = append(ready, uint32(i))
			}
		}
		if len(ready) > 0 {
			return ready, nil
		}
		err := wait(ctx, func(wake func()) func() {
			stops := make([]func(), n)
			for i := range n {
				stops[i] = at(i).Notify(wake)
			}
			return func() {
				for _, stop := range stops {
					stop()
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
}

func wait(ctx context.Context, notify func(wake func()) (stop func())) error {
	woken := make(chan struct{}, 1)
	stop := notify(func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})
	defer stop()
	select {
	case <-woken:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
