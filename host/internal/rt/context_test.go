package rt

import (
	"fmt"
	"testing"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// contextModule is ContextSlots as a scripted module.
var contextModule = &module{exports: func(*scripted, []core.Extern) map[string]core.Extern {
	items := map[string]core.Extern{}
	for i := range numSlots {
		cell := new(uint64)
		get := func(func(core.Extern, ...uint64) uint64, []uint64) (uint64, error) { return *cell, nil }
		set := func(_ func(core.Extern, ...uint64) uint64, args []uint64) (uint64, error) {
			*cell = args[0]
			return 0, nil
		}
		items[fmt.Sprint(i)] = &scriptedExtern{kind: core.Global, cell: cell}
		items[fmt.Sprint("get", i)] = &scriptedExtern{kind: core.Func, code: get}
		items[fmt.Sprint("set", i)] = &scriptedExtern{kind: core.Func, code: set}
	}
	return items
}}

// Each thread has its own slots, whichever ran last; what runs outside of the
// guest's tasks finds empty ones.
func TestContextSlots(t *testing.T) {
	p := newPlan()
	for _, op := range []binary.CanonOp{binary.CanonContextGet, binary.CanonContextSet} {
		for i := range numSlots {
			p.core(&types.StepBuiltin{Op: op, Index: i, Options: noOptions})
		}
	}
	s := NewStore(&scripted{}, Limits{})
	defer s.Close()
	in, err := s.Instantiate(t.Context(), p.component(), nil)
	if err != nil {
		t.Fatal(err)
	}
	call := func(op, slot int, args ...uint64) uint64 {
		v, err := s.callCore(in.coreItems[core.Func][op*numSlots+slot], args...)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	get := func() [numSlots]uint64 { return [numSlots]uint64{call(0, 0), call(0, 1)} }
	set := func(a, b uint64) { call(1, 0, a); call(1, 1, b) }

	ours, theirs := &thread{}, &thread{}
	for i := range uint64(3) {
		for n, th := range []*thread{ours, theirs} {
			s.current = th
			want := [numSlots]uint64{}
			if i > 0 {
				want = [numSlots]uint64{10*uint64(n) + i - 1, 20*uint64(n) + i - 1}
			}
			if got := get(); got != want {
				t.Errorf("round %d: thread %d has %v, not %v", i, n, got, want)
			}
			set(10*uint64(n)+i, 20*uint64(n)+i)

			leave := s.onFreshThread()
			if got := get(); got != [numSlots]uint64{} {
				t.Errorf("round %d: a fresh thread has %v", i, got)
			}
			set(7, 7)
			leave()
		}
	}
}
