package abi

import (
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

// owner is a codec that may have handles inside. owned calls f for each own
// handle in *src that stands for a Go resource, in the order of lowering.
type owner interface {
	owned(src unsafe.Pointer, f func(r GoResource, src unsafe.Pointer))
}

// Owned calls f for each resource that a guest owns once *result is lowered,
// in the order of lowering. It is for what to do when that fails.
func (p *FuncPlan) Owned(result unsafe.Pointer, f func(r GoResource, src unsafe.Pointer)) {
	owned(p.res, result, f)
}

func owned(c codec, src unsafe.Pointer, f func(GoResource, unsafe.Pointer)) {
	if o, ok := c.(owner); ok {
		o.owned(src, f)
	}
}

func (h *handleCodec) owned(src unsafe.Pointer, f func(GoResource, unsafe.Pointer)) {
	if h.res != nil && h.t.Kind == types.Own {
		f(h.res, src)
	}
}

func (r *record) owned(src unsafe.Pointer, f func(GoResource, unsafe.Pointer)) {
	for i := range r.fields {
		owned(r.fields[i].codec, unsafe.Add(src, r.fields[i].goOff), f)
	}
}

func (v *variant) owned(src unsafe.Pointer, f func(GoResource, unsafe.Pointer)) {
	if _, c, err := v.chosen(src); err == nil {
		owned(c.codec, unsafe.Add(src, c.goOff), f)
	}
}

func (l *list) owned(src unsafe.Pointer, f func(GoResource, unsafe.Pointer)) {
	if l.block {
		return
	}
	s := (*slice)(src)
	for i := range s.len {
		owned(l.elem, unsafe.Add(s.data, uintptr(i)*l.goSize), f)
	}
}

func (a *array) owned(src unsafe.Pointer, f func(GoResource, unsafe.Pointer)) {
	for i := range a.n {
		owned(a.elem, unsafe.Add(src, uintptr(i)*a.goSize), f)
	}
}
