package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// signalError is the end of a guest by a signal to this process.
type signalError struct{ signal syscall.Signal }

func (e signalError) Error() string { return "ended by signal: " + e.signal.String() }

// withSignals returns a context that ends, with a signalError as its cause, on
// SIGINT and SIGTERM. A second signal finds the default action again: it ends
// the process at once.
func withSignals(parent context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(parent)
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		defer close(done)
		select {
		case s := <-arrived:
			signal.Stop(arrived)
			cancel(signalError{s.(syscall.Signal)})
		case <-ctx.Done():
			signal.Stop(arrived)
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}

// timeoutError is the end of a guest by --timeout.
type timeoutError struct{ limit time.Duration }

func (e timeoutError) Error() string { return fmt.Sprintf("guest ran longer than %v", e.limit) }

// withTimeout returns a context that ends after limit with a timeoutError; 0
// is no limit.
func withTimeout(parent context.Context, limit time.Duration) (context.Context, func()) {
	if limit == 0 {
		return parent, func() {}
	}
	return context.WithTimeoutCause(parent, limit, timeoutError{limit})
}
