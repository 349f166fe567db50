package abi

import (
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

func (cx *Context) liftHandle(t *types.Type, h uint32) (Ref, error) {
	switch {
	case cx.Handles == nil:
		return Ref{}, errNoHandles
	case t.Kind == types.Own:
		return cx.Handles.LiftOwn(t.Resource, h)
	}
	return cx.Handles.LiftBorrow(t.Resource, h)
}

func (cx *Context) liftChannel(t *types.Type, h uint32) (any, error) {
	if cx.Handles == nil {
		return nil, errNoHandles
	}
	return cx.Handles.LiftChannel(t, h)
}

func (cx *Context) lowerHandle(t *types.Type, ref Ref) (uint32, error) {
	switch {
	case cx.Handles == nil:
		return 0, errNoHandles
	case t.Kind == types.Own:
		return cx.Handles.LowerOwn(t.Resource, ref)
	}
	return cx.Handles.LowerBorrow(t.Resource, ref)
}

// handleCodec is an own or borrow. Without a Go type for the resource it is a Ref.
type handleCodec struct {
	t   *types.Type
	res GoResource
}

func (h *handleCodec) get(cx *Context, i uint32, dst unsafe.Pointer) error {
	ref, err := cx.liftHandle(h.t, i)
	if err != nil {
		return err
	}
	if h.res == nil {
		*(*Ref)(dst) = ref
		return nil
	}
	return h.res.Load(cx, ref, h.t.Kind == types.Own, dst)
}

func (h *handleCodec) put(cx *Context, src unsafe.Pointer) (i uint32, err error) {
	var ref Ref
	if h.res == nil {
		ref = *(*Ref)(src)
	} else if ref, err = h.res.Ref(cx, h.t.Kind == types.Own, src); err != nil {
		return 0, err
	}
	return cx.lowerHandle(h.t, ref)
}

func (h *handleCodec) lift(cx *Context, flat []uint64, dst unsafe.Pointer) error {
	return h.get(cx, uint32(flat[0]), dst)
}

func (h *handleCodec) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	return h.get(cx, loadInt[uint32](cx.mem, ptr), dst)
}

func (h *handleCodec) lower(cx *Context, src unsafe.Pointer, flat []uint64) error {
	i, err := h.put(cx, src)
	flat[0] = uint64(i)
	return err
}

func (h *handleCodec) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	i, err := h.put(cx, src)
	if err == nil {
		storeInt(cx.mem, ptr, i)
	}
	return err
}
