package abi

import (
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// guest is a guest's memory, allocator and handle table.
type guest struct {
	mem    []byte
	next   uint32
	limit  int        // of mem
	calls  [][]uint32 // of realloc, with the result last
	script func(old, oldSize, align, newSize uint32) uint32
	table  map[uint32]Ref
	last   uint32
}

func newGuest(size int) *guest {
	return &guest{mem: make([]byte, size), next: 8, limit: 1 << 24, table: map[uint32]Ref{}}
}

func (g *guest) context(e binary.Encoding) *Context {
	return &Context{Memory: g, Encoding: e, Realloc: g.realloc, Handles: g, Budget: 1 << 30}
}

func (g *guest) Kind() core.Kind                 { return core.Memory }
func (g *guest) FuncType() (core.FuncType, bool) { return core.FuncType{}, false }
func (g *guest) Bytes() []byte                   { return g.mem }
func (*guest) Exchange(uint64) uint64            { return 0 }

// realloc never reuses memory, so that its calls follow from the sizes alone.
// It grows the memory into a new slice: old views must not be used.
func (g *guest) realloc(old, oldSize, align, newSize uint32) (uint32, error) {
	ptr := uint32(0)
	if g.script != nil {
		ptr = g.script(old, oldSize, align, newSize)
	} else {
		ptr = (g.next + align - 1) &^ (align - 1)
		g.next = ptr + newSize
		if int(g.next) > g.limit {
			return 0, errOutOfMemory
		}
		if int(g.next) > len(g.mem) {
			grown := make([]byte, 2*int(g.next))
			copy(grown, g.mem)
			for i := range g.mem {
				g.mem[i] = 0xaa
			}
			g.mem = grown
		}
		copy(g.mem[ptr:ptr+newSize], g.mem[old:old+min(oldSize, newSize)])
	}
	g.calls = append(g.calls, []uint32{old, oldSize, align, newSize, ptr})
	return ptr, nil
}

var errOutOfMemory = errors.New("guest is out of memory")

func (g *guest) LiftOwn(r *types.Resource, h uint32) (Ref, error) {
	ref, err := g.LiftBorrow(r, h)
	delete(g.table, h)
	return ref, err
}

func (g *guest) LiftBorrow(r *types.Resource, h uint32) (Ref, error) {
	ref, ok := g.table[h]
	if !ok || ref.Type != any(r) {
		return Ref{}, &Error{fmt.Sprintf("unknown handle index %d", h)}
	}
	return ref, nil
}

func (g *guest) LowerOwn(r *types.Resource, ref Ref) (uint32, error) {
	g.last++
	g.table[g.last] = ref
	return g.last, nil
}

func (g *guest) LowerBorrow(r *types.Resource, ref Ref) (uint32, error) { return g.LowerOwn(r, ref) }

func (g *guest) LiftChannel(*types.Type, uint32) (any, error)  { return nil, errUnsupported }
func (g *guest) LowerChannel(*types.Type, any) (uint32, error) { return 0, errUnsupported }

// file is a resource implemented in Go.
type file struct{ name string }

// files is how Go holds a resource type: as *file, in a slab.
type files struct {
	typ  *types.Resource
	slab []*file
}

func (f *files) resolve(r *types.Resource) GoResource {
	if r != f.typ {
		return nil
	}
	return f
}

func (f *files) GoType() reflect.Type { return reflect.TypeFor[*file]() }

func (f *files) Load(_ *Context, ref Ref, own bool, dst unsafe.Pointer) error {
	*(**file)(dst) = f.slab[ref.Rep]
	if own {
		f.slab[ref.Rep] = nil
	}
	return nil
}

func (f *files) Ref(_ *Context, _ bool, src unsafe.Pointer) (Ref, error) {
	f.slab = append(f.slab, *(**file)(src))
	return Ref{Type: f.typ, Rep: uint32(len(f.slab) - 1)}, nil
}

var prim = types.Primitive

func fields(ts ...any) (fs []types.Field) {
	for i := 0; i < len(ts); i += 2 {
		fs = append(fs, types.Field{Name: ts[i].(string), Type: ts[i+1].(*types.Type)})
	}
	return fs
}
