package interop

import "time"

// Every wait of a run is bounded by one of these.
const (
	// startLimit is how long a server may take until it accepts a connection.
	startLimit = 15 * time.Second
	// startTries is how often a server is started when its port was taken
	// between the choice and its own bind.
	startTries = 3
	// probeLimit bounds one look at a server, handshake included.
	probeLimit = 10 * time.Second
	// fetchLimit bounds one fetch by one client, its start included.
	fetchLimit = 20 * time.Second
	// stopLimit is how long a server may take to end by itself before it is killed.
	stopLimit = 500 * time.Millisecond
	// bodyLimit is the most a client may return, well above the largest case.
	bodyLimit = 8 << 20
	// logTail is how many bytes of a server's log a failure shows.
	logTail = 1500
)
