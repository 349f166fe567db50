package wt

/*
#include "fiber.h"
*/
import "C"

import "github.com/wasitls/wasitls/host/internal/core"

// Instance implements core.Instance.
type Instance struct {
	store   *Store
	c       C.wasmtime_instance_t
	exports map[string]export
	got     map[string]*extern
}

var _ core.Instance = (*Instance)(nil)

// Export returns the same extern for the same name, nil after the store was closed.
func (i *Instance) Export(name string) core.Extern {
	i.store.mu.Lock()
	defer i.store.mu.Unlock()
	e, ok := i.exports[name]
	if !ok || i.store.p == nil {
		return nil
	}
	if x := i.got[name]; x != nil {
		return x
	}
	x := &extern{store: i.store, kind: e.kind, typ: e.typ}
	if !C.wasmtime_instance_export_get(i.store.p.context, &i.c, chars(name), C.size_t(len(name)), &x.c) || x.c.kind != kinds[e.kind] {
		return nil
	}
	if i.got == nil {
		i.got = map[string]*extern{}
	}
	i.got[name] = x
	return x
}
