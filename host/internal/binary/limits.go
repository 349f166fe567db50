package binary

// Limits on what a component file may make the decoder hold. Counts are
// checked against the bytes that are left before anything is allocated.
const (
	// MaxNesting bounds how deep components and types contain each other; the
	// decoder recurses that far.
	MaxNesting = 100
	// MaxName is the longest name, in bytes.
	MaxName = 100_000
	// MaxModules, MaxComponents and MaxInstances bound the definitions of one
	// file, those of nested components included.
	MaxModules    = 1_000
	MaxComponents = 1_000
	MaxInstances  = 10_000
	// MaxDefs bounds all definitions and declarations of one file.
	MaxDefs = 250_000
	// MaxItems bounds the exports, arguments, and declarations of one
	// definition.
	MaxItems = 100_000
	// MaxMembers bounds the fields, cases, labels and parameters of one type.
	MaxMembers = 10_000
	// MaxParams bounds the parameters of a component function type.
	MaxParams = 1_000
	// MaxOptions bounds the options of one canonical definition.
	MaxOptions = 10
	// MaxCoreItems bounds each index space of a core module.
	MaxCoreItems = 1_000_000
	// MaxCoreParams bounds the parameters, and the results, of a core function type.
	MaxCoreParams = 1_000
)
