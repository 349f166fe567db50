package host

// Limits bounds one guest. A zero field means its default.
type Limits struct {
	// MemoryBytes bounds the linear memories of the guest together.
	MemoryBytes int64
	// TableElements bounds each table.
	TableElements int64
	// Handles bounds the resource handles of all component instances together.
	Handles int
	// Instances bounds the component instances, those nested included.
	Instances int
	// LiftBytes bounds what one call may move out of the guest's memory.
	LiftBytes int64
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
