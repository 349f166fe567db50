package rt

import "github.com/wasitls/wasitls/host/internal/types"

// resourceNew is canon resource.new.
func (in *Instance) resourceNew(r *types.Resource) hostCall {
	return func(flat []uint64) (uint64, error) {
		i, err := in.handles.add(&handle{typ: in.resources[r.Slot], rep: uint32(flat[0]), own: true})
		return uint64(i), err
	}
}

// resourceRep is canon resource.rep.
func (in *Instance) resourceRep(r *types.Resource) hostCall {
	sc := &scope{inst: in, types: in.resources}
	return func(flat []uint64) (uint64, error) {
		h, err := sc.lookup(r, uint32(flat[0]))
		if err != nil {
			return 0, err
		}
		return uint64(h.rep), nil
	}
}

// resourceDrop is canon resource.drop: it removes the handle and, if it was
// the owner, calls the destructor as any other function of its instance.
func (in *Instance) resourceDrop(r *types.Resource) hostCall {
	sc := &scope{inst: in, types: in.resources}
	return func(flat []uint64) (uint64, error) {
		i := uint32(flat[0])
		h, err := sc.lookup(r, i)
		if err != nil {
			return 0, err
		}
		if h.lends != 0 {
			return 0, trapf("cannot remove owned resource while borrowed")
		}
		in.handles.remove(i)
		if !h.own {
			h.scope.borrows--
			return 0, nil
		}
		return 0, in.store.destroy(h.typ, h.rep, in)
	}
}

// destroy ends a resource that caller owned.
func (s *Store) destroy(t *ResourceType, rep uint32, caller *Instance) error {
	if t.Host != nil {
		return t.Host.Drop(s, rep)
	}
	if err := t.impl.enter(caller); err != nil {
		return err
	}
	if t.dtor != nil {
		defer s.onFreshThread()()
		if _, err := s.callCore(t.dtor, uint64(rep)); err != nil {
			return err
		}
	}
	t.impl.leave(caller)
	return nil
}
