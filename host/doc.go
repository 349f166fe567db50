// Package host runs WebAssembly components: core modules on libwasmtime, the
// component model on top in Go.
//
// An [Engine] compiles a [Component] once. A [Linker] holds what the host
// offers: interfaces with functions and resources written as plain Go. A
// [Store] holds one guest. The WASI interfaces are in host/wasi, TLS for
// guests in wasitls:
//
//	eng, err := host.NewEngine(host.Config{})
//	comp, err := eng.Compile(ctx, wasm)
//	l := host.NewLinker()
//	l.Func("greet", host.Func(func(c *host.Call, a *struct{ Name string }) (string, error) {
//		return "hello, " + a.Name, nil
//	}))
//	store, err := eng.NewStore(host.Limits{})
//	defer store.Close()
//	inst, err := l.Instantiate(ctx, store, comp)
//	run, err := host.Export[struct{ N uint32 }, string](inst, "", "run")
//	s, err := run.Call(ctx, struct{ N uint32 }{3})
//
// # Guarantees
//
// A guest is deaf and blind until something is linked for it. Whatever a
// guest or a component file does ends as an error of that guest: it does not
// panic, abort or starve the process. A guest that waits in a host function
// holds no OS thread. When a call's context ends, the guest ends.
package host
