// Package random is the part of wasi:random that does not depend on its
// version. All its interfaces serve the system's cryptographically secure
// randomness: there is no cheaper source worth the risk of confusing them.
package random

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/wasitls/wasitls/host"
)

// MaxBytes bounds one call: the host has to hold them.
const MaxBytes = 64 << 20

// Bytes returns n random bytes.
func Bytes(n uint64) []byte {
	p := make([]byte, n)
	rand.Read(p) // never fails
	return p
}

// Number returns a random number.
func Number() uint64 {
	var p [8]byte
	rand.Read(p[:])
	return binary.LittleEndian.Uint64(p[:])
}

// Seed is the tuple that is the seed of a hash table.
type Seed struct {
	_    host.Tuple
	A, B uint64
}

// Bind adds functions that return a number and a seed to interfaces, under the
// names that they have in a version.
func Bind(secure, insecure, seed *host.Interface, seedName string) {
	u64 := host.Func(func(*host.Call, *host.None) (uint64, error) { return Number(), nil })
	secure.Func("get-random-u64", u64)
	insecure.Func("get-insecure-random-u64", u64)
	seed.Func(seedName, host.Func(func(*host.Call, *host.None) (Seed, error) {
		return Seed{A: Number(), B: Number()}, nil
	}))
}
