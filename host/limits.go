package host

// Limits bounds one guest. A zero field means its default.
type Limits struct {
	// MemoryBytes bounds the linear memories of the guest together: 1 GiB
	// (DefaultMemoryBytes).
	MemoryBytes int64
	// TableElements bounds each table: 262,144, of which each takes 8 bytes. A
	// guest has at most 100 tables, 50 memories and 1,000 core instances.
	TableElements int64
	// Handles bounds the handles of all component instances together: 262,144.
	// Each takes some 100 bytes, and what the resource takes.
	Handles int
	// Instances bounds the component instances, those nested included: 10,000.
	Instances int
	// LiftBytes bounds what one call may move out of the guest's memory, by
	// what it takes in Go: 128 MiB.
	LiftBytes int64
	// Threads bounds the calls into guests in progress, of which each may take a
	// fiber, that is two memory mappings of the process: 1,000.
	Threads int
	// Operations bounds the calls of async functions of the host in progress, of
	// which each takes a goroutine: 5,000. A guest may wait for its 1,024 sockets
	// all at once, for each with a timer beside.
	Operations int
}

// DefaultMemoryBytes is the default of Limits.MemoryBytes: a 32-bit guest's
// whole address space would let a few guests exhaust a machine.
const DefaultMemoryBytes = 1 << 30

const (
	// maxProblems is how many problems the error of Link lists; a component
	// may have 100,000 imports.
	maxProblems = 50
	// maxNameShown is how many bytes of a name messages show; a name may have
	// 100,000.
	maxNameShown = 200
	// maxMessage is how many bytes of a message about a component file are shown.
	maxMessage = 1000
)
