package io

import "github.com/wasitls/wasitls/host/wasi/stream"

const (
	// maxRead bounds what one read, skip or splice moves, whatever a guest asks.
	maxRead = stream.ChunkBytes
	// maxBlockingWrite is the bound that WIT sets for blocking-write-and-flush.
	maxBlockingWrite = 4096
	// maxPoll bounds one poll: each entry costs the host memory.
	maxPoll = 1 << 17
	// maxFruitless is how often in a row a stream may say that it is ready and
	// then give nothing.
	maxFruitless = 64
)
