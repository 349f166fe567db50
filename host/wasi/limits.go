package wasi

import "time"

// ExitGrace is how long a command may go on after its run has returned, with
// what it began and did not wait for.
const ExitGrace = time.Second
