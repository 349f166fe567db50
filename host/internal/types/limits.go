package types

// Limits on what one component may make us hold or compute.
const (
	// MaxWeight is the largest effective size of a type: itself with all it
	// contains, counted as a tree. It stops types that grow exponentially.
	MaxWeight = 1_000_000
	// MaxDepth is the deepest nesting of a value type; lifting, lowering and
	// comparing recurse that far.
	MaxDepth = 100
	// MaxValueSize bounds the size in memory of a value of any type
	// (Binary.md: elem_size with 64-bit pointers is below it).
	MaxValueSize = 1 << 28

	// MaxInstances bounds the instances that one component creates, nested
	// components counted each time they are instantiated.
	MaxInstances = 10_000

	// maxWork is the budget of validator.spend. Ordinary components need a few
	// thousand; using it up takes about half a second and a few hundred megabytes.
	maxWork = 1_000_000
	// maxWeight and maxSize are where weights and sizes stop growing.
	maxWeight = 1 << 30
	maxSize   = 1 << 40
)
