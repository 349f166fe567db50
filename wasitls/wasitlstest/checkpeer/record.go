package checkpeer

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
)

// seen is what the peer saw of one connection.
type seen struct {
	raw         int64
	hello, done bool
	sni, alert  string
	data        int64
	notify, fin bool
}

func (s seen) String() string {
	return fmt.Sprintf("seen raw=%d hello=%d sni=%s done=%d alert=%s data=%d notify=%d fin=%d",
		s.raw, bit(s.hello), dash(s.sni), bit(s.done), dash(s.alert), s.data, bit(s.notify), bit(s.fin))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// holds tells whether a condition, KEY or KEY=N, holds.
func (s seen) holds(until string) bool {
	key, least, numeric := strings.Cut(until, "=")
	for _, word := range strings.Fields(s.String())[1:] {
		k, v, _ := strings.Cut(word, "=")
		if k != key {
			continue
		}
		if !numeric {
			return v != "0" && v != "-"
		}
		have, err1 := strconv.ParseInt(v, 10, 64)
		want, err2 := strconv.ParseInt(least, 10, 64)
		return err1 == nil && err2 == nil && have >= want
	}
	return false
}

// records are those of all connections, by the client's port.
type records struct {
	mu      sync.Mutex
	byPort  map[int]*record
	changed chan struct{} // closed and replaced at each change
	closed  chan struct{}
	once    sync.Once
}

func (rs *records) init() {
	rs.byPort = map[int]*record{}
	rs.changed = make(chan struct{})
	rs.closed = make(chan struct{})
}

func (rs *records) close() { rs.once.Do(func() { close(rs.closed) }) }

// record is that of one connection.
type record struct {
	all  *records
	seen seen
}

func (rs *records) open(from net.Addr) *record {
	r := &record{all: rs}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if a, ok := from.(*net.TCPAddr); ok {
		rs.byPort[a.Port] = r
	}
	rs.tell() // a later connection may ask about this one first
	return r
}

// tell wakes those who wait; the lock is held.
func (rs *records) tell() {
	close(rs.changed)
	rs.changed = make(chan struct{})
}

// set changes the record if change makes a difference.
func (r *record) set(change func(*seen)) {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	before := r.seen
	change(&r.seen)
	if r.seen != before {
		r.all.tell()
	}
}

// wait returns the line about the connection from a port, as soon as the
// condition holds or the time is over.
func (rs *records) wait(port int, within time.Duration, until string) string {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		rs.mu.Lock()
		r, known := rs.byPort[port]
		var s seen
		if known {
			s = r.seen
		}
		changed := rs.changed
		rs.mu.Unlock()
		if known && s.holds(until) {
			return s.String()
		}
		select {
		case <-changed:
			continue
		case <-timer.C:
		case <-rs.closed:
		}
		if !known {
			return "seen unknown"
		}
		return s.String()
	}
}
