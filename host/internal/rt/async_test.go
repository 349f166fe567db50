package rt

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host/internal/abi"
	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

// Imports of the scripted async guests, by index.
const (
	impCall   = iota // the host's function
	impSetNew        // waitable-set.new
	impJoin          // waitable.join
	impRead          // stream.read, async
	impWrite         // stream.write, async
	impNew           // stream.new
	impDropW         // stream.drop-writable
	impReturn        // task.return
)

// asyncGuest is a component with one async export, "run", lifted with a
// callback, and one import: f, of the given type and lowered async.
func asyncGuest(f *types.Func, run, callback guest) *Component {
	p := newPlan()
	o := noOptions
	o.Memory, o.Async = 0, true
	u8 := types.Primitive(types.U8)
	mem := &types.StepModule{}
	p.modules[mem] = &module{exports: func(s *scripted, _ []core.Extern) map[string]core.Extern {
		return map[string]core.Extern{"mem": &scriptedExtern{kind: core.Memory, mem: s}}
	}}
	p.add(mem, &types.StepCoreInstantiate{Module: 0}, &types.StepCoreAlias{Kind: core.Memory, Instance: 0, Name: "mem"})
	p.add(&types.StepImport{Extern: types.Extern{Name: "f", Type: types.ExternType{Sort: types.SortFunc}}})
	p.core(&types.StepLower{Type: f, Func: 0, Options: o, Core: core.FuncType{Params: i32s(2), Results: i32s(1)}})
	builtin := func(op binary.CanonOp, params, results int, v *types.Type) {
		p.core(&types.StepBuiltin{Op: op, Value: v, HasValue: v != nil, Options: o, Core: core.FuncType{Params: i32s(params), Results: i32s(results)}})
	}
	builtin(binary.CanonWaitableSetNew, 0, 1, nil)
	builtin(binary.CanonWaitableJoin, 2, 0, nil)
	builtin(binary.CanonStreamRead, 3, 1, u8)
	builtin(binary.CanonStreamWrite, 3, 1, u8)
	builtin(binary.CanonStreamNew, 0, 1, u8)
	builtin(binary.CanonStreamDropWritable, 1, 0, u8)
	builtin(binary.CanonTaskReturn, 1, 0, u32)
	st := &types.StepModule{}
	imports := &types.StepCoreExports{}
	m := &module{exports: func(s *scripted, im []core.Extern) map[string]core.Extern {
		return map[string]core.Extern{
			"run": &scriptedExtern{kind: core.Func, code: bindImports(run, im)},
			"cb":  &scriptedExtern{kind: core.Func, code: bindImports(callback, im)},
		}
	}}
	for i := range p.nfuncs {
		name := string(rune('a' + i))
		m.imports = append(m.imports, core.Import{Module: "f", Name: name})
		imports.Exports = append(imports.Exports, types.CoreItem{Name: name, Kind: core.Func, Index: i})
	}
	p.modules[st] = m
	p.add(st, imports, &types.StepCoreInstantiate{Module: 1, Args: []types.CoreArg{{Name: "f", Instance: 1}}})
	r := p.core(&types.StepCoreAlias{Kind: core.Func, Instance: 2, Name: "run"})
	o.Callback = p.core(&types.StepCoreAlias{Kind: core.Func, Instance: 2, Name: "cb"})
	p.add(&types.StepLift{Type: &types.Func{Async: true, Result: u32}, CoreFunc: r, Options: o},
		&types.StepExport{Name: "run", Item: types.Item{Sort: types.SortFunc, Index: 1}})
	return p.component()
}

// slowFunc is an async function of the host: it takes a flat number and
// returns one more once release is closed.
type slowFunc struct {
	release  chan struct{}
	canceled chan struct{}
}

func (f *slowFunc) IsAsync() bool { return true }
func (f *slowFunc) Call(*Store, *abi.Context, int, int, []uint64) (uint64, error) {
	return 0, errors.New("called as a function that is not async")
}

func (f *slowFunc) Begin(ctx context.Context, s *Store, cx *abi.Context, _ int, flat []uint64, done func(Lowering)) (Begun, error) {
	n := flat[0]
	go func() {
		var err error
		select {
		case <-f.release:
		case <-ctx.Done():
			close(f.canceled)
			err = ctx.Err()
		}
		done(func(cx *abi.Context, _ int, flat []uint64) (uint64, error) {
			if err == nil {
				putU32(cx.Memory.Bytes()[flat[1]:], uint32(n+1))
			}
			return 0, err
		})
	}()
	return Begun{}, nil
}

func wait(wake <-chan struct{}) error {
	select {
	case <-wake:
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("nothing to do for 10 s")
	}
}

func invokeAsync(t *testing.T, s *Store, in *Instance) (uint64, error) {
	t.Helper()
	c := &flatCallee{}
	err := s.Invoke(context.Background(), in.Exports().Items["run"].(*Func), c, wait)
	if err != nil {
		return 0, err
	}
	return c.results[0], nil
}

// waitOn joins a waitable to a new set and returns the callback code to wait.
func waitOn(call func(core.Extern, ...uint64) uint64, waitable uint64) uint64 {
	set := call(imported{impSetNew})
	call(imported{impJoin}, waitable, set)
	return callbackWait | set<<4
}

func TestAsyncHostFunction(t *testing.T) {
	f := &types.Func{Async: true, Params: []types.Field{{Name: "n", Type: u32}}, Result: u32}
	host := &slowFunc{release: make(chan struct{}), canceled: make(chan struct{})}
	c := asyncGuest(f,
		func(call func(core.Extern, ...uint64) uint64, _ []uint64) (uint64, error) {
			st := call(imported{impCall}, 41, 16)
			if st&0xf != uint64(subtaskStarted) {
				return 0, errors.New("call did not start")
			}
			close(host.release)
			return waitOn(call, st>>4), nil
		},
		func(call func(core.Extern, ...uint64) uint64, a []uint64) (uint64, error) {
			if a[0] != uint64(eventSubtask) || a[2] != uint64(subtaskReturned) {
				return 0, errors.New("another event")
			}
			call(imported{impReturn}, 42)
			return callbackExit, nil
		})
	s := newStore()
	defer s.Close()
	in, err := s.Instantiate(context.Background(), c, map[string]any{"f": &Func{Host: host}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := invokeAsync(t, s, in); err != nil || got != 42 {
		t.Fatalf("got %d, %v", got, err)
	}
	if mem := s.core.(*scripted).memory; mem[16] != 42 {
		t.Fatalf("result in memory is %d", mem[16])
	}
}

func TestCloseCancelsAsyncHostFunctions(t *testing.T) {
	f := &types.Func{Async: true, Params: []types.Field{{Name: "n", Type: u32}}, Result: u32}
	host := &slowFunc{release: make(chan struct{}), canceled: make(chan struct{})}
	c := asyncGuest(f,
		func(call func(core.Extern, ...uint64) uint64, _ []uint64) (uint64, error) {
			call(imported{impCall}, 41, 16)
			call(imported{impReturn}, 1)
			return callbackExit, nil
		}, nil)
	s := newStore()
	in, err := s.Instantiate(context.Background(), c, map[string]any{"f": &Func{Host: host}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := invokeAsync(t, s, in); err != nil || got != 1 {
		t.Fatalf("got %d, %v", got, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-host.canceled
}

// feed is a Source and a Sink for tests.
type feed struct {
	mu      sync.Mutex
	data    []byte
	end     error
	dropped bool
	waiters []func()
	room    int
}

func (f *feed) put(p string, end error) {
	f.mu.Lock()
	f.data, f.end = append(f.data, p...), end
	w := f.waiters
	f.waiters = nil
	f.mu.Unlock()
	for _, call := range w {
		call()
	}
}

func (f *feed) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.data) == 0 {
		return 0, f.end
	}
	n := copy(p, f.data)
	f.data = f.data[n:]
	return n, nil
}

func (f *feed) Ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.data) > 0 || f.end != nil
}

func (f *feed) Notify(call func()) func() {
	if f.Ready() {
		call()
		return func() {}
	}
	f.mu.Lock()
	f.waiters = append(f.waiters, call)
	f.mu.Unlock()
	return func() {}
}

func (f *feed) Drop() { f.dropped = true }

// sinkFeed is a feed as a Sink that takes a few bytes at a time.
type sinkFeed struct{ *feed }

func (f sinkFeed) Permit() (int, error)      { return f.room, nil }
func (f sinkFeed) Write(p []byte) error      { f.put(string(p), nil); return nil }
func (f sinkFeed) Flush() error              { return nil }
func (f sinkFeed) Notify(call func()) func() { call(); return func() {} }

// TestHostStream reads a stream of the host: at once, and when there is more.
func TestHostStream(t *testing.T) {
	u8 := types.Primitive(types.U8)
	f := &types.Func{Params: []types.Field{{Name: "n", Type: u32}}, Result: types.NewStream(u8)}
	src := &feed{data: []byte("now ")}
	var stream uint64
	var read strings.Builder
	s := newStore()
	defer s.Close()
	mem := s.core.(*scripted)
	next := func(call func(core.Extern, ...uint64) uint64, r uint64) uint64 {
		for r != blocked {
			read.Write(mem.memory[64:][:r>>4])
			if r&0xf == uint64(copyDropped) {
				call(imported{impReturn}, uint64(read.Len()))
				return callbackExit
			}
			r = call(imported{impRead}, stream, 64, 8)
		}
		go src.put("later", io.EOF)
		return waitOn(call, stream)
	}
	c := asyncGuest(f,
		func(call func(core.Extern, ...uint64) uint64, _ []uint64) (uint64, error) {
			call(imported{impCall}, 0, 16)
			stream = uint64(mem.memory[16])
			return next(call, call(imported{impRead}, stream, 64, 8)), nil
		},
		func(call func(core.Extern, ...uint64) uint64, a []uint64) (uint64, error) {
			return next(call, a[2]), nil
		})
	in, err := s.Instantiate(context.Background(), c, map[string]any{"f": &Func{Host: hostFunc(func(s *Store, cx *abi.Context, flat []uint64) (uint64, error) {
		i, err := cx.Handles.LowerChannel(f.Result, s.NewBytes(src))
		putU32(cx.Memory.Bytes()[flat[1]:], i)
		return 0, err
	})}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := invokeAsync(t, s, in); err != nil || got != 9 || read.String() != "now later" {
		t.Fatalf("got %d, %v, read %q", got, err, read.String())
	}
}

// TestPipe hands a guest's stream to a sink that takes three bytes at a time.
func TestPipe(t *testing.T) {
	u8 := types.Primitive(types.U8)
	f := &types.Func{Params: []types.Field{{Name: "s", Type: types.NewStream(u8)}}, Result: u32}
	sink := sinkFeed{&feed{room: 3}}
	var ends uint64
	s := newStore()
	defer s.Close()
	mem := s.core.(*scripted)
	text := "written by a guest"
	left := len(text)
	write := func(call func(core.Extern, ...uint64) uint64, r uint64) uint64 {
		for r != blocked {
			left -= int(r >> 4)
			if left == 0 {
				call(imported{impDropW}, ends>>32)
				call(imported{impReturn}, 7)
				return callbackExit
			}
			r = call(imported{impWrite}, ends>>32, uint64(64+len(text)-left), uint64(left))
		}
		return waitOn(call, ends>>32)
	}
	c := asyncGuest(f,
		func(call func(core.Extern, ...uint64) uint64, _ []uint64) (uint64, error) {
			copy(mem.memory[64:], text)
			ends = call(imported{impNew})
			call(imported{impCall}, ends&0xffffffff, 16)
			return write(call, 0), nil
		},
		func(call func(core.Extern, ...uint64) uint64, a []uint64) (uint64, error) {
			return write(call, a[2]), nil
		})
	done := 0
	in, err := s.Instantiate(context.Background(), c, map[string]any{"f": &Func{Host: hostFunc(func(s *Store, cx *abi.Context, flat []uint64) (uint64, error) {
		ch, err := cx.Handles.LiftChannel(f.Params[0].Type, uint32(flat[0]))
		if err == nil {
			s.Pipe(ch, sink, func(err error) {
				if err == nil {
					done++
				}
			})
		}
		return 0, err
	})}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := invokeAsync(t, s, in); err != nil || got != 7 {
		t.Fatalf("got %d, %v", got, err)
	}
	if err := s.Drain(context.Background(), wait); err != nil {
		t.Fatal(err)
	}
	if string(sink.data) != text || done != 1 || !sink.dropped {
		t.Fatalf("sink got %q, done %d times, dropped %v", sink.data, done, sink.dropped)
	}
}
