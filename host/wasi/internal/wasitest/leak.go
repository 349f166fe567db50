package wasitest

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// warm makes Go open what it keeps for all files.
var warm = sync.OnceFunc(func() {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
})

// openFiles counts descriptors, but not those with which the engine keeps the
// initial memory of a component.
func openFiles(tb testing.TB) int {
	tb.Helper()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Skip("no /proc/self/fd to count descriptors in")
	}
	n := 0
	for _, fd := range fds {
		to, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err == nil && !strings.Contains(to, "wasm-memory-image") {
			n++
		}
	}
	return n
}

// settled fails the test if there are more goroutines or descriptors than
// before, also after some time.
func settled(tb testing.TB, goroutines, files int) {
	tb.Helper()
	var g, f int
	for range 100 {
		g, f = runtime.NumGoroutine(), openFiles(tb)
		if g <= goroutines && f <= files {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	buf := make([]byte, 1<<16)
	tb.Errorf("left behind: %d goroutines and %d descriptors more\n%s", g-goroutines, f-files, buf[:runtime.Stack(buf, true)])
}
