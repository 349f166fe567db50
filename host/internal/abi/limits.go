package abi

// Limits of the canonical ABI.
const (
	// MaxFlatParams and MaxFlatResults are how many flat values a synchronous
	// call passes outside memory (MAX_FLAT_PARAMS, MAX_FLAT_RESULTS).
	MaxFlatParams  = 16
	MaxFlatResults = 1
	// MaxBytes is the largest size of a string or list in guest memory
	// (MAX_STRING_BYTE_LENGTH, MAX_LIST_BYTE_LENGTH).
	MaxBytes = 1<<28 - 1
)
