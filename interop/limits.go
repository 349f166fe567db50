package interop

import "time"

// Every wait of a run is bounded by one of these.
const (
	// probeLimit bounds one look at a server, handshake included.
	probeLimit = 10 * time.Second
	// fetchLimit bounds one fetch by one client, its start included.
	fetchLimit = 20 * time.Second
	// bodyLimit is the most a client may return, well above the largest case.
	bodyLimit = 8 << 20
	// logTail is how many bytes of a program's complaint a failure shows.
	logTail = 1500
)
