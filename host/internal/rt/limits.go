package rt

// Limits bounds what the guests of a store may use, beside the limits of
// core.StoreLimits. A zero field means the default.
type Limits struct {
	// Handles is how many handles the component instances may hold together.
	Handles int
	// Instances is how many component instances the store may hold.
	Instances int
	// LiftBytes is how many bytes one call may move out of a guest's memory.
	LiftBytes int64
	// Threads is how many threads the guests of the store may have: each call
	// into one that has not returned is one at least.
	Threads int
	// Operations is how many async functions of the host may be in progress.
	Operations int
}

// maxDepth is how many calls into guests may be in progress in a store, each
// inside the one before: from guest to guest, of destructors and of
// allocators. Each takes a fiber and Go stack; a guest may call itself.
const maxDepth = 200

// keptLenders is how many borrows a scope keeps room for from call to call: a
// guest may lend 100,000 at once, to each of its imports.
const keptLenders = 64

// maxSteps is how many steps of instantiation a store takes, for all its
// instances: what each makes stays until the store is closed. A file of a few
// hundred kilobytes can ask for billions. Real components, of 30 core
// instances and more, take 300.
const maxSteps = 100_000

// Defaults of Limits.
const (
	DefaultHandles    = 1 << 18   // far above any real guest; 64 MiB of Go memory, those of the host's small resources included
	DefaultInstances  = 10_000    // nested components multiply: this stops bombs
	DefaultLiftBytes  = 128 << 20 // bytes in one call, as other runtimes allow
	DefaultThreads    = 1_000     // each takes a fiber, and memory mappings of the process
	DefaultOperations = 5_000     // each takes a goroutine; a guest may wait for its 1,024 sockets at once, for each with a timer
)

func (l Limits) withDefaults() Limits {
	if l.Handles <= 0 {
		l.Handles = DefaultHandles
	}
	l.Handles = min(l.Handles, maxTable)
	if l.Instances <= 0 {
		l.Instances = DefaultInstances
	}
	if l.LiftBytes <= 0 {
		l.LiftBytes = DefaultLiftBytes
	}
	if l.Threads <= 0 {
		l.Threads = DefaultThreads
	}
	if l.Operations <= 0 {
		l.Operations = DefaultOperations
	}
	return l
}
