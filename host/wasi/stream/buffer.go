package stream

import "sync"

var chunks = sync.Pool{New: func() any { return new([ChunkBytes]byte) }}

// NewChunk returns a buffer of ChunkBytes, with old contents.
func NewChunk() *[ChunkBytes]byte { return chunks.Get().(*[ChunkBytes]byte) }

// FreeChunk gives a buffer back, which is then no longer used.
func FreeChunk(c *[ChunkBytes]byte) { chunks.Put(c) }
