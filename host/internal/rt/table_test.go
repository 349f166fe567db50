package rt

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// Values of the host: kept, found by their type, taken for a call and given
// back if that fails, dropped with the store.
func TestStoreValues(t *testing.T) {
	s := newStore()
	var order []string
	refuse := 1
	typ := &ResourceType{Name: "x"}
	typ.Host = dropFunc(func(s *Store, rep uint32) error {
		v, err := s.Value(typ, rep)
		if err != nil {
			return err
		}
		if v == "b" && refuse > 0 { // as long as "a" is there
			refuse--
			return errors.New("in use")
		}
		order = append(order, v.(string))
		_, err = s.Remove(typ, rep)
		return err
	})
	a, b := s.Put(typ, "a"), s.Put(typ, "b")
	if v, err := s.Remove(typ, a); v != "a" || err != nil {
		t.Fatal(v, err)
	}
	for _, rep := range []uint32{a, 77} {
		if _, err := s.Value(typ, rep); err == nil {
			t.Errorf("there is a value %d", rep)
		}
	}
	if _, err := s.Value(&ResourceType{Name: "y"}, b); err == nil {
		t.Error("found by another type")
	}
	if again := s.Put(typ, "a"); again != a || s.Puts() != 3 {
		t.Errorf("%d, %d puts", again, s.Puts())
	}
	if _, err := s.Take(typ, b); err != nil {
		t.Fatal(err)
	}
	s.Settle(errors.New("another argument is wrong"))
	if _, err := s.Take(typ, a); err != nil {
		t.Fatal(err)
	}
	s.Settle(nil) // the host has it
	s.Settle(nil)
	for range keptLenders + 1 {
		if _, err := s.Take(typ, s.Put(typ, "c")); err != nil {
			t.Fatal(err)
		}
	}
	s.Settle(nil)
	if s.values.taken != nil {
		t.Error("room for many is kept")
	}
	s.Put(typ, "d")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if got := strings.Join(order, ""); got != "db" {
		t.Errorf("dropped %q", got)
	}
	stuck := newStore()
	stuck.Put(&ResourceType{Name: "stuck", Host: dropFunc(func(*Store, uint32) error { return io.ErrNoProgress })}, 1)
	if err := stuck.Close(); !errors.Is(err, io.ErrNoProgress) || !strings.Contains(err.Error(), "drop stuck") {
		t.Error(err)
	}
}

// A table gives the smallest index that was never used, or the one last freed.
func TestTable(t *testing.T) {
	used := 0
	tab := table[string]{used: &used, limit: 3, what: "thing"}
	add := func(v string, want uint32) {
		t.Helper()
		if i, err := tab.add(v); i != want || err != nil {
			t.Errorf("%s at %d, %v; want %d", v, i, err, want)
		}
	}
	add("a", 1)
	add("b", 2)
	add("c", 3)
	if _, err := tab.add("d"); err == nil || err.Error() != "thing table is full: limit of 3 things" {
		t.Error(err)
	}
	tab.remove(1)
	tab.remove(3)
	add("d", 3)
	add("e", 1)
	for _, i := range []uint32{0, 4} {
		if _, err := tab.get(i); err == nil {
			t.Errorf("there is a thing %d", i)
		}
	}
	got := []string{}
	for i := range uint32(3) {
		v, err := tab.get(i + 1)
		if err != nil {
			t.Error(err)
		}
		got = append(got, v)
	}
	if !slices.Equal(got, []string{"e", "b", "d"}) {
		t.Error(got)
	}
}

// Everything that needs a handle traps where there is no room for one.
func TestHandlesFull(t *testing.T) {
	for name, do := range map[string]func(g *running, sleeps *Func){
		"waitable-set.new":    func(g *running, _ *Func) { g.do(setNew) },
		"stream.new":          func(g *running, _ *Func) { g.do(streamNew) },
		"stream.new, one end": func(g *running, _ *Func) { g.handles.limit++; g.do(streamNew) },
		"task":                func(g *running, _ *Func) { f := g.w.actor().stackful(nil); f.inst.threads.limit = 0; g.begin(f, 1, 16) },
		"subtask":             func(g *running, f *Func) { g.begin(f, 1, 16) },
	} {
		t.Run(name, func(t *testing.T) {
			guestTraps(t, "table is full", func(g *running) {
				f := sleeps(g.w)
				g.handles.limit = g.w.handles
				do(g, f)
			})
		})
	}
}
