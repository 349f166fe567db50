package netgrant

// MaxNames bounds the pairs of a name and an address that are remembered for
// one guest. Beyond it the oldest are forgotten.
const MaxNames = 4096
