package p3

const (
	// cipherPipe is how much ciphertext waits for a slower side, in bytes, in
	// each direction: some full records, so that both have work. Nothing is
	// held while nothing waits.
	cipherPipe = 64 << 10

	// drainChunk is the size of reads whose bytes are discarded.
	drainChunk = 4 << 10

	// swallowed is the permit of a ciphertext stream that nobody reads.
	swallowed = 1 << 20
)
