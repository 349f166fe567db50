package wt

import (
	"time"

	"github.com/wasitls/wasitls/host/internal/core"
)

const (
	// maxValues bounds the arguments and results, together, of a call across
	// the border. The canonical ABI needs 18; WT_MAX_VALUES is the same number.
	maxValues = 24

	// wasmStack is how much native stack a guest may use, in bytes. CPython
	// needs more than half a MiB for its default recursion limit. Stacks are
	// mapped lazily: a guest pays for the pages that it touched.
	wasmStack = 1 << 20
	// hostStack is what the engine's own code has at the end of each fiber's
	// stack beyond wasmStack: trap handling and backtraces run there.
	hostStack = 256 << 10

	// tick is the length of an epoch.
	tick = 5 * time.Millisecond
	// sliceTicks is how many epochs a guest runs before it is preempted: a
	// slice lasts between one and two ticks.
	sliceTicks = 2
	// idleTicks is how many ticks without a running guest end the ticker.
	idleTicks = 2

	// maxSharedFuncs bounds the engine's table of host functions. A function
	// beyond it works, but its definition is made anew for each store.
	maxSharedFuncs = 1 << 14

	// maxFrames bounds the backtrace of a trap.
	maxFrames = 32

	// spareFibers is how many ended fibers a store keeps for its next calls.
	spareFibers = 4

	// Memory mappings that Wasmtime makes, counted against vm.max_map_count:
	// its own code aborts the process when there are none left.
	mapsPerFiber = 2 // guard and stack
	mapsPerPlain = 3 // of a memory: guard, what is accessible, what is reserved
	mapsPerImage = 5 // of a memory with data: an image and zero pages around it, too
	mapsPerLarge = 2 // of an instance so large that the allocator maps it
	largeFuncs   = 1000
	// mapsForStores and mapsForFibers are the shares, in percent, of the
	// system's limit at which new instances and then new fibers are refused.
	// The usual limit of 65,530 has room for 6,700 guests of one memory with
	// data that have used two stacks; the rest is for threads, code and the Go
	// heap.
	mapsForStores = 92
	mapsForFibers = 95
	// censusInterval is the least time between two counts of true mappings.
	censusInterval = time.Second
)

// defaultLimits are the limits of a store whose own are zero.
var defaultLimits = core.StoreLimits{
	MemoryBytes:   1 << 30, // four times what CPython with its usual packages takes
	TableElements: 1 << 18, // 2 MiB of host memory; large guests have some 50,000 functions
	Instances:     1000,    // as many as a component file may hold
	Memories:      50,
	Tables:        100,
}

func withDefaults(l core.StoreLimits) core.StoreLimits {
	d := defaultLimits
	if l.MemoryBytes > 0 {
		d.MemoryBytes = l.MemoryBytes
	}
	if l.TableElements > 0 {
		d.TableElements = l.TableElements
	}
	if l.Instances > 0 {
		d.Instances = l.Instances
	}
	if l.Memories > 0 {
		d.Memories = l.Memories
	}
	if l.Tables > 0 {
		d.Tables = l.Tables
	}
	return d
}
