package stdio

import "time"

const (
	// CloseGrace is how long the end of a guest waits for what it has written to
	// be taken.
	CloseGrace = time.Second
	// MaxWriters bounds a guest's streams to its standard outputs, those that it
	// has dropped and that still hold what nobody takes included. A stream
	// beyond is closed from the start.
	MaxWriters = 256
	// maxWrite is how much goes to a file at a time: a pipe that can be written
	// has room for as much, so that it does not block.
	maxWrite = 4096
)
