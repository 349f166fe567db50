// Package random binds wasi:random 0.3.
package random

import (
	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/random"
)

// Version is the version of the WIT package that is served.
const Version = "0.3.0"

// bytes returns what was asked for, or the most that one call gives.
func bytes(_ *host.Call, a *struct{ MaxLen uint64 }) ([]byte, error) {
	return random.Bytes(min(a.MaxLen, random.MaxBytes)), nil
}

// Bind adds the interfaces of wasi:random to the linker.
func Bind(l *host.Linker) {
	secure := l.Interface("wasi:random/random@" + Version)
	insecure := l.Interface("wasi:random/insecure@" + Version)
	random.Bind(secure, insecure, l.Interface("wasi:random/insecure-seed@"+Version), "get-insecure-seed")
	secure.Func("get-random-bytes", host.Func(bytes))
	insecure.Func("get-insecure-random-bytes", host.Func(bytes))
}
