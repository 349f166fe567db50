package types

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host/internal/binary"
)

// guests reads the prebuilt guests of this repository.
func guests(t testing.TB) map[string][]byte {
	files, _ := filepath.Glob("../../../testdata/guests/*.wasm.gz")
	if len(files) == 0 {
		t.Skip("no prebuilt guests in testdata/guests")
	}
	m := map[string][]byte{}
	for _, f := range files {
		z, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		r, err := gzip.NewReader(bytes.NewReader(z))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		m[strings.TrimSuffix(filepath.Base(f), ".wasm.gz")] = b
	}
	return m
}

func mustValidate(t testing.TB, b []byte) *Component {
	t.Helper()
	c, err := binary.Decode(b)
	if err != nil {
		t.Fatal(err)
	}
	v, err := Validate(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestGuests validates components that real toolchains built.
func TestGuests(t *testing.T) {
	for name, b := range guests(t) {
		c := mustValidate(t, b)
		run := false
		for _, e := range c.Exports {
			run = run || strings.HasPrefix(e.Name, "wasi:cli/run@0.")
		}
		switch name {
		case "probes-p3": // a library of async functions
			run = len(c.Exports) > 0 && len(c.Resources) == 0
		case "configured-p3": // prints what it is given: streams, and no resources
			run = run && len(c.Resources) == 0
		default:
			run = run && len(c.Resources) > 0
		}
		if !run || len(c.Imports) == 0 {
			t.Errorf("%s: %d imports, %d resources, exports %v", name, len(c.Imports), len(c.Resources), c.Exports)
		}
		t.Logf("%s: %d bytes, %d imports, %d steps, %d resources, %d instances",
			name, len(b), len(c.Imports), len(c.Steps), len(c.Resources), c.Instances)
	}
}

func BenchmarkDecodeValidate(b *testing.B) {
	for name, wasm := range guests(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c, err := binary.Decode(wasm)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := Validate(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
