package checkpeer

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// A connection may be asked about before the peer has got to it: the question
// waits, and is answered when there is something to say.
func TestSeenBeforeItIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rs records
		rs.init()
		from := &net.TCPAddr{Port: 1}
		go func() {
			time.Sleep(time.Millisecond)
			r := rs.open(from)
			time.Sleep(time.Millisecond)
			r.set(func(s *seen) { s.hello = true })
		}()
		if got := rs.wait(1, time.Second, "hello"); !strings.Contains(got, "hello=1") {
			t.Errorf("got %q", got)
		}
		go func() {
			time.Sleep(time.Millisecond)
			rs.open(&net.TCPAddr{Port: 2})
		}()
		if got := rs.wait(2, time.Second, "hello"); !strings.Contains(got, "hello=0") {
			t.Errorf("opened, but silent: got %q", got)
		}
		if got := rs.wait(3, time.Second, "hello"); got != "seen unknown" {
			t.Errorf("never opened: got %q", got)
		}
	})
}
