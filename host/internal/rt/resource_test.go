package rt

import (
	"slices"
	"testing"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/types"
)

var (
	resourceNew  = builtin(0x02)
	resourceDrop = builtin(0x03)
	resourceRep  = builtin(0x04)
)

func (o op) on(r *types.Resource) op { o.resource = r; return o }

// defined is a resource that a guest defines and another uses.
func defined(w *world) (r *types.Resource, owner, user *actor) {
	owner = w.actor(nil)
	typ := &ResourceType{Name: "r", impl: owner.Instance, dtor: owner.script(func(g *running, n ...uint64) uint64 { g.say("end of %d", n[0]); return 0 })}
	owner.resources[0] = typ
	return &types.Resource{Name: "r"}, owner, w.actor(typ)
}

// The instance that defines a type is lent the bare representation; another
// gets a handle. Who owns a handle gives it away, and the last drop ends it.
func TestResourceOwnAndBorrow(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		r, owner, user := defined(w)
		make := owner.lift(&types.Func{Params: number, Result: types.NewOwn(r)}, func(g *running, n ...uint64) uint64 { return g.do(resourceNew.on(r), n[0]) })
		look := owner.lift(&types.Func{Params: []types.Field{{Name: "r", Type: types.NewBorrow(r)}}, Result: u32},
			func(g *running, n ...uint64) uint64 { g.say("looks at %d", n[0]); return n[0] })
		take := owner.lift(&types.Func{Params: []types.Field{{Name: "r", Type: types.NewOwn(r)}}, Result: u32},
			func(g *running, n ...uint64) uint64 { return g.do(resourceRep.on(r), n[0]) })
		w.must(user.lift(plain, func(g *running, _ ...uint64) uint64 {
			one, two := g.await(make, 71), g.await(make, 72)
			g.await(look, one)
			g.say("takes %d", g.await(take, one))
			g.do(resourceDrop.on(r), two)
			return 0
		}), 0)
		w.said("looks at 71", "takes 71", "end of 72")
	})
}

func TestResourceTraps(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(g *running, r *types.Resource)
		want string
	}{
		{"new while it may not leave", func(g *running, r *types.Resource) { g.do(resourceNew.on(r), 1) }, "cannot leave"},
		{"drop while it may not leave", func(g *running, r *types.Resource) { g.do(resourceDrop.on(r), 1) }, "cannot leave"},
		{"rep of nothing, which is allowed", func(g *running, r *types.Resource) { g.do(resourceRep.on(r), 9) }, "unknown handle index 9"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world) {
				r, owner, _ := defined(w)
				f := owner.lift(plain, func(*running, ...uint64) uint64 { return 0 })
				f.opts.postReturn = owner.script(func(g *running, _ ...uint64) uint64 { c.do(g, r); return 0 })
				w.trap(c.want, f, 0)
			})
		})
	}
	t.Run("of another guest", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			r, owner, user := defined(w)
			user.resources[0] = &ResourceType{Name: "other", impl: user.Instance}
			w.trap("expected guest-defined resource but found a different guest-defined resource", user.lift(plain, func(g *running, _ ...uint64) uint64 {
				i, err := newScope(g.Instance, &options{}, nil).inst.handles.add(&handle{typ: owner.resources[0], own: true})
				if err != nil {
					panic(err)
				}
				return g.do(resourceRep.on(r), uint64(i))
			}), 0)
		})
	})
	t.Run("dropped in a call of the instance that defines it", func(t *testing.T) {
		inWorld(t, func(t *testing.T, w *world) {
			r, owner, user := defined(w)
			drop := user.lift(&types.Func{Params: []types.Field{{Name: "r", Type: types.NewOwn(r)}}, Result: u32},
				func(g *running, n ...uint64) uint64 { return g.do(resourceDrop.on(r), n[0]) })
			w.trap("cannot enter component instance", owner.lift(plain, func(g *running, _ ...uint64) uint64 {
				return g.await(drop, g.do(resourceNew.on(r), 5))
			}), 0)
		})
	})
}

// What the host passes must be of the type that the guest has bound.
func TestResourceOfHost(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		d := &dropped{}
		typ := &ResourceType{Name: "r", Host: d}
		r := &types.Resource{Name: "r"}
		a := w.actor(typ)
		sc := newScope(a.Instance, &options{}, nil)
		wrong := abi.Ref{Type: &ResourceType{Name: "other"}, Rep: 1}
		if _, err := sc.LowerOwn(r, wrong); err == nil {
			t.Error("an own of another type")
		}
		if _, err := sc.LowerBorrow(r, wrong); err == nil {
			t.Error("a borrow of another type")
		}
		if _, err := sc.LowerBorrow(r, abi.Ref{Type: typ, Rep: 1}); err == nil {
			t.Error("a borrow outside of a call")
		}
		i, err := sc.LowerOwn(r, abi.Ref{Type: typ, Rep: 7})
		if err != nil {
			t.Fatal(err)
		}
		for range keptLenders + 1 {
			if _, err := sc.LiftBorrow(r, i); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := sc.LiftOwn(r, i); err == nil {
			t.Error("gave away what is lent")
		}
		sc.end()
		if sc.lenders != nil {
			t.Error("room for many borrows is kept")
		}
		got, err := sc.LiftOwn(r, i)
		if err != nil || got.Rep != 7 {
			t.Errorf("%v, %v", got, err)
		}
		w.must(a.lift(plain, func(g *running, _ ...uint64) uint64 {
			i, err := sc.LowerOwn(r, got)
			if err != nil {
				panic(err)
			}
			return g.do(resourceDrop.on(r), uint64(i))
		}), 0)
		if !slices.Equal(d.reps, []uint32{7}) {
			t.Error(d.reps)
		}
	})
}
