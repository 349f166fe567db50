package types

import (
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
)

var i32 = core.I32

func sig(params ...core.ValType) core.FuncType { return core.FuncType{Params: params} }

func sigI32(params ...core.ValType) core.FuncType {
	return core.FuncType{Params: params, Results: []core.ValType{i32}}
}

// builtinTypes are the core types of the built-ins whose type depends on
// nothing.
var builtinTypes = map[binary.CanonOp]core.FuncType{
	binary.CanonResourceNew:         sigI32(i32),
	binary.CanonResourceRep:         sigI32(i32),
	binary.CanonResourceDrop:        sig(i32),
	binary.CanonTaskCancel:          sig(),
	binary.CanonSubtaskCancel:       sigI32(i32),
	binary.CanonSubtaskDrop:         sig(i32),
	binary.CanonContextGet:          sigI32(),
	binary.CanonContextSet:          sig(i32),
	binary.CanonThreadYield:         sigI32(),
	binary.CanonStreamNew:           {Results: []core.ValType{core.I64}},
	binary.CanonStreamRead:          sigI32(i32, i32, i32),
	binary.CanonStreamWrite:         sigI32(i32, i32, i32),
	binary.CanonStreamCancelRead:    sigI32(i32),
	binary.CanonStreamCancelWrite:   sigI32(i32),
	binary.CanonStreamDropReadable:  sig(i32),
	binary.CanonStreamDropWritable:  sig(i32),
	binary.CanonFutureNew:           {Results: []core.ValType{core.I64}},
	binary.CanonFutureRead:          sigI32(i32, i32),
	binary.CanonFutureWrite:         sigI32(i32, i32),
	binary.CanonFutureCancelRead:    sigI32(i32),
	binary.CanonFutureCancelWrite:   sigI32(i32),
	binary.CanonFutureDropReadable:  sig(i32),
	binary.CanonFutureDropWritable:  sig(i32),
	binary.CanonErrorContextNew:     sigI32(i32, i32),
	binary.CanonErrorContextMessage: sig(i32, i32),
	binary.CanonErrorContextDrop:    sig(i32),
	binary.CanonWaitableSetNew:      sigI32(),
	binary.CanonWaitableSetWait:     sigI32(i32, i32),
	binary.CanonWaitableSetPoll:     sigI32(i32, i32),
	binary.CanonWaitableSetDrop:     sig(i32),
	binary.CanonWaitableJoin:        sig(i32, i32),
	binary.CanonBackpressureInc:     sig(),
	binary.CanonBackpressureDec:     sig(),
	binary.CanonThreadIndex:         sigI32(),
	binary.CanonThreadNewIndirect:   sigI32(i32, i32),
	binary.CanonThreadResumeLater:   sig(i32),
	binary.CanonThreadSuspend:       sigI32(),
	binary.CanonThreadSuspendResume: sigI32(i32),
	binary.CanonThreadYieldResume:   sigI32(i32),
	binary.CanonThreadSuspendPromo:  sigI32(i32),
	binary.CanonThreadYieldPromo:    sigI32(i32),
}

func (s *scope) canon(n *binary.Canon) {
	s.v.spend(1)
	switch n.Op {
	case binary.CanonLift:
		s.lift(n)
	case binary.CanonLower:
		s.lower(n)
	default:
		s.builtin(n)
	}
}

// coreFunc appends a core function to its space.
func (s *scope) coreFunc(t core.FuncType) {
	s.core[core.Func] = append(s.core[core.Func], CoreType{Kind: core.Func, Func: &t})
}

func (s *scope) lift(n *binary.Canon) {
	f := s.funcTypeAt(n.Type)
	callee := s.coreAt(core.Func, n.Index).Func
	s.v.spend(len(f.Params))
	o := s.options(n)
	s.asyncOption(f, o)
	if o.PostReturn >= 0 {
		want := core.FuncType{Params: callee.Results}
		s.signature("post-return", uint32(o.PostReturn), want)
	}
	if o.Callback >= 0 {
		s.signature("callback", uint32(o.Callback), sigI32(i32, i32, i32))
	}
	_, np := f.FlatParams()
	if np > MaxFlat || f.paramsHave(pointers) {
		s.require("memory", o.Memory)
		s.require("realloc", o.Realloc)
	}
	maxResults := MaxFlatResults
	if o.Async {
		maxResults = MaxFlat
	}
	if _, nr := f.FlatResult(); nr > maxResults || pointers(f.Result) {
		s.require("memory", o.Memory)
	}
	want := FlattenFunc(f, false, o.Async)
	if o.Async && o.Callback < 0 {
		want.Results = nil
	}
	if !equalFuncs(&core.FuncType{Params: want.Params}, &core.FuncType{Params: callee.Params}) {
		s.v.fail("lowered parameter types `%s` do not match parameter types `%s` of core function %d",
			valNames(want.Params), valNames(callee.Params), n.Index)
	}
	if !equalFuncs(&want, callee) {
		s.v.fail("lowered result types `%s` do not match result types `%s` of core function %d",
			valNames(want.Results), valNames(callee.Results), n.Index)
	}
	s.funcs = append(s.funcs, f)
	s.step(&StepLift{Type: f, CoreFunc: int(n.Index), Options: o})
}

func (s *scope) lower(n *binary.Canon) {
	f := s.funcAt(n.Index)
	s.v.spend(len(f.Params))
	o := s.options(n)
	if o.PostReturn >= 0 {
		s.v.fail("canonical option `post-return` cannot be specified for lowerings")
	}
	if o.Callback >= 0 {
		s.v.fail("canonical option `callback` cannot be specified for lowerings")
	}
	s.asyncOption(f, o)
	maxParams, maxResults := MaxFlat, MaxFlatResults
	if o.Async {
		maxParams, maxResults = MaxFlatAsyncParams, 0
	}
	if _, np := f.FlatParams(); np > maxParams || f.paramsHave(pointers) {
		s.require("memory", o.Memory)
	}
	if _, nr := f.FlatResult(); nr > maxResults || pointers(f.Result) {
		s.require("memory", o.Memory)
	}
	if pointers(f.Result) {
		s.require("realloc", o.Realloc)
	}
	t := FlattenFunc(f, true, o.Async)
	s.coreFunc(t)
	s.step(&StepLower{Type: f, Func: int(n.Index), Options: o, Core: t})
}

func pointers(t *Type) bool { return t != nil && t.HasPointers }

// paramsHave tells whether f holds for the type of a parameter.
func (f *Func) paramsHave(is func(*Type) bool) bool {
	for _, p := range f.Params {
		if is(p.Type) {
			return true
		}
	}
	return false
}

func (s *scope) asyncOption(f *Func, o Options) {
	if o.Async && !f.Async {
		s.v.fail("the `async` canonical option requires an async function type")
	}
}

func (s *scope) require(option string, index int) {
	if index < 0 {
		s.v.fail("canonical option `%s` is required", option)
	}
}

// signature checks the core type of a function that an option names.
func (s *scope) signature(option string, index uint32, want core.FuncType) {
	if !equalFuncs(s.coreAt(core.Func, index).Func, &want) {
		s.v.fail("canonical option `%s` uses a core function with an incorrect signature", option)
	}
}

// options checks what holds for canonical options everywhere.
func (s *scope) options(n *binary.Canon) Options {
	o := Options{Memory: -1, Realloc: -1, PostReturn: -1, Callback: -1}
	encoding := ""
	set := func(name string, to *int, index uint32) {
		if *to >= 0 {
			s.v.fail("canonical option `%s` is specified more than once", name)
		}
		*to = int(index)
	}
	for _, opt := range n.Options {
		switch opt.Kind {
		case binary.OptionUTF8, binary.OptionUTF16, binary.OptionLatin1UTF16:
			name := [...]string{"utf8", "utf16", "latin1-utf16"}[opt.Kind]
			if encoding != "" {
				s.v.fail("canonical encoding option `%s` conflicts with option `%s`", encoding, name)
			}
			encoding, o.Encoding = name, binary.Encoding(opt.Kind)
		case binary.OptionMemory:
			set("memory", &o.Memory, opt.Index)
			s.memory(opt.Index)
		case binary.OptionRealloc:
			set("realloc", &o.Realloc, opt.Index)
		case binary.OptionPostReturn:
			set("post-return", &o.PostReturn, opt.Index)
		case binary.OptionCallback:
			set("callback", &o.Callback, opt.Index)
		case binary.OptionAsync:
			if o.Async {
				s.v.fail("canonical option `async` is specified more than once")
			}
			o.Async = true
		}
	}
	switch {
	case o.Callback >= 0 && !o.Async:
		s.v.fail("cannot specify callback without async")
	case o.PostReturn >= 0 && o.Async:
		s.v.fail("cannot specify post-return function in async")
	case o.Realloc >= 0 && o.Memory < 0:
		s.v.fail("canonical option `realloc` requires `memory` to also be specified")
	case o.Realloc >= 0:
		s.signature("realloc", uint32(o.Realloc), sigI32(i32, i32, i32, i32))
	}
	return o
}

// memory checks that a memory can be used by the canonical ABI.
func (s *scope) memory(i uint32) {
	if m := s.coreAt(core.Memory, i); m.Shared || m.Index64 {
		s.v.fail("canonical ABI memory %d is shared or has 64-bit addresses", i)
	}
}

func (s *scope) builtin(n *binary.Canon) {
	st := &StepBuiltin{Op: n.Op, Async: n.Async, Cancellable: n.Cancellable, Core: builtinTypes[n.Op]}
	st.Options = Options{Memory: -1, Realloc: -1, PostReturn: -1, Callback: -1}
	switch n.Op {
	case binary.CanonResourceNew, binary.CanonResourceRep, binary.CanonResourceDrop:
		st.Resource = s.resourceAt(n.Index).Resource
		if n.Op != binary.CanonResourceDrop && !s.local[st.Resource] {
			s.v.fail("type index %d is not a local resource", n.Index)
		}
	case binary.CanonTaskReturn:
		s.taskReturn(st, n)
	case binary.CanonContextGet, binary.CanonContextSet:
		if n.Val != core.I32 {
			s.v.fail("context slots can only be of type i32, not %s", valName(n.Val))
		}
		if n.Index >= 2 {
			s.v.fail("context immediate must be less than 2, found %d", n.Index)
		}
		st.Type, st.Index = n.Val, int(n.Index)
	case binary.CanonStreamNew, binary.CanonStreamCancelRead, binary.CanonStreamCancelWrite,
		binary.CanonStreamDropReadable, binary.CanonStreamDropWritable:
		s.elementOf(st, n.Index, Stream)
	case binary.CanonFutureNew, binary.CanonFutureCancelRead, binary.CanonFutureCancelWrite,
		binary.CanonFutureDropReadable, binary.CanonFutureDropWritable:
		s.elementOf(st, n.Index, Future)
	case binary.CanonStreamRead, binary.CanonStreamWrite:
		s.elementOf(st, n.Index, Stream)
		s.copyOptions(st, n, n.Op == binary.CanonStreamRead)
	case binary.CanonFutureRead, binary.CanonFutureWrite:
		s.elementOf(st, n.Index, Future)
		s.copyOptions(st, n, n.Op == binary.CanonFutureRead)
	case binary.CanonErrorContextNew, binary.CanonErrorContextMessage:
		st.Options = s.syncOptions(n)
		s.require("memory", st.Options.Memory)
		if n.Op == binary.CanonErrorContextMessage {
			s.require("realloc", st.Options.Realloc)
		}
	case binary.CanonWaitableSetWait, binary.CanonWaitableSetPoll:
		s.memory(n.Memory)
		st.Index = int(n.Memory)
	case binary.CanonThreadNewIndirect:
		s.newIndirect(st, n)
	}
	s.coreFunc(st.Core)
	s.step(st)
}

// elementOf sets the element of the stream or future type that a built-in is for.
func (s *scope) elementOf(st *StepBuiltin, i uint32, kind Kind) {
	t := s.typeAt(i).Value
	if t == nil || t.Kind != kind {
		s.v.fail("type index %d is not a %s type", i, kind)
	}
	st.Value, st.HasValue = t.Elem, t.Elem != nil
}

// copyOptions checks the options of a read or write.
func (s *scope) copyOptions(st *StepBuiltin, n *binary.Canon, read bool) {
	o := s.options(n)
	if o.PostReturn >= 0 || o.Callback >= 0 {
		s.v.fail("canonical options `post-return` and `callback` cannot be specified for this built-in")
	}
	if st.HasValue {
		s.require("memory", o.Memory)
	}
	if read && pointers(st.Value) {
		s.require("realloc", o.Realloc)
	}
	st.Options, st.Async = o, o.Async
}

// syncOptions are the options of a built-in without an asynchronous form.
func (s *scope) syncOptions(n *binary.Canon) Options {
	o := s.options(n)
	if o.Async || o.PostReturn >= 0 || o.Callback >= 0 {
		s.v.fail("canonical options `async`, `post-return` and `callback` cannot be specified for this built-in")
	}
	return o
}

func (s *scope) taskReturn(st *StepBuiltin, n *binary.Canon) {
	st.Options = s.syncOptions(n)
	if st.Options.Realloc >= 0 {
		s.v.fail("canonical option `realloc` cannot be specified for `task.return`")
	}
	f := &Func{}
	if n.Result != nil {
		st.Value, st.HasValue = s.valType(*n.Result), true
		f.Params = []Field{{Type: st.Value}}
		if st.Value.HasBorrow {
			s.v.fail("`task.return` result cannot contain a `borrow` type")
		}
	}
	if _, np := f.FlatParams(); np > MaxFlat || pointers(st.Value) {
		s.require("memory", st.Options.Memory)
	}
	st.Core = FlattenFunc(f, true, false)
}

func (s *scope) newIndirect(st *StepBuiltin, n *binary.Canon) {
	want := sig(i32)
	f := at(s, s.coreTypes, n.Index, "type").fn
	if f == nil || !equalFuncs(f, &want) {
		s.v.fail("start function of a thread must take a single `i32` argument and return nothing")
	}
	if t := s.coreAt(core.Table, n.Table); t.Ref != core.FuncRef || t.Index64 {
		s.v.fail("table %d of `thread.new-indirect` must be a 32-bit table of funcref", n.Table)
	}
	st.Index, st.Type = int(n.Table), core.I32
}
