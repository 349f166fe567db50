package checkpeer

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A record is what the peer saw of one TCP connection.
type record struct {
	all                        *records
	raw, data                  int64
	hello, done, notify, ended bool
	sni, alert                 string
}

// records holds them by the port that the connection came from; of two with the same port,
// the later.
type records struct {
	mu      sync.Mutex
	byPort  map[int]*record
	changed chan struct{} // closed at every change
}

func (rs *records) init() {
	rs.byPort = map[int]*record{}
	rs.changed = make(chan struct{})
}

func (rs *records) add(port int) *record {
	r := &record{all: rs, sni: "-", alert: "-"}
	rs.mu.Lock()
	defer rs.mu.Unlock()
	rs.byPort[port] = r
	rs.wake()
	return r
}

func (rs *records) wake() {
	close(rs.changed)
	rs.changed = make(chan struct{})
}

// update changes the record and wakes those who wait for it.
func (r *record) update(change func(*record)) {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	change(r)
	r.all.wake()
}

func (r *record) ending() bool {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	return r.ended
}

// await returns the line for the port once the condition holds, or after the time is over, or
// when the peer closes.
func (rs *records) await(port int, within time.Duration, until string, closed <-chan struct{}) string {
	timer := time.NewTimer(within)
	defer timer.Stop()
	for over := false; ; {
		rs.mu.Lock()
		line, changed := "seen unknown", rs.changed
		if r := rs.byPort[port]; r != nil {
			line = r.line()
			over = over || holds(line, until)
		}
		rs.mu.Unlock()
		if over {
			return line
		}
		select {
		case <-changed:
		case <-timer.C:
			over = true
		case <-closed:
			over = true
		}
	}
}

func (r *record) line() string {
	bit := map[bool]int{true: 1}
	return fmt.Sprintf("seen raw=%d hello=%d sni=%s done=%d alert=%s data=%d notify=%d fin=%d",
		r.raw, bit[r.hello], r.sni, bit[r.done], r.alert, r.data, bit[r.notify], bit[r.ended])
}

// holds tells whether a line meets `KEY` or `KEY=N`.
func holds(line, until string) bool {
	key, least, counted := strings.Cut(until, "=")
	for word := range strings.FieldsSeq(line) {
		k, value, _ := strings.Cut(word, "=")
		if k != key {
			continue
		}
		if !counted {
			return value != "0" && value != "-"
		}
		n, err1 := strconv.ParseInt(value, 10, 64)
		want, err2 := strconv.ParseInt(least, 10, 64)
		return err1 == nil && err2 == nil && n >= want
	}
	return false
}
