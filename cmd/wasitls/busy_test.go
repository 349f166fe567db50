package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// busy waits until a process has computed for a while: its guest runs then.
func busy(t *testing.T, pid int) {
	t.Helper()
	const ticks = 30 // of 10 ms; start-up takes fewer
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Skip("no /proc here: ", err)
		}
		// The name may hold anything; utime is the 12th field after it.
		_, rest, _ := strings.Cut(string(stat), ") ")
		if used, err := strconv.Atoi(strings.Fields(rest)[11]); err == nil && used >= ticks {
			return
		}
	}
	t.Fatal("the guest does not begin to compute")
}
