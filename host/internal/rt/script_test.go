package rt

import (
	"errors"
	"fmt"

	"github.com/wasitls/wasitls/host/internal/core"
)

// A scripted engine: core functions are Go functions that run on a goroutine
// of their own and suspend where they call the host, as fibers do.

// guest is the code of a scripted core function. call calls a host function;
// it does not return if the fiber is closed meanwhile.
type guest func(call func(x core.Extern, args ...uint64) uint64, args []uint64) (uint64, error)

type scripted struct {
	memory []byte
	fibers []*scriptedFiber
	broken error // of every call of the engine from now on
}

type scriptedExtern struct {
	kind core.Kind
	typ  core.FuncType
	id   uint32
	code guest
	mem  *scripted
	cell *uint64 // of a global
	// table is that of thread.new-indirect.
	table []guest
}

func (x *scriptedExtern) Kind() core.Kind { return x.kind }
func (x *scriptedExtern) FuncType() (core.FuncType, bool) {
	return x.typ, x.kind == core.Func
}
func (x *scriptedExtern) Bytes() []byte {
	if x.kind == core.Memory {
		return x.mem.memory
	}
	return nil
}

func (x *scriptedExtern) Exchange(v uint64) uint64 {
	old := *x.cell
	*x.cell = v
	return old
}

// preempt is what a guest calls to have used up its time slice.
type preempt struct{ core.Extern }

// module is a scripted core module: instantiating it gives its exports.
type module struct {
	imports []core.Import
	start   guest // may be nil
	exports func(s *scripted, imports []core.Extern) map[string]core.Extern
}

func (m *module) Imports() []core.Import { return m.imports }
func (m *module) Close()                 {}

func (s *scripted) HostFunc(t core.FuncType, id uint32) (core.Extern, error) {
	return &scriptedExtern{kind: core.Func, typ: t, id: id}, s.broken
}

func (s *scripted) Instantiate(m core.Module, imports []core.Extern) (core.Fiber, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	f := newScriptedFiber(m.(*module).start, nil)
	f.instance = coreBundle(m.(*module).exports(s, imports))
	s.fibers = append(s.fibers, f)
	return f, nil
}

func (s *scripted) Call(x core.Extern, args []uint64) (core.Fiber, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	e := x.(*scriptedExtern)
	if e.code == nil {
		return nil, errors.New("not a guest function")
	}
	f := newScriptedFiber(e.code, args)
	s.fibers = append(s.fibers, f)
	return f, nil
}

func (s *scripted) Close() {
	for _, f := range s.fibers {
		f.Close()
	}
}

type scriptedFiber struct {
	code     guest
	args     []uint64
	instance core.Instance

	resume chan uint64 // results into the guest
	events chan core.Event
	dead   chan struct{}

	id       uint32
	hostArgs []uint64
	result   []uint64
	err      error
	returned uint64
	trap     string
	started  bool
}

func newScriptedFiber(code guest, args []uint64) *scriptedFiber {
	return &scriptedFiber{
		code: code, args: append([]uint64(nil), args...),
		resume: make(chan uint64), events: make(chan core.Event), dead: make(chan struct{}),
	}
}

type killed struct{}

func (f *scriptedFiber) run() {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(killed); ok {
				return
			}
			f.err = fmt.Errorf("%v", p)
			f.events <- core.EventTrap
		}
	}()
	v, err := f.code(f.call, f.args)
	f.result, f.err = []uint64{v}, err
	if err != nil {
		f.events <- core.EventTrap
		return
	}
	f.events <- core.EventDone
}

func (f *scriptedFiber) call(x core.Extern, args ...uint64) uint64 {
	if e, ok := x.(*scriptedExtern); ok && e.code != nil { // a guest's, which it calls without the host
		v, err := e.code(f.call, args)
		if err != nil {
			panic(err)
		}
		return v
	}
	if _, ok := x.(preempt); ok {
		f.events <- core.EventPreempted
	} else {
		f.id, f.hostArgs = x.(*scriptedExtern).id, args
		f.events <- core.EventHostCall
	}
	select {
	case v := <-f.resume:
		if f.trap != "" {
			panic(f.trap)
		}
		return v
	case <-f.dead:
		panic(killed{})
	}
}

func (f *scriptedFiber) Resume() core.Event {
	if f.code == nil {
		return core.EventDone
	}
	if !f.started {
		f.started = true
		go f.run()
	} else {
		f.resume <- f.returned
	}
	ev := <-f.events
	return ev
}

func (f *scriptedFiber) ID() uint32     { return f.id }
func (f *scriptedFiber) Args() []uint64 { return f.hostArgs }
func (f *scriptedFiber) Return(r ...uint64) {
	f.returned = 0
	if len(r) > 0 {
		f.returned = r[0]
	}
}
func (f *scriptedFiber) Trap(m string)           { f.trap = m }
func (f *scriptedFiber) Results() []uint64       { return f.result }
func (f *scriptedFiber) Err() error              { return f.err }
func (f *scriptedFiber) Instance() core.Instance { return f.instance }
func (f *scriptedFiber) Close() {
	select {
	case <-f.dead:
	default:
		close(f.dead)
	}
}
