package rt

// maxTable is the largest index of a handle table (CanonicalABI.md, "Table State").
const maxTable = 1<<28 - 1

// table is the handle table of a component instance. Index 0 is never used;
// freed indices are reused last in, first out.
type table struct {
	entries []*handle
	free    []uint32
	store   *Store // counts the handles of all its tables
}

func (t *table) get(i uint32) (*handle, error) {
	if i == 0 || int64(i) >= int64(len(t.entries)) || t.entries[i] == nil {
		return nil, trapf("unknown handle index %d", i)
	}
	return t.entries[i], nil
}

func (t *table) add(h *handle) (uint32, error) {
	if t.store.handles >= t.store.limits.Handles {
		return 0, trapf("handle table is full: limit of %d handles", t.store.limits.Handles)
	}
	t.store.handles++
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		t.entries[i] = h
		return i, nil
	}
	if len(t.entries) == 0 {
		t.entries = append(t.entries, nil)
	}
	t.entries = append(t.entries, h)
	return uint32(len(t.entries) - 1), nil
}

func (t *table) remove(i uint32) {
	t.entries[i] = nil
	t.free = append(t.free, i)
	t.store.handles--
}
