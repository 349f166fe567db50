package io

import (
	"context"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// scratch holds what the results of one guest's calls are lent from until they
// are copied into the guest: its calls run one at a time. A guest that waits
// has none.
type scratch struct {
	chunk   *[stream.ChunkBytes]byte
	indices []uint32
}

// Attach prepares a store for the functions of this package. Without it they
// work, but make garbage.
func Attach(s *host.Store) { host.Attach(s, &scratch{}) }

// env is what the functions of this package need of a call.
type env struct {
	context.Context
	*scratch
}

func envOf(c *host.Call) env {
	s := host.State[scratch](c.Store())
	if s == nil {
		s = &scratch{}
	}
	return env{c.Context(), s}
}

// wait waits for p on behalf of a guest. Its error traps the guest.
func (e env) wait(p stream.Pollable) error {
	if a, ok := p.(stream.Awaiter); ok {
		return e.await(a, p)
	}
	if p.Ready() {
		return nil
	}
	e.free()
	return stopped(stream.Wait(e.Context, p))
}

func (e env) await(a stream.Awaiter, p stream.Pollable) error {
	e.free()
	for {
		if err := a.Await(e.Context); err != nil || p.Ready() {
			return stopped(err)
		}
	}
}

func stopped(err error) error {
	if err != nil {
		return &Trap{err}
	}
	return nil
}

// lend returns a buffer that is valid until the guest's next call.
func (s *scratch) lend(n int) []byte {
	if s.chunk == nil {
		s.chunk = stream.NewChunk()
	}
	return s.chunk[:n]
}

func (s *scratch) free() {
	if s.chunk != nil {
		stream.FreeChunk(s.chunk)
		s.chunk = nil
	}
}

// keep keeps a small list of indices for reuse.
func (s *scratch) keep(indices []uint32) {
	if cap(indices) <= 64 {
		s.indices = indices
	}
}

// Close implements io.Closer.
func (s *scratch) Close() error {
	s.free()
	return nil
}
