package wt

/*
#include "fiber.h"
*/
import "C"

import (
	"errors"
	"strings"
	"unicode"

	"github.com/wasitls/wasitls/host/internal/core"
)

// trapCodes maps wasmtime_trap_code_t.
var trapCodes = map[C.uint8_t]core.TrapCode{
	0:  core.TrapStackOverflow,
	1:  core.TrapMemoryOutOfBounds,
	3:  core.TrapTableOutOfBounds,
	4:  core.TrapIndirectCallToNull,
	5:  core.TrapBadSignature,
	6:  core.TrapIntegerOverflow,
	7:  core.TrapDivisionByZero,
	8:  core.TrapBadConversion,
	9:  core.TrapUnreachable,
	13: core.TrapNullReference,
}

func goString(v *C.wasm_byte_vec_t) string {
	s := C.GoStringN(v.data, C.int(v.size))
	C.wasm_byte_vec_delete(v)
	return strings.TrimRight(s, "\x00")
}

// takeError turns an error of the library into one of Go and frees it.
func takeError(e *C.wasmtime_error_t) error {
	if e == nil {
		return nil
	}
	var v C.wasm_byte_vec_t
	C.wasmtime_error_message(e, &v)
	C.wasmtime_error_delete(e)
	message, _ := splitTrace(goString(&v))
	return errors.New("wt: " + message)
}

// trapOf describes a trap with a code of the library.
func trapOf(t *C.wasm_trap_t) *core.Trap {
	var v C.wasm_byte_vec_t
	C.wasm_trap_message(t, &v)
	message, frames := splitTrace(goString(&v))
	trap := &core.Trap{Message: strings.TrimPrefix(message, "wasm trap: "), Backtrace: frames}
	var code C.uint8_t
	if C.wasmtime_trap_code(t, &code) {
		trap.Code = trapCodes[code]
	}
	return trap
}

// errorOf describes a failure without a code: a trap that the host raised
// (hosted, with its message), an exception that nobody caught, or an
// instantiation that could not be.
func errorOf(e *C.wasmtime_error_t, hosted bool, message string) error {
	var v C.wasm_byte_vec_t
	C.wasmtime_error_message(e, &v)
	text, frames := splitTrace(goString(&v))
	switch {
	case hosted:
		return &core.Trap{Code: core.TrapHost, Message: message, Backtrace: frames}
	case strings.Contains(text, "thrown Wasm exception"):
		return &core.Trap{Code: core.TrapUncaughtException, Message: "uncaught exception", Backtrace: frames}
	case strings.Contains(text, "GC heap out of memory"): // exceptions live there
		return &core.Trap{Code: core.TrapOutOfMemory, Message: "out of memory for exceptions", Backtrace: frames}
	case frames != nil:
		return &core.Trap{Message: text, Backtrace: frames}
	}
	return errors.New("wt: " + text)
}

// splitTrace takes the library's report of an error apart: causes, outermost
// first, with a backtrace of the guest among them, up to an empty line.
func splitTrace(s string) (message string, frames []string) {
	var causes []string
	trace := false
	for line := range strings.Lines(s) {
		trimmed := strings.TrimSpace(printable(line))
		switch {
		case trimmed == "":
			trace = false
		case strings.HasPrefix(trimmed, "error while executing at"):
			trace = true
		case trimmed == "Caused by:":
		case trace:
			if len(frames) < maxFrames {
				frames = append(frames, frame(trimmed))
			}
		default:
			causes = append(causes, cause(trimmed))
		}
	}
	return strings.Join(causes, ": "), frames
}

// printable replaces control characters: names in a report come from the guest.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// frame drops the number and the address of a line "0: 0x2f - module!name"; a
// function that was about to start has no address.
func frame(line string) string {
	line = cause(line)
	if address, name, ok := strings.Cut(line, " - "); ok && strings.HasPrefix(address, "0x") {
		return name
	}
	return line
}

// cause drops the number of a line "0: what happened".
func cause(line string) string {
	if n, rest, ok := strings.Cut(line, ": "); ok && strings.Trim(n, "0123456789") == "" {
		return strings.TrimSpace(rest)
	}
	return line
}
