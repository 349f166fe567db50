// Package binary decodes the component model's binary format (Binary.md of
// the component-model specification) into syntax. It checks form; package
// types checks meaning.
package binary

import "github.com/wasitls/wasitls/host/internal/core"

// Encoding is a string encoding of the canonical ABI.
type Encoding uint8

// String encodings, with the bytes of the canonical options.
const (
	UTF8        Encoding = 0x00
	UTF16       Encoding = 0x01
	Latin1UTF16 Encoding = 0x02
)

// CanonOp is the opcode of a canonical definition.
type CanonOp uint8

// Canonical definitions (Binary.md, "Canonical Definitions").
const (
	CanonLift                CanonOp = 0x00
	CanonLower               CanonOp = 0x01
	CanonResourceNew         CanonOp = 0x02
	CanonResourceDrop        CanonOp = 0x03
	CanonResourceRep         CanonOp = 0x04
	CanonTaskCancel          CanonOp = 0x05
	CanonSubtaskCancel       CanonOp = 0x06
	CanonTaskReturn          CanonOp = 0x09
	CanonContextGet          CanonOp = 0x0a
	CanonContextSet          CanonOp = 0x0b
	CanonThreadYield         CanonOp = 0x0c
	CanonSubtaskDrop         CanonOp = 0x0d
	CanonStreamNew           CanonOp = 0x0e
	CanonStreamRead          CanonOp = 0x0f
	CanonStreamWrite         CanonOp = 0x10
	CanonStreamCancelRead    CanonOp = 0x11
	CanonStreamCancelWrite   CanonOp = 0x12
	CanonStreamDropReadable  CanonOp = 0x13
	CanonStreamDropWritable  CanonOp = 0x14
	CanonFutureNew           CanonOp = 0x15
	CanonFutureRead          CanonOp = 0x16
	CanonFutureWrite         CanonOp = 0x17
	CanonFutureCancelRead    CanonOp = 0x18
	CanonFutureCancelWrite   CanonOp = 0x19
	CanonFutureDropReadable  CanonOp = 0x1a
	CanonFutureDropWritable  CanonOp = 0x1b
	CanonErrorContextNew     CanonOp = 0x1c
	CanonErrorContextMessage CanonOp = 0x1d
	CanonErrorContextDrop    CanonOp = 0x1e
	CanonWaitableSetNew      CanonOp = 0x1f
	CanonWaitableSetWait     CanonOp = 0x20
	CanonWaitableSetPoll     CanonOp = 0x21
	CanonWaitableSetDrop     CanonOp = 0x22
	CanonWaitableJoin        CanonOp = 0x23
	CanonBackpressureInc     CanonOp = 0x24
	CanonBackpressureDec     CanonOp = 0x25
	CanonThreadIndex         CanonOp = 0x26
	CanonThreadNewIndirect   CanonOp = 0x27
	CanonThreadResumeLater   CanonOp = 0x28
	CanonThreadSuspend       CanonOp = 0x29
	CanonThreadSuspendResume CanonOp = 0x2a // thread.suspend-then-resume
	CanonThreadYieldResume   CanonOp = 0x2b // thread.yield-then-resume
	CanonThreadSuspendPromo  CanonOp = 0x2c // thread.suspend-then-promote
	CanonThreadYieldPromo    CanonOp = 0x2d // thread.yield-then-promote
	CanonThreadSpawnRef      CanonOp = 0x40
	CanonThreadSpawnIndirect CanonOp = 0x41
	CanonThreadParallelism   CanonOp = 0x42 // thread.available-parallelism
)

// Canon is a canonical definition. Which fields count depends on Op.
type Canon struct {
	Op CanonOp
	// Index is the core function that canon lift lifts, the function that
	// canon lower lowers, the type of a resource, stream or future built-in,
	// the core function type of thread.new-indirect, or the slot of context.get.
	Index  uint32
	Type   uint32       // lift: the function's type
	Memory uint32       // waitable-set.wait and poll
	Table  uint32       // thread.new-indirect
	Val    core.ValType // context.get and set
	Result *ValType     // task.return; nil where there is none
	// Async is the immediate of the cancel built-ins, Cancellable that of the
	// built-ins that wait.
	Async, Cancellable bool
	Options            []CanonOption
}

// OptionKind is a canonical option, with the byte of the binary format; the
// first three are the encodings.
type OptionKind byte

// Canonical options.
const (
	OptionUTF8        OptionKind = 0x00
	OptionUTF16       OptionKind = 0x01
	OptionLatin1UTF16 OptionKind = 0x02
	OptionMemory      OptionKind = 0x03
	OptionRealloc     OptionKind = 0x04
	OptionPostReturn  OptionKind = 0x05
	OptionAsync       OptionKind = 0x06
	OptionCallback    OptionKind = 0x07
)

// CanonOption is an option with its index, if it has one.
type CanonOption struct {
	Kind  OptionKind
	Index uint32
}

func (r *reader) canon() Node {
	c := &Canon{Op: CanonOp(r.byte())}
	switch c.Op {
	case CanonLift:
		r.zero("canonical function lift")
		c.Index = r.u32()
		c.Options = r.options()
		c.Type = r.u32()
	case CanonLower:
		r.zero("canonical function lower")
		c.Index = r.u32()
		c.Options = r.options()
	case CanonResourceNew, CanonResourceDrop, CanonResourceRep,
		CanonStreamNew, CanonStreamDropReadable, CanonStreamDropWritable,
		CanonFutureNew, CanonFutureDropReadable, CanonFutureDropWritable:
		c.Index = r.u32()
	case CanonStreamRead, CanonStreamWrite, CanonFutureRead, CanonFutureWrite:
		c.Index = r.u32()
		c.Options = r.options()
	case CanonStreamCancelRead, CanonStreamCancelWrite, CanonFutureCancelRead, CanonFutureCancelWrite:
		c.Index = r.u32()
		c.Async = r.bool()
	case CanonSubtaskCancel:
		c.Async = r.bool()
	case CanonTaskReturn:
		c.Result = r.result()
		c.Options = r.options()
	case CanonContextGet, CanonContextSet:
		c.Val = r.coreValType()
		c.Index = r.u32()
	case CanonErrorContextNew, CanonErrorContextMessage:
		c.Options = r.options()
	case CanonWaitableSetWait, CanonWaitableSetPoll:
		c.Cancellable = r.bool()
		c.Memory = r.u32()
	case CanonThreadNewIndirect:
		c.Index = r.u32()
		c.Table = r.u32()
	case CanonThreadYield, CanonThreadSuspend, CanonThreadSuspendResume, CanonThreadYieldResume,
		CanonThreadSuspendPromo, CanonThreadYieldPromo:
		c.Cancellable = r.bool()
	case CanonTaskCancel, CanonSubtaskDrop, CanonErrorContextDrop, CanonWaitableSetNew, CanonWaitableSetDrop,
		CanonWaitableJoin, CanonBackpressureInc, CanonBackpressureDec, CanonThreadIndex, CanonThreadResumeLater:
	case CanonThreadSpawnRef, CanonThreadSpawnIndirect, CanonThreadParallelism:
		r.fail(r.pos-1, "shared-everything threads are not supported")
	default:
		r.unknown(byte(c.Op), "canonical function")
	}
	return c
}

func (r *reader) options() []CanonOption {
	return vec(r, "canonical options", MaxOptions, func() CanonOption {
		o := CanonOption{Kind: OptionKind(r.byte())}
		switch o.Kind {
		case OptionUTF8, OptionUTF16, OptionLatin1UTF16, OptionAsync:
		case OptionMemory, OptionRealloc, OptionPostReturn, OptionCallback:
			o.Index = r.u32()
		default:
			r.unknown(byte(o.Kind), "canonical option")
		}
		return o
	})
}
