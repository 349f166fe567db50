package bench

import "time"

const (
	// sampleLimit bounds one run of one side.
	sampleLimit = 2 * time.Minute
	// serverLimit bounds the server's start and its end.
	serverLimit = 10 * time.Second
	// connectionLifetime is how long the server keeps a connection: longer than
	// any sample lasts.
	connectionLifetime = 10 * time.Minute
	// starters is how many guests are started at the same time.
	starters = 4
	// chunk is the size of bulk reads and writes.
	chunk = 64 << 10
)

// sizes say how much is measured.
type sizes struct {
	rounds      int
	bulk        int   // bytes of one transfer
	handshakes  int   // of one sample
	connections int   // idle at the same time; a guest may have 1024 sockets
	idleRounds  int   // of idle connections
	manyRounds  int   // of connections at once
	waiting     []int // guests in poll at the same time
	starts      int
	calls       int           // of a host function
	settle      time.Duration // for which guests are left alone before they are looked at
}

var (
	full = sizes{
		rounds: 9, bulk: 384 << 20, handshakes: 300, connections: 1000, idleRounds: 3, manyRounds: 5,
		waiting: []int{2_000, 10_000}, starts: 40, calls: 1_000_000, settle: 500 * time.Millisecond,
	}
	quick = sizes{
		rounds: 1, bulk: 1 << 20, handshakes: 3, connections: 20, idleRounds: 1, manyRounds: 1,
		waiting: []int{20, 50}, starts: 2, calls: 1000, settle: 20 * time.Millisecond,
	}
)
