package types

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	cbin "github.com/wasitls/wasitls/host/internal/binary"
)

// Hand-made binaries.

func uleb(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

// index is a type index where a value type is expected: a signed number.
func index(i int) []byte {
	if i < 64 {
		return []byte{byte(i)}
	}
	return []byte{byte(i) | 0x80, byte(i >> 7)}
}

func cat(parts ...any) (b []byte) {
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case string:
			b = append(append(b, uleb(len(p))...), p...)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

func section(id int, content []byte) []byte { return cat(id, uleb(len(content)), content) }

// vector is a section of n items.
func vector(id, n int, items ...any) []byte { return section(id, cat(uleb(n), cat(items...))) }

func component(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x0d\x00\x01\x00"), bytes.Join(sections, nil)...)
}

const (
	secComponent = 4
	secInstances = 5
	secAliases   = 6
	secTypes     = 7
	secCanons    = 8
	secImports   = 10
	secExports   = 11
)

// repeat makes n items of a function of their index.
func repeat(n int, item func(i int) []byte) (b []byte) {
	for i := range n {
		b = append(b, item(i)...)
	}
	return b
}

// refused checks that b is refused, soon, with one of the messages.
func refused(t *testing.T, b []byte, want ...string) {
	t.Helper()
	start := time.Now()
	_, err := decodeValidate(b)
	if err == nil || !slices.ContainsFunc(want, func(w string) bool { return strings.Contains(err.Error(), w) }) {
		t.Errorf("got %v, want an error about %q", err, want)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("refused only after %v", d)
	}
}

func TestExponentialTypes(t *testing.T) {
	// Each type is a pair of the one before.
	pairs := func(n int) []byte {
		return vector(secTypes, n+1, 0x7d, repeat(n, func(i int) []byte { return cat(0x6f, 2, index(i), index(i)) }))
	}
	refused(t, component(pairs(60)), "exceeds")
	if _, err := decodeValidate(component(pairs(10))); err != nil {
		t.Error(err)
	}
	// Pointers keep the size in memory small: only the effective size grows.
	lists := vector(secTypes, 121, 0x7d, repeat(60, func(i int) []byte {
		return cat(0x6f, 2, index(2*i), index(2*i), 0x70, index(2*i+1))
	}))
	refused(t, component(lists), "effective type size exceeds")
	// The same with instance types, and with component types.
	for _, kind := range []int{0x42, 0x41} {
		sort := map[int]int{0x42: 5, 0x41: 4}[kind]
		b := vector(secTypes, 61, kind, 0, repeat(60, func(i int) []byte {
			alias := func() []byte { return cat(2, 3, 2, 1, uleb(i)) } // the type before
			return cat(kind, 4, alias(), cat(4, 0, "a", sort, 0), alias(), cat(4, 0, "b", sort, 1))
		}))
		refused(t, component(b), "effective type size exceeds", "too complex")
	}
}

func TestDeepNesting(t *testing.T) {
	options := vector(secTypes, 201, 0x7d, repeat(200, func(i int) []byte { return cat(0x6b, index(i)) }))
	refused(t, component(options), "nesting exceeds")

	b := component()
	for range 150 {
		b = component(section(secComponent, b))
	}
	refused(t, b, "nesting exceeds")

	ty := cat(0x42, 0)
	for range 150 {
		ty = cat(0x42, 1, 1, ty)
	}
	refused(t, component(vector(secTypes, 1, ty)), "nesting exceeds")

	// An instance in an instance, many times, without nesting in the binary.
	bundle := vector(secInstances, 201, 1, 0, repeat(200, func(i int) []byte { return cat(1, 1, 0, "a", 5, uleb(i)) }))
	refused(t, component(bundle), "nesting exceeds")
}

// TestInstantiationBomb nests components that instantiate the one before twice.
func TestInstantiationBomb(t *testing.T) {
	defs := section(secComponent, component())
	for i := range 30 {
		alias := vector(secAliases, 1, 4, 2, 1, uleb(i)) // the component before
		twice := vector(secInstances, 2, 0, 0, 0, 0, 0, 0)
		defs = append(defs, section(secComponent, component(alias, twice))...)
	}
	refused(t, component(defs), "instances")
}

// TestResourceBomb instantiates again and again a component that exports many
// resources: each time all their types are made anew.
func TestResourceBomb(t *testing.T) {
	const resources, instances = 5000, 5000
	types := vector(secTypes, resources, repeat(resources, func(int) []byte { return cat(0x3f, 0x7f, 0) }))
	exports := vector(secExports, resources, repeat(resources, func(i int) []byte {
		return cat(0, "a"+strings.Repeat("b", i%50)+string(uleb10(i)), 3, uleb(i), 0)
	}))
	inner := section(secComponent, component(types, exports))
	many := vector(secInstances, instances, repeat(instances, func(int) []byte { return cat(0, 0, 0) }))
	refused(t, component(inner, many), "too complex")
}

func uleb10(i int) []byte { return []byte(strings.Repeat("c", i/50)) }

func TestCountsWithoutBytes(t *testing.T) {
	huge := []byte{0xff, 0xff, 0xff, 0xff, 0x0f}
	for id := 2; id <= 11; id++ {
		if id == 4 || id == 9 {
			continue
		}
		refused(t, component(section(id, huge)), "unexpected end-of-file")
	}
	for _, op := range []int{0x72, 0x71, 0x6f, 0x6e, 0x6d, 0x41, 0x42, 0x40} {
		refused(t, component(vector(secTypes, 1, op, huge)), "unexpected end-of-file")
	}
	refused(t, component(vector(secTypes, 1, 0x72, uleb(20000), make([]byte, 40000))), "limit")
	refused(t, component(section(0, cat(huge))), "name is longer")
	refused(t, component(cat(1, huge)), "unexpected end-of-file")
}

// seeds are valid components of a few kilobytes.
func seeds(t testing.TB) map[string][]byte {
	files, _ := filepath.Glob("testdata/*.wasm")
	if len(files) == 0 {
		t.Fatal("no seeds in testdata")
	}
	m := map[string][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		m[filepath.Base(f)] = b
	}
	return m
}

// boundaries are the lengths at which a component ends with a whole section.
func boundaries(b []byte) map[int]bool {
	m := map[int]bool{}
	for at := 8; at < len(b); {
		m[at] = true
		n, size := binary.Uvarint(b[at+1:])
		at += 1 + size + int(n)
	}
	return m
}

// TestTruncated cuts valid components at each byte.
func TestTruncated(t *testing.T) {
	for name, b := range seeds(t) {
		mustValidate(t, b)
		whole := boundaries(b)
		for n := range len(b) {
			_, err := cbin.Decode(b[:n:n])
			if (err == nil) != whole[n] {
				t.Errorf("%s cut to %d of %d bytes: %v", name, n, len(b), err)
			}
			decodeValidate(b[:n:n])
		}
	}
}

// TestBitFlips changes one bit, and a few bytes, of valid components: the
// result may be valid or not, but what is valid must have a sound plan.
func TestBitFlips(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for name, seed := range seeds(t) {
		for i := range seed {
			b := bytes.Clone(seed)
			b[i] ^= 1 << rng.IntN(8)
			tryPlan(t, name, b)
		}
		for range 200 {
			b := bytes.Clone(seed)
			for range 1 + rng.IntN(4) {
				b[rng.IntN(len(b))] = byte(rng.IntN(256))
			}
			tryPlan(t, name, b)
		}
	}
}

// tryPlan instantiates the plan with symbols if the component is valid.
func tryPlan(t *testing.T, name string, b []byte) {
	c, err := cbin.Decode(b)
	if err != nil {
		return
	}
	if v, err := Validate(c); err == nil {
		instantiateSymbols(t, name, v)
	}
}

// FuzzPlan instantiates the plans of whatever is valid.
func FuzzPlan(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Add([]byte("(component)"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) { tryPlan(t, "fuzz", b) })
}
