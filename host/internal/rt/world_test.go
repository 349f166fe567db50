package rt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// world is a store whose component instances are scripts, and what they said.
type world struct {
	*Store
	t     *testing.T
	trace []string
	stop  func() // ends the context of the call
}

// inWorld runs a test in a bubble: time passes only where everybody waits, and
// no goroutine may be left, of a guest or of the host, when the store is closed.
func inWorld(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{Store: newStore(), t: t}
		defer func() {
			if err := w.Close(); err != nil {
				t.Error(err)
			}
		}()
		f(t, w)
	})
}

func (w *world) say(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf(format, args...))
}

// said checks what was said since the last time.
func (w *world) said(want ...string) {
	w.t.Helper()
	if !slices.Equal(w.trace, want) {
		w.t.Errorf("said\n\t%s\nwant\n\t%s", strings.Join(w.trace, "\n\t"), strings.Join(want, "\n\t"))
	}
	w.trace = nil
}

// invoke calls a function from the host; it returns 0 for a cancelled call.
func (w *world) invoke(f *Func, args ...uint64) (uint64, error) {
	c := &flatCallee{args: args}
	if err := w.Invoke(context.Background(), f, c, wait); err != nil || len(c.results) == 0 {
		return 0, err
	}
	return c.results[0], nil
}

// wait waits as a caller does, and not for ever.
func wait(wake <-chan struct{}) error {
	select {
	case <-wake:
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("nothing to do for 10 s")
	}
}

// must is invoke of what cannot fail.
func (w *world) must(f *Func, args ...uint64) uint64 {
	w.t.Helper()
	v, err := w.invoke(f, args...)
	if err != nil {
		w.t.Fatalf("%v; said %q", err, w.trace)
	}
	return v
}

// trap invokes what traps with that text.
func (w *world) trap(text string, f *Func, args ...uint64) {
	w.t.Helper()
	_, err := w.invoke(f, args...)
	wantTrap(w.t, err, text)
	if w.Err() == nil {
		w.t.Error("the store outlived a trap")
	}
}

// drained runs the store until there is nothing left to do.
func (w *world) drained() {
	w.t.Helper()
	if err := w.Drain(context.Background(), wait); err != nil {
		w.t.Fatal(err)
	}
}

// actor is a component instance whose core functions are scripts.
type actor struct {
	*Instance
	w      *world
	memory *scripted
	heap   uint32 // end of what its realloc gave
	ops    map[op]core.Extern
	lowers map[lowered]core.Extern
}

type lowered struct {
	f     *Func
	async bool
}

// script is a core function of an actor.
type script func(g *running, args ...uint64) uint64

// running is a script that runs.
type running struct {
	*actor
	host func(x core.Extern, args ...uint64) uint64
}

func (w *world) actor(resources ...*ResourceType) *actor {
	plan := &types.Component{Resources: make([]*types.Resource, len(resources))}
	in, err := w.newInstance(&Closure{plan: plan}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	copy(in.resources, resources)
	a := &actor{Instance: in, w: w, memory: &scripted{memory: make([]byte, 2048)}, heap: 1024,
		ops: map[op]core.Extern{}, lowers: map[lowered]core.Extern{}}
	in.coreItems[core.Memory] = []core.Extern{&scriptedExtern{kind: core.Memory, mem: a.memory}}
	in.coreItems[core.Func] = []core.Extern{a.script(func(g *running, a ...uint64) uint64 {
		at := (g.heap + uint32(a[2]) - 1) &^ (uint32(a[2]) - 1)
		g.heap = at + uint32(a[3])
		return uint64(at)
	})}
	return a
}

// script makes a core function.
func (a *actor) script(code script) core.Extern {
	return &scriptedExtern{kind: core.Func, code: func(call func(core.Extern, ...uint64) uint64, args []uint64) (uint64, error) {
		return code(&running{a, call}, args...), nil
	}}
}

// opts are canonical options with memory and realloc.
func opts(async bool) types.Options {
	o := noOptions
	o.Memory, o.Realloc, o.Async = 0, 0, async
	return o
}

// Types of functions: u32 to u32.
var (
	u8     = types.Primitive(types.U8)
	number = []types.Field{{Name: "n", Type: u32}}
	plain  = &types.Func{Params: number, Result: u32}
	async  = &types.Func{Async: true, Params: number, Result: u32}
)

// lift lifts a function synchronously.
func (a *actor) lift(t *types.Func, run script) *Func {
	o := opts(false)
	return &Func{Type: t, inst: a.Instance, core: a.script(run), opts: a.options(&o)}
}

// stackful lifts an async function without a callback.
func (a *actor) stackful(run script) *Func {
	o := opts(true)
	return &Func{Type: async, inst: a.Instance, core: a.script(run), opts: a.options(&o)}
}

// callback lifts an async function with a callback.
func (a *actor) callback(run, callback script) *Func {
	f := a.stackful(run)
	f.opts.callback = a.script(callback)
	return f
}

// await calls a function that was lowered synchronously.
func (g *running) await(f *Func, args ...uint64) uint64 {
	return g.host(g.lowered(f, false), args...)
}

// begin calls a function that was lowered async: arguments, and an address for
// the result. The subtask is 0 if the call has ended.
func (g *running) begin(f *Func, args ...uint64) (st subtaskState, subtask uint64) {
	packed := g.host(g.lowered(f, true), args...)
	return subtaskState(packed & 0xf), packed >> 4
}

func (a *actor) lowered(f *Func, async bool) core.Extern {
	k := lowered{f, async}
	if a.lowers[k] == nil {
		x, err := a.lower(f, &types.StepLower{Type: f.Type, Options: opts(async), Core: core.FuncType{Results: i32s(1)}})
		if err != nil {
			panic(err)
		}
		a.lowers[k] = x
	}
	return a.lowers[k]
}

// op is a canonical built-in with its immediates.
type op struct {
	code        binary.CanonOp
	value       *types.Type
	async       bool
	cancellable bool
	encoding    binary.Encoding
	resource    *types.Resource
}

// do calls a built-in.
func (g *running) do(o op, args ...uint64) uint64 { return g.host(g.made(o), args...) }

// made is the core function of a built-in.
func (a *actor) made(o op) core.Extern {
	if a.ops[o] == nil {
		x, err := a.builtin(&types.StepBuiltin{Op: o.code, Value: o.value, HasValue: o.value != nil, Resource: o.resource, Async: o.async,
			Cancellable: o.cancellable, Options: o.options(), Core: core.FuncType{Results: i32s(1)}})
		if err != nil {
			panic(err)
		}
		a.ops[o] = x
	}
	return a.ops[o]
}

func (o op) options() types.Options {
	t := opts(o.async)
	t.Encoding = o.encoding
	return t
}

// sync is the form that waits, of the element type t the one for that type,
// and cancel the one that cancellation reaches.
func (o op) sync() op               { o.async = false; return o }
func (o op) of(t *types.Type) op    { o.value = t; return o }
func (o op) cancel() op             { o.cancellable = true; return o }
func (o op) utf16() op              { o.encoding = binary.UTF16; return o }
func builtin(c binary.CanonOp) op   { return op{code: c} }
func channelOp(c binary.CanonOp) op { return op{code: c, value: u8, async: true} }

var (
	pressureInc = builtin(binary.CanonBackpressureInc)
	pressureDec = builtin(binary.CanonBackpressureDec)
	taskReturn  = builtin(binary.CanonTaskReturn).of(u32)
	taskCancel  = builtin(binary.CanonTaskCancel)

	subtaskCancel = op{code: binary.CanonSubtaskCancel, async: true}
	subtaskDrop   = builtin(binary.CanonSubtaskDrop)

	setNew  = builtin(binary.CanonWaitableSetNew)
	setWait = builtin(binary.CanonWaitableSetWait)
	setPoll = builtin(binary.CanonWaitableSetPoll)
	setDrop = builtin(binary.CanonWaitableSetDrop)
	join    = builtin(binary.CanonWaitableJoin)

	threadIndex       = builtin(binary.CanonThreadIndex)
	threadNew         = builtin(binary.CanonThreadNewIndirect)
	threadYield       = builtin(binary.CanonThreadYield)
	threadResumeLater = builtin(binary.CanonThreadResumeLater)
	threadSuspend     = builtin(binary.CanonThreadSuspend)
	suspendThenResume = builtin(binary.CanonThreadSuspendResume)
	yieldThenResume   = builtin(binary.CanonThreadYieldResume)
	suspendThenPromo  = builtin(binary.CanonThreadSuspendPromo)
	yieldThenPromo    = builtin(binary.CanonThreadYieldPromo)

	streamNew     = channelOp(binary.CanonStreamNew)
	streamRead    = channelOp(binary.CanonStreamRead)
	streamWrite   = channelOp(binary.CanonStreamWrite)
	streamCancelR = channelOp(binary.CanonStreamCancelRead)
	streamCancelW = channelOp(binary.CanonStreamCancelWrite)
	streamDropR   = channelOp(binary.CanonStreamDropReadable)
	streamDropW   = channelOp(binary.CanonStreamDropWritable)
	futureNew     = channelOp(binary.CanonFutureNew)
	futureRead    = channelOp(binary.CanonFutureRead)
	futureWrite   = channelOp(binary.CanonFutureWrite)
	futureCancelR = channelOp(binary.CanonFutureCancelRead)
	futureCancelW = channelOp(binary.CanonFutureCancelWrite)
	futureDropR   = channelOp(binary.CanonFutureDropReadable)
	futureDropW   = channelOp(binary.CanonFutureDropWritable)
)

func (g *running) say(format string, args ...any) { g.w.say(format, args...) }

// preempt lets the guest's time slice end.
func (g *running) preempt() { g.host(preempt{}) }

// stop ends the context of the call.
func (g *running) stop() { g.w.stop() }

// ret is task.return.
func (g *running) ret(v uint64) { g.do(taskReturn, v) }

// mem is the actor's memory from an address.
func (a *actor) mem(at uint64) []byte { return a.memory.memory[at:] }

func (a *actor) u32(at uint64) uint32 {
	b := a.mem(at)
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// set is a new waitable set with those waitables in it.
func (g *running) set(waitables ...uint64) uint64 {
	set := g.do(setNew)
	for _, w := range waitables {
		g.do(join, w, set)
	}
	return set
}

// wait and poll are waitable-set.wait and waitable-set.poll.
func (g *running) wait(set uint64) event       { return g.take(g.do(setWait, set, 8)) }
func (g *running) waitCancel(set uint64) event { return g.take(g.do(setWait.cancel(), set, 8)) }
func (g *running) poll(set uint64) event       { return g.take(g.do(setPoll, set, 8)) }

func (g *running) take(code uint64) event {
	return event{eventCode(code), g.u32(8), g.u32(12)}
}

// eventOf are the arguments of a callback as an event.
func eventOf(args []uint64) event {
	return event{eventCode(args[0]), uint32(args[1]), uint32(args[2])}
}

// ends are the handles of what stream.new or future.new has made.
func (g *running) ends(new op) (r, w uint64) {
	packed := g.do(new)
	return packed & 0xffff_ffff, packed >> 32
}

func (s subtaskState) String() string {
	return [...]string{"starting", "started", "returned", "cancelled before started", "cancelled before returned"}[s]
}

// copied is the result of a copy in words.
func copied(packed uint64) string {
	if packed == blocked {
		return "blocked"
	}
	return fmt.Sprint([...]string{"completed", "dropped", "cancelled"}[packed&0xf], " ", packed>>4)
}

func (e event) String() string {
	switch e.code {
	case eventNone:
		return "nothing"
	case eventTaskCancelled:
		return "task cancelled"
	case eventSubtask:
		return fmt.Sprintf("subtask %d %v", e.p1, subtaskState(e.p2))
	}
	return fmt.Sprintf("%s %d %s", [...]string{"stream-read", "stream-write", "future-read", "future-write"}[e.code-eventStreamRead], e.p1, copied(uint64(e.p2)))
}

// hostNow is a function of the host that returns at once.
func (w *world) hostNow(f func(cx *abi.Context, flat []uint64) (uint64, error)) *Func {
	return &Func{Host: hostFunc(func(_ *Store, cx *abi.Context, flat []uint64) (uint64, error) { return f(cx, flat) })}
}

// asyncHost is an async function of the host: what it returns, or its error.
// Its result goes to the address in the second argument.
type asyncHost func(ctx context.Context, arg uint64) (uint32, error)

func (asyncHost) IsAsync() bool { return true }

func (asyncHost) Call(*Store, *abi.Context, int, int, []uint64) (uint64, error) {
	return 0, errors.New("called as a function that is not async")
}

func (f asyncHost) Begin(ctx context.Context, _ *Store, _ *abi.Context, _ int, flat []uint64, done func(Lowering)) (Begun, error) {
	arg := flat[0]
	go func() {
		v, err := f(ctx, arg)
		done(func(cx *abi.Context, maxResults int, flat []uint64) (uint64, error) {
			if err == nil && maxResults == 0 {
				putU32(cx.Memory.Bytes()[flat[1]:], v)
			}
			return uint64(v), err
		})
	}()
	return Begun{}, nil
}

// hostLater is an async function of the host.
func (w *world) hostLater(f asyncHost) *Func { return &Func{Host: f} }
