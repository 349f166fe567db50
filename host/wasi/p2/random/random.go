// Package random binds wasi:random 0.2. All three interfaces serve the
// system's cryptographically secure randomness: there is no cheaper source
// worth the risk of confusing them.
package random

import (
	"crypto/rand"
	"encoding/binary"
	"errors"

	"github.com/wasitls/wasitls/host"
)

// Version is the version of the WIT package that is served.
const Version = "0.2.12"

// maxBytes bounds one call: the host has to hold them.
const maxBytes = 64 << 20

// errTooMany traps: WIT has no error for it.
var errTooMany = errors.New("random: more than 64 MiB of random bytes in one call")

func bytes(_ *host.Call, a *struct{ Len uint64 }) ([]byte, error) {
	if a.Len > maxBytes {
		return nil, errTooMany
	}
	p := make([]byte, a.Len)
	rand.Read(p) // never fails
	return p, nil
}

func number() uint64 {
	var p [8]byte
	rand.Read(p[:])
	return binary.LittleEndian.Uint64(p[:])
}

func u64(*host.Call, *host.None) (uint64, error) { return number(), nil }

type seed struct {
	_    host.Tuple
	A, B uint64
}

// Bind adds the interfaces of wasi:random to the linker.
func Bind(l *host.Linker) {
	r := l.Interface("wasi:random/random@" + Version)
	r.Func("get-random-bytes", host.Func(bytes))
	r.Func("get-random-u64", host.Func(u64))
	i := l.Interface("wasi:random/insecure@" + Version)
	i.Func("get-insecure-random-bytes", host.Func(bytes))
	i.Func("get-insecure-random-u64", host.Func(u64))
	s := l.Interface("wasi:random/insecure-seed@" + Version)
	s.Func("insecure-seed", host.Func(func(*host.Call, *host.None) (seed, error) {
		return seed{A: number(), B: number()}, nil
	}))
}
