package bench

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is where a report comes from.
type Machine struct {
	CPU    string
	Cores  int
	Kernel string
	Go     string
	// MapCount is vm.max_map_count, which bounds how many guests fit.
	MapCount int
}

// ThisMachine describes the machine. What it does not tell is empty.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	m.CPU = valueOf("/proc/cpuinfo", "model name")
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(b))
	}
	m.MapCount = mapCount()
	return m
}

const mapCountFile = "/proc/sys/vm/max_map_count"

// mapCount is how many memory mappings a process may have, 0 if unknown.
func mapCount() int {
	b, err := os.ReadFile(mapCountFile)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(b)))
	return n
}

func setMapCount(n int) error { return os.WriteFile(mapCountFile, []byte(strconv.Itoa(n)), 0o644) }

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, Linux %s, %s, vm.max_map_count %d", m.CPU, m.Cores, m.Kernel, m.Go, m.MapCount)
}

// valueOf returns the first value of a key in a file of "key: value" lines.
func valueOf(file, key string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if k, v, ok := strings.Cut(s.Text(), ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// memory is what the process holds, in bytes.
type memory struct {
	heap     int64 // Go's heap and stacks in use
	resident int64 // all of it that is in memory
}

// takeMemory collects garbage first, and gives what is free back to the system.
func takeMemory() memory {
	for range 3 { // a sync.Pool keeps what it has for two
		runtime.GC()
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return memory{int64(m.HeapInuse + m.StackInuse), resident()}
}

// resident is exact, where /proc/self/statm may lag behind.
func resident() int64 {
	kib, _ := strconv.ParseInt(strings.TrimSuffix(valueOf("/proc/self/smaps_rollup", "Rss"), " kB"), 10, 64)
	return kib << 10
}

// threads counts the process's OS threads.
func threads() int {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return 0
	}
	return len(tasks)
}

// mappings counts the process's memory mappings.
func mappings() int {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0
	}
	return bytes.Count(b, []byte("\n"))
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
