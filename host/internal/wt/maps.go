package wt

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/wasitls/wasitls/host/internal/core"
)

// liveMaps estimates the memory mappings of all guests of the process.
var liveMaps atomic.Int64

// maxMaps is how many mappings the system allows the process.
var maxMaps = sync.OnceValue(func() int64 {
	b, err := os.ReadFile("/proc/sys/vm/max_map_count")
	if err != nil {
		return math.MaxInt64 / 100 // a system without that limit
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	if err != nil || n <= 0 || n > math.MaxInt64/100 {
		return math.MaxInt64 / 100
	}
	return n
})

// reserveMaps books n mappings unless all then pass percent of the limit.
func reserveMaps(n, percent int64) error {
	if live := liveMaps.Add(n); live > maxMaps()*percent/100 {
		liveMaps.Add(-n)
		return fmt.Errorf("wt: %d memory mappings in use, %d allowed by vm.max_map_count: %w", live-n, maxMaps(), core.ErrNoRoom)
	}
	return nil
}

func releaseMaps(n int64) { liveMaps.Add(-n) }
