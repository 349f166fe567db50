package stream

import "time"

const (
	// ChunkBytes is the largest read, write permit and buffer of a stream: more
	// gains nothing, and each guest may hold it several times.
	ChunkBytes = 64 << 10
	// DropTimeout is how long what a dropped output has accepted may take to
	// go out.
	DropTimeout = 2 * time.Second
)
