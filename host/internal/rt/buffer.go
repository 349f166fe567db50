package rt

import (
	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/types"
)

// maxBuffer is the most elements that a buffer may be made for
// (CanonicalABI.md, "Buffer State").
const maxBuffer = 1<<28 - 1

// guestBuffer is a range of a guest's memory that elements are copied to or from.
type guestBuffer struct {
	scope    *scope
	t        *types.Type // of an element, nil for none
	ptr      uint32
	length   int
	progress int
}

func newGuestBuffer(sc *scope, t *types.Type, ptr, length uint32) (*guestBuffer, error) {
	if length > maxBuffer {
		return nil, trapf("stream buffer of more than %d elements", maxBuffer)
	}
	if t != nil && length > 0 {
		if ptr%t.Align != 0 {
			return nil, trapf("unaligned pointer")
		}
		if uint64(ptr)+uint64(length)*uint64(t.Size) > uint64(len(sc.cx.Memory.Bytes())) {
			return nil, trapf("stream buffer out of bounds of memory")
		}
	}
	return &guestBuffer{scope: sc, t: t, ptr: ptr, length: int(length)}, nil
}

func (b *guestBuffer) remain() int { return b.length - b.progress }
func (b *guestBuffer) empty() bool { return b.length == 0 }

// bytes is the rest of the buffer in memory, for elements of one byte.
func (b *guestBuffer) bytes() []byte {
	mem := b.scope.cx.Memory.Bytes()
	return mem[b.ptr:][:b.remain()]
}

func (b *guestBuffer) advance(n int) {
	b.progress += n
	if b.t != nil {
		b.ptr += uint32(n) * b.t.Size
	}
}

// byteBuffer is the host's side of a copy of bytes: it is handed the guest's
// bytes as they lie in its memory.
type byteBuffer interface {
	buffer
	// move takes p, which is at most remain bytes.
	move(p []byte) error
}

// transferElems copies n elements from a guest's buffer to another, or to the
// host.
func transferElems(t *types.Type, dst, src buffer, n int) error {
	from := src.(*guestBuffer)
	if to, ok := dst.(*guestBuffer); !ok {
		if err := dst.(byteBuffer).move(from.bytes()[:n]); err != nil {
			return err
		}
	} else {
		if t != nil {
			if err := transferGuests(t, to, from, n); err != nil {
				return err
			}
		}
		to.advance(n)
	}
	from.advance(n)
	return nil
}

// transferGuests copies elements between guests: as a block if both have them
// in memory alike, else as values.
func transferGuests(t *types.Type, to, from *guestBuffer, n int) error {
	if numeric(t) && (t.Kind != types.F32 && t.Kind != types.F64) {
		size := n * int(t.Size)
		src := from.scope.cx.Memory.Bytes()[from.ptr:][:size]
		copy(to.scope.cx.Memory.Bytes()[to.ptr:][:size], src)
		return nil
	}
	from.scope.begin()
	from.scope.cx.KeepText = true
	to.scope.begin()
	vs, err := abi.Load(&from.scope.cx, types.NewFixedList(from.t, uint32(n)), from.ptr)
	if err != nil {
		return err
	}
	return abi.Store(&to.scope.cx, types.NewFixedList(to.t, uint32(n)), vs, to.ptr)
}
