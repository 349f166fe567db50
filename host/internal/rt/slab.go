package rt

import (
	"errors"
	"fmt"
)

// slab holds the Go values behind the host's resources of one store; a
// value's index is the representation that handles carry.
type slab struct {
	values []slabEntry
	free   []uint32
	puts   uint64      // how many values were ever put in
	taken  []slabEntry // by the lifting of arguments in progress
}

type slabEntry struct {
	typ   *ResourceType
	value any
}

// Put keeps v as a value of the host's resource type t and returns its
// representation.
func (s *Store) Put(t *ResourceType, v any) uint32 {
	e := slabEntry{t, v}
	s.values.puts++
	if n := len(s.values.free); n > 0 {
		i := s.values.free[n-1]
		s.values.free = s.values.free[:n-1]
		s.values.values[i] = e
		return i
	}
	s.values.values = append(s.values.values, e)
	return uint32(len(s.values.values) - 1)
}

// Value returns the value with that representation.
func (s *Store) Value(t *ResourceType, rep uint32) (any, error) {
	if int64(rep) < int64(len(s.values.values)) {
		if e := s.values.values[rep]; e.typ == t && e.value != nil {
			return e.value, nil
		}
	}
	return nil, trapf("no %s with representation %d", t.Name, rep)
}

// Puts is how many values were ever put into the store.
func (s *Store) Puts() uint64 { return s.values.puts }

// Remove removes the value with that representation and returns it.
func (s *Store) Remove(t *ResourceType, rep uint32) (any, error) {
	v, err := s.Value(t, rep)
	if err == nil {
		s.values.values[rep] = slabEntry{}
		s.values.free = append(s.values.free, rep)
	}
	return v, err
}

// Take is Remove for an argument that a host function is to own. Settle must
// follow when all arguments of the call are lifted.
func (s *Store) Take(t *ResourceType, rep uint32) (any, error) {
	v, err := s.Remove(t, rep)
	if err == nil {
		s.values.taken = append(s.values.taken, slabEntry{t, v})
	}
	return v, err
}

// Settle ends the lifting of arguments. If that failed, the store has what was
// taken again, so that it is dropped with the store.
func (s *Store) Settle(err error) {
	b := &s.values
	if len(b.taken) == 0 {
		return
	}
	for _, e := range b.taken {
		if err != nil {
			s.Put(e.typ, e.value)
		}
	}
	clear(b.taken)
	if b.taken = b.taken[:0]; cap(b.taken) > keptLenders {
		b.taken = nil
	}
}

// dropAll drops every value, last made first. A drop that is refused, as that
// of a stream with a pollable on it, is tried again once the others are gone.
func (b *slab) dropAll(s *Store) error {
	var errs []error
	for pass := 0; pass < 2; pass++ {
		errs = nil
		for i := len(b.values) - 1; i >= 0; i-- {
			e := b.values[i]
			if e.value == nil {
				continue
			}
			if err := e.typ.Host.Drop(s, uint32(i)); err != nil {
				errs = append(errs, fmt.Errorf("drop %s: %w", e.typ.Name, err))
			}
		}
	}
	return errors.Join(errs...)
}
