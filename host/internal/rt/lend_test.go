package rt

import (
	"testing"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/types"
)

// shelf is a resource with borrows of it, between the instance that has it and
// one that is lent it.
func shelf(w *world) (r *types.Resource, owner, borrower *actor) {
	r = &types.Resource{Name: "r"}
	typ := &ResourceType{Name: "r", Host: &dropped{}}
	return r, w.actor(typ), w.actor(typ)
}

// A handle is lent until the caller knows that the call has ended, and the
// callee drops its borrow before it returns.
func TestSubtaskLends(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r, owner, borrower := shelf(w)
		f := borrower.stackful(func(g *running, n ...uint64) uint64 {
			g.do(threadYield)
			g.do(resourceDrop.on(r), n[0])
			g.ret(1)
			return 0
		})
		f.Type = &types.Func{Async: true, Params: []types.Field{{Name: "r", Type: types.NewBorrow(r)}}, Result: u32}
		h := owner.own(t, w, r, 7)
		w.must(owner.stackful(func(g *running, _ ...uint64) uint64 {
			lends := func() int { x, _ := handleOf[*handle](g.Instance, uint32(h)); return x.lends }
			_, sub := g.begin(f, h, 16)
			g.say("%d", lends())
			g.do(threadYield)
			g.do(threadYield)
			g.say("returned: %v, %d", subtaskOf(g, sub).state, lends())
			g.wait(g.set(sub))
			g.say("told: %d", lends())
			g.await(f, h)
			g.say("%d", lends())
			g.do(resourceDrop.on(r), h)
			g.ret(0)
			return 0
		}), 0)
		w.said("1", "returned: returned, 1", "told: 0", "0")
	})
}

func subtaskOf(g *running, i uint64) *subtask {
	h, err := handleOf[isSubtask](g.Instance, uint32(i))
	if err != nil {
		panic(err)
	}
	return h.self()
}

// own is an own handle of a resource of the host.
func (a *actor) own(t *testing.T, w *world, r *types.Resource, value any) uint64 {
	t.Helper()
	typ := a.resources[r.Slot]
	i, err := newScope(a.Instance, &options{}, nil).LowerOwn(r, abi.Ref{Type: typ, Rep: w.Put(typ, value)})
	if err != nil {
		t.Fatal(err)
	}
	return uint64(i)
}

func TestSubtaskLendTraps(t *testing.T) {
	borrow := func(r *types.Resource) *types.Func {
		return &types.Func{Async: true, Params: []types.Field{{Name: "r", Type: types.NewBorrow(r)}}, Result: u32}
	}
	own := func(r *types.Resource) *types.Func {
		return &types.Func{Async: true, Params: []types.Field{{Name: "r", Type: types.NewOwn(r)}}, Result: u32}
	}
	for _, c := range []struct {
		name   string
		callee func(g *running, r *types.Resource, h uint64)
		caller func(g *running, r *types.Resource, f *Func, h uint64)
		typ    func(*types.Resource) *types.Func
		want   string
	}{
		{"borrow left", func(g *running, r *types.Resource, h uint64) { g.ret(1) },
			func(g *running, r *types.Resource, f *Func, h uint64) { g.await(f, h) }, borrow, "borrow handles still remain"},
		{"dropped while lent", func(g *running, r *types.Resource, h uint64) { g.do(threadYield) },
			func(g *running, r *types.Resource, f *Func, h uint64) { g.begin(f, h, 16); g.do(resourceDrop.on(r), h) }, borrow, "while borrowed"},
		{"borrow given away", func(g *running, r *types.Resource, h uint64) {
			give := g.w.actor(g.resources...).lift(&types.Func{Params: own(r).Params, Result: u32}, nil)
			g.await(give, h)
		}, func(g *running, r *types.Resource, f *Func, h uint64) { g.await(f, h) }, borrow, "from borrowed handle"},
		{"unknown handle", nil, func(g *running, r *types.Resource, f *Func, h uint64) { g.await(f, 77) }, borrow, "unknown handle index 77"},
		{"unknown handle to own", nil, func(g *running, r *types.Resource, f *Func, h uint64) { g.await(f, 77) }, own, "unknown handle index 77"},
		{"another resource", nil, func(g *running, r *types.Resource, f *Func, h uint64) {
			g.resources[0] = &ResourceType{Name: "other", Host: &dropped{}}
			g.await(f, h)
		}, borrow, "expected other but found r"},
		{"resource.drop of no resource", nil, func(g *running, r *types.Resource, f *Func, h uint64) { g.do(resourceDrop.on(r), g.set()) }, borrow, "wrong type"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r, owner, borrower := shelf(w)
				f := borrower.stackful(func(g *running, n ...uint64) uint64 { c.callee(g, r, n[0]); return 0 })
				f.Type = c.typ(r)
				h := owner.own(t, w, r, 7)
				w.trap(c.want, owner.stackful(func(g *running, _ ...uint64) uint64 { c.caller(g, r, f, h); return 0 }), 0)
			})
		})
	}
}
