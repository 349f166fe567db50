package wt

import (
	"runtime"
	"sync/atomic"
	"time"
)

// clock admits guests to the processors and advances the engine's epoch while
// any of them runs.
//
// running counts the guests that run and those that queue. A guest that finds
// more than limit before it waits for a token, and whoever leaves a full house
// puts one in. Tokens take no memory, so putting one in never waits.
type clock struct {
	running atomic.Int64
	limit   int64
	tokens  chan struct{}

	asleep  atomic.Bool
	wake    chan struct{}
	stop    chan struct{}
	stopped chan struct{}
	advance func()
}

func newClock(advance func()) *clock {
	c := &clock{
		limit:   int64(runtime.GOMAXPROCS(0)),
		tokens:  make(chan struct{}, 1<<30),
		wake:    make(chan struct{}, 1),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
		advance: advance,
	}
	go c.run()
	return c
}

func (c *clock) enter() {
	n := c.running.Add(1)
	if c.asleep.Load() && c.asleep.CompareAndSwap(true, false) {
		c.wake <- struct{}{}
	}
	if n > c.limit {
		<-c.tokens
	}
}

func (c *clock) leave() {
	if c.running.Add(-1) >= c.limit {
		c.tokens <- struct{}{}
	}
}

// run ticks until no guest has run for idleTicks, then sleeps until one does.
func (c *clock) run() {
	defer close(c.stopped)
	t := time.NewTicker(tick)
	defer t.Stop()
	for idle := 0; ; {
		select {
		case <-c.stop:
			return
		case <-t.C:
		}
		if c.running.Load() > 0 {
			idle = 0
			c.advance()
			continue
		}
		if idle++; idle < idleTicks {
			continue
		}
		t.Stop()
		if !c.sleep() {
			return
		}
		t.Reset(tick)
		idle = 0
	}
}

// sleep waits for a guest; false when the engine closes. A guest counts itself
// before it looks at asleep, and sleep sets asleep before it counts, so that
// one of them sees the other.
func (c *clock) sleep() bool {
	c.asleep.Store(true)
	if c.running.Load() > 0 && c.asleep.CompareAndSwap(true, false) {
		return true
	}
	select {
	case <-c.wake:
		return true
	case <-c.stop:
		return false
	}
}

func (c *clock) close() {
	close(c.stop)
	<-c.stopped
}
