// Package wat turns the text format of core WebAssembly into binary, for tests.
package wat

/*
#include "../wasmtime.h"
*/
import "C"

import (
	"errors"
	"unsafe"

	// For its static archive of libwasmtime.
	_ "github.com/bytecodealliance/wasmtime-go/v44"
)

// Module returns the binary of a module in text form.
func Module(text string) ([]byte, error) {
	var v C.wasm_byte_vec_t
	e := C.wasmtime_wat2wasm((*C.char)(unsafe.Pointer(unsafe.StringData(text))), C.size_t(len(text)), &v)
	if e != nil {
		C.wasmtime_error_message(e, &v)
		C.wasmtime_error_delete(e)
	}
	b := C.GoBytes(unsafe.Pointer(v.data), C.int(v.size))
	C.wasm_byte_vec_delete(&v)
	if e != nil {
		return nil, errors.New("wat: " + string(b))
	}
	return b, nil
}
