// Package random binds wasi:random 0.2.
package random

import (
	"errors"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/random"
)

// Version is the version of the WIT package that is served.
const Version = "0.2.12"

// errTooMany traps: WIT has no error for it.
var errTooMany = errors.New("random: more than 64 MiB of random bytes in one call")

func bytes(_ *host.Call, a *struct{ Len uint64 }) ([]byte, error) {
	if a.Len > random.MaxBytes {
		return nil, errTooMany
	}
	return random.Bytes(a.Len), nil
}

// Bind adds the interfaces of wasi:random to the linker.
func Bind(l *host.Linker) {
	secure := l.Interface("wasi:random/random@" + Version)
	insecure := l.Interface("wasi:random/insecure@" + Version)
	random.Bind(secure, insecure, l.Interface("wasi:random/insecure-seed@"+Version), "insecure-seed")
	secure.Func("get-random-bytes", host.Func(bytes))
	insecure.Func("get-insecure-random-bytes", host.Func(bytes))
}
