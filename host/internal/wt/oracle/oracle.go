// Package oracle asks libwasmtime whether bytes are a valid component, for
// tests: this project validates components itself and is compared with it. The
// library knows no asynchronous functions and no other late additions.
package oracle

/*
#include "../wasmtime.h"

typedef struct wasmtime_component_t wasmtime_component_t;
wasmtime_error_t *wasmtime_component_new(const wasm_engine_t *, const uint8_t *, size_t, wasmtime_component_t **);
void wasmtime_component_delete(wasmtime_component_t *);
*/
import "C"

import (
	"errors"
	"sync"
	"unsafe"

	// For its static archive of libwasmtime.
	_ "github.com/bytecodealliance/wasmtime-go/v44"
)

// engine is made once, with the library's defaults, and lives as long as the
// process.
var engine = sync.OnceValue(func() *C.wasm_engine_t {
	return C.wasm_engine_new_with_config(C.wasm_config_new())
})

// Validate returns the library's error for a component that is not valid, nil
// if it compiles. It takes as long as compiling: see Skeleton.
func Validate(component []byte) error {
	if len(component) == 0 {
		return errors.New("oracle: no bytes")
	}
	var c *C.wasmtime_component_t
	e := C.wasmtime_component_new(engine(), (*C.uint8_t)(unsafe.Pointer(unsafe.SliceData(component))), C.size_t(len(component)), &c)
	if e == nil {
		C.wasmtime_component_delete(c)
		return nil
	}
	var v C.wasm_byte_vec_t
	C.wasmtime_error_message(e, &v)
	C.wasmtime_error_delete(e)
	text := C.GoStringN(v.data, C.int(v.size))
	C.wasm_byte_vec_delete(&v)
	return errors.New("oracle: " + text)
}
