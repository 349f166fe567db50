package rt

// maxTable is the largest index of a table (CanonicalABI.md, "Table State").
const maxTable = 1<<28 - 1

// table is a table of a component instance: of its handles, which are
// resources, waitables and waitable sets, or of its threads. Index 0 is never
// used; freed indices are reused last in, first out.
type table[E any] struct {
	entries []slot[E]
	free    []uint32
	used    *int // how many entries all such tables of the store have
	limit   int
	what    string // the entries are, for messages
}

type slot[E any] struct {
	value E
	live  bool
}

func (t *table[E]) get(i uint32) (E, error) {
	if int64(i) >= int64(len(t.entries)) || !t.entries[i].live {
		var none E
		return none, trapf("unknown %s index %d", t.what, i)
	}
	return t.entries[i].value, nil
}

func (t *table[E]) add(v E) (uint32, error) {
	if *t.used >= t.limit {
		return 0, trapf("%s table is full: limit of %d %ss", t.what, t.limit, t.what)
	}
	*t.used++
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		t.entries[i] = slot[E]{v, true}
		return i, nil
	}
	if len(t.entries) == 0 {
		t.entries = append(t.entries, slot[E]{})
	}
	t.entries = append(t.entries, slot[E]{v, true})
	return uint32(len(t.entries) - 1), nil
}

func (t *table[E]) remove(i uint32) {
	t.entries[i] = slot[E]{}
	t.free = append(t.free, i)
	*t.used--
}

// handleOf returns the handle with that index, which must be a T.
func handleOf[T any](in *Instance, i uint32) (T, error) {
	e, err := in.handles.get(i)
	if err != nil {
		var none T
		return none, err
	}
	h, ok := e.(T)
	if !ok {
		return h, trapf("handle index %d used with the wrong type", i)
	}
	return h, nil
}
