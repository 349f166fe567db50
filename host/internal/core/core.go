// Package core is the runtime's view of core WebAssembly: stores, externs and
// fibers, without an engine. Package wt implements it on libwasmtime; tests of
// package rt implement it with scripted guests.
//
// The shape follows from one decision: a guest runs on a fiber, and a host
// call is a suspension of that fiber. Nothing in Go ever runs on a guest's
// stack, and a guest that waits holds no OS thread.
package core

// ValType is a core value type, with the byte of the binary format
// (WebAssembly 2.0, section 5.3.1).
type ValType byte

// Value types that cross between host and guest.
const (
	I32     ValType = 0x7f
	I64     ValType = 0x7e
	F32     ValType = 0x7d
	F64     ValType = 0x7c
	V128    ValType = 0x7b
	FuncRef ValType = 0x70
	ExtRef  ValType = 0x6f
)

// FuncType is a core function type.
type FuncType struct {
	Params, Results []ValType
}

// Kind is the sort of an extern, with the byte of the binary format.
type Kind byte

// Sorts of core externs.
const (
	Func   Kind = 0x00
	Table  Kind = 0x01
	Memory Kind = 0x02
	Global Kind = 0x03
	Tag    Kind = 0x04
)

// Engine compiles core modules and makes stores. It is safe for concurrent use.
type Engine interface {
	// Compile validates and compiles a core module. Equal bytes compile once
	// where a cache is configured.
	Compile(wasm []byte) (Module, error)
	// NewStore makes an empty store. It fails when the process has no room
	// for another guest.
	NewStore(StoreLimits) (Store, error)
}

// StoreLimits bounds what the guests of one store may hold. A zero field
// means the engine's default, which is never "unlimited".
type StoreLimits struct {
	MemoryBytes   int64 // all linear memories of the store together never exceed this, each one too
	TableElements int64 // per table
	Instances     int   // core instances
	Memories      int
	Tables        int
}

// Module is a compiled core module. It is safe for concurrent use.
type Module interface {
	// Imports lists the module's imports in order.
	Imports() []Import
	// Close frees the module once no store uses it any more. Further use is an error.
	Close()
}

// Import names one import of a module.
type Import struct {
	Module, Name string
	Kind         Kind
}

// Store owns the state of one guest. One goroutine at a time may use a store
// and everything that came from it; which goroutine it is may change.
type Store interface {
	// HostFunc returns a function that, when called by a guest, suspends the
	// calling fiber with an EventHostCall that carries id.
	HostFunc(t FuncType, id uint32) (Extern, error)
	// Instantiate begins to instantiate m on the imports, one for each of
	// m.Imports() in order. The fiber runs the start function; when it is
	// done, its Instance method returns the instance.
	Instantiate(m Module, imports []Extern) (Fiber, error)
	// Call begins a call of f. Arguments are raw bits: i32 and f32 in the low
	// half. A call of something that is no function, or with a wrong number
	// of arguments, is an error.
	Call(f Extern, args []uint64) (Fiber, error)
	// Close ends every fiber of the store and frees it. It is idempotent.
	Close()
}

// Extern is a function, table, memory, global or tag of one store.
type Extern interface {
	Kind() Kind
	// FuncType returns the type of a function, and false for other kinds.
	FuncType() (FuncType, bool)
	// Bytes returns the contents of a memory, nil for other kinds. The slice
	// dies when any fiber of the store is started or resumed.
	Bytes() []byte
	// Exchange sets a mutable global of type i32 or i64 and returns what it
	// was, both as raw bits. It does nothing to other externs and returns 0.
	Exchange(v uint64) uint64
}

// Instance is an instantiated core module.
type Instance interface {
	// Export returns the export of that name, nil if there is none.
	Export(name string) Extern
}

// Event says why a fiber came back.
type Event byte

// Events of Fiber.Resume.
const (
	EventDone      Event = iota // the call returned: Results are valid
	EventTrap                   // the call trapped or failed: Err is valid
	EventHostCall               // the guest called a host function: ID and Args are valid
	EventPreempted              // the guest used up its time slice: look at the context, resume again
)

// Fiber is a guest call in progress. Many fibers of a store may be suspended
// at once; only one of them runs.
type Fiber interface {
	// Resume runs the guest until the next event. After EventDone and
	// EventTrap the fiber must be closed and never resumed.
	Resume() Event
	// ID and Args belong to the pending host call; Args is valid until the
	// next Resume of this fiber.
	ID() uint32
	Args() []uint64
	// Return sets the results of the pending host call; the next Resume
	// delivers them. Results are copied.
	Return(results ...uint64)
	// Trap makes the next Resume raise a trap with this message in the guest
	// instead of returning from the pending host call.
	Trap(message string)
	// Results are valid after EventDone, until Close.
	Results() []uint64
	// Err tells the trap or failure after EventTrap: a *Trap where the guest is
	// to blame.
	Err() error
	// Instance is valid after EventDone of Store.Instantiate.
	Instance() Instance
	// Close ends the fiber: a suspended guest is killed where it stands.
	// It is idempotent.
	Close()
}
