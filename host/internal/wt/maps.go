package wt

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wasitls/wasitls/host/internal/core"
)

// liveMaps counts the memory mappings that the guests of the process take at
// most; the kernel merges neighbours, so that there are often fewer. everMaps
// counts all that were ever booked.
var liveMaps, everMaps atomic.Int64

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

// otherMaps is how many mappings the process had before its first guest.
var otherMaps = sync.OnceValue(countMaps)

// countMaps counts the mappings that the process has, 0 if it cannot. With
// many of them it takes some 50 ms.
func countMaps() int64 {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0
	}
	return int64(bytes.Count(b, []byte("\n")))
}

// census is a count that was made because the estimate came near the limit.
var census struct {
	sync.Mutex
	at   time.Time
	maps int64 // 0 before the first count
	ever int64 // everMaps then
}

// reserveMaps books n mappings unless all would then pass percent of what the
// system allows. While the estimate is below that, it suffices; beyond, the
// true number decides, counted at most once per censusInterval.
func reserveMaps(n, percent int64) error {
	limit := maxMaps() * percent / 100
	live, ever := liveMaps.Add(n), everMaps.Add(n)
	if live+otherMaps() <= limit {
		return nil
	}
	census.Lock()
	defer census.Unlock()
	// No more than were counted, and all that was booked since, n among it.
	most := func() int64 { return census.maps + ever - census.ever }
	if (census.maps == 0 || most() > limit) && time.Since(census.at) > censusInterval {
		census.maps, census.at, census.ever = countMaps(), time.Now(), ever-n
	}
	if census.maps > 0 && most() <= limit {
		return nil
	}
	liveMaps.Add(-n)
	return fmt.Errorf("wt: some %d memory mappings in use, %d allowed by vm.max_map_count: %w", census.maps, maxMaps(), core.ErrNoRoom)
}

// releaseMaps gives mappings back that are no more.
func releaseMaps(n int64) { liveMaps.Add(-n) }
