package sock

import "time"

const (
	// MaxSockets bounds a guest's sockets: those it made and those it accepted.
	MaxSockets = 1024
	// MaxLookups bounds a guest's name lookups in progress.
	MaxLookups = 32
	// LookupTimeout bounds one lookup; the system's resolver has no bound.
	LookupTimeout = 30 * time.Second
	// MaxDatagram is the largest datagram: IP has no larger ones.
	MaxDatagram = 65535
	// MaxDatagrams bounds the datagrams of one receive and of one send permit.
	MaxDatagrams = 16
	// Backlog is the queue of a listener that was not given another.
	Backlog = 128
	// acceptDelay is how long a listener for which there is no room waits before
	// it looks again.
	acceptDelay = 50 * time.Millisecond
	// maxFailedAccepts is how many connections that fail a listener passes over
	// at a time.
	maxFailedAccepts = 64
	// CloseGrace is how long the end of a guest waits for what its sockets
	// have accepted and the network has not taken yet.
	CloseGrace = time.Second
)
