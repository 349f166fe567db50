package rt

import (
	"fmt"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// numSlots is how many context slots a thread has.
const numSlots = 2

// ContextSlots is a core module of two i32 globals, "0" and "1", and the
// functions "get0", "set0", "get1" and "set1" on them. They are canon
// context.get and context.set: a guest that keeps its stack pointer in a slot
// reads it in each function, far too often for a call of the host. A store has
// one instance, whose globals hold the slots of the thread that runs.
var ContextSlots = &types.StepModule{Bytes: []byte{
	0, 'a', 's', 'm', 1, 0, 0, 0,
	1, 9, 2, 0x60, 0, 1, 0x7f, 0x60, 1, 0x7f, 0, // types ()->(i32), (i32)->()
	3, 5, 4, 0, 1, 0, 1, // four functions
	6, 11, 2, 0x7f, 1, 0x41, 0, 0x0b, 0x7f, 1, 0x41, 0, 0x0b, // two globals (mut i32) = 0
	7, 37, 6, 1, '0', 3, 0, 1, '1', 3, 1, // exports of the globals
	4, 'g', 'e', 't', '0', 0, 0, 4, 's', 'e', 't', '0', 0, 1,
	4, 'g', 'e', 't', '1', 0, 2, 4, 's', 'e', 't', '1', 0, 3,
	10, 25, 4,
	4, 0, 0x23, 0, 0x0b, 6, 0, 0x20, 0, 0x24, 0, 0x0b, // global.get 0, global.set 0
	4, 0, 0x23, 1, 0x0b, 6, 0, 0x20, 0, 0x24, 1, 0x0b,
}}

// shownSlots is a store's instance of ContextSlots.
type shownSlots struct {
	instance core.Instance // nil until a built-in needs it
	globals  [numSlots]core.Extern
	of       *thread // whose slots the globals hold
}

// contextFunc makes canon context.get and context.set.
func (in *Instance) contextFunc(st *types.StepBuiltin) (core.Extern, error) {
	shown := &in.store.shown
	if shown.instance == nil {
		inst, err := in.helper(ContextSlots)
		if err != nil {
			return nil, err
		}
		for i := range shown.globals {
			shown.globals[i] = inst.Export(fmt.Sprint(i))
		}
		shown.instance = inst
	}
	verb := "get"
	if st.Op == binary.CanonContextSet {
		verb = "set"
	}
	return shown.instance.Export(fmt.Sprint(verb, st.Index)), nil
}

// showSlots, in a store that has any, puts the slots of the current thread where its code finds them.
// Every fiber passes here before it runs, so that those who switch threads
// need not think of it.
func (s *Store) showSlots() {
	shown := &s.shown
	if shown.of == s.current || s.current == nil {
		return
	}
	for i, g := range shown.globals {
		old := g.Exchange(s.current.slots[i])
		if shown.of != nil {
			shown.of.slots[i] = old
		}
	}
	shown.of = s.current
}
