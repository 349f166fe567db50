package abi

import (
	"reflect"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/types"
)

// GoChannel is implemented by pointers to the Go types that stand for streams
// and futures. The plan's Go type is the pointer; Bind is called on nil.
type GoChannel interface {
	// Bind makes the codec for a stream or future of type t. elem is the plan
	// for its elements as the Go type that GoElem returns; nil without elements.
	Bind(t *types.Type, elem *Plan) (ChannelCodec, error)
	// GoElem is the Go type of the elements.
	GoElem() reflect.Type
}

// ChannelCodec converts between the runtime's channels, as Handles has them,
// and Go values.
type ChannelCodec interface {
	// Lift stores the Go value of a channel in *dst.
	Lift(cx *Context, channel any, dst unsafe.Pointer) error
	// Lower returns the channel of the Go value *src.
	Lower(cx *Context, src unsafe.Pointer) (any, error)
}

// channelCodec is a stream or future.
type channelCodec struct {
	t *types.Type
	c ChannelCodec
}

var goChannel = reflect.TypeFor[GoChannel]()

func (c *compiler) channel(t *types.Type, g reflect.Type) (codec, error) {
	if g.Kind() != reflect.Pointer || !g.Implements(goChannel) {
		return nil, c.mismatch(t, g)
	}
	ch := reflect.Zero(g).Interface().(GoChannel)
	var elem *Plan
	if t.Elem != nil {
		cd, err := (&compiler{resolve: c.resolve, path: c.path}).at("element", t.Elem, ch.GoElem())
		if err != nil {
			return nil, err
		}
		elem = &Plan{t.Elem, cd}
	}
	cc, err := ch.Bind(t, elem)
	if err != nil {
		return nil, c.fail("%v", err)
	}
	return &channelCodec{t, cc}, nil
}

func (h *channelCodec) get(cx *Context, i uint32, dst unsafe.Pointer) error {
	ch, err := cx.liftChannel(h.t, i)
	if err != nil {
		return err
	}
	return h.c.Lift(cx, ch, dst)
}

func (h *channelCodec) put(cx *Context, src unsafe.Pointer) (uint32, error) {
	if cx.Handles == nil {
		return 0, errNoHandles
	}
	ch, err := h.c.Lower(cx, src)
	if err != nil {
		return 0, err
	}
	return cx.Handles.LowerChannel(h.t, ch)
}

func (h *channelCodec) lift(cx *Context, flat []uint64, dst unsafe.Pointer) error {
	return h.get(cx, uint32(flat[0]), dst)
}

func (h *channelCodec) load(cx *Context, ptr uint32, dst unsafe.Pointer) error {
	return h.get(cx, loadInt[uint32](cx.mem, ptr), dst)
}

func (h *channelCodec) lower(cx *Context, src unsafe.Pointer, flat []uint64) error {
	i, err := h.put(cx, src)
	flat[0] = uint64(i)
	return err
}

func (h *channelCodec) store(cx *Context, src unsafe.Pointer, ptr uint32) error {
	i, err := h.put(cx, src)
	if err == nil {
		storeInt(cx.mem, ptr, i)
	}
	return err
}
