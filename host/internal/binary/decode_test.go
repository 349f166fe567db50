package binary_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host/internal/binary"
	"github.com/wasitls/wasitls/host/internal/core"
	"github.com/wasitls/wasitls/host/internal/types"
)

const preamble = "\x00asm\x0d\x00\x01\x00"

func TestNotAComponent(t *testing.T) {
	tests := []struct{ in, want string }{
		{"", "the file is empty"},
		{"\x00asm\x01\x00\x00\x00", "this is a core module, not a component"},
		{"(component)", "this is the text format"},
		{"\n ;; a comment\n(component)", "this is the text format"},
		{"\x7fELF\x02\x01\x01\x00", "this is no WebAssembly binary"},
		{"\x00asm\x0e\x00\x01\x00", "unknown binary version"},
		{"\x00as", "unexpected end-of-file"},
	}
	for _, tt := range tests {
		_, err := binary.Decode([]byte(tt.in))
		var e *binary.Error
		if !errors.As(err, &e) || !strings.Contains(e.Msg, tt.want) {
			t.Errorf("%q: got %v, want %q", tt.in, err, tt.want)
		}
	}
}

// TestOffset checks that an error says where the fault is.
func TestOffset(t *testing.T) {
	_, err := binary.Decode([]byte(preamble + "\x07\x02\x01\x62"))
	var e *binary.Error
	if !errors.As(err, &e) || e.Offset != 11 {
		t.Errorf("got %v, want an error at offset 11", err)
	}
}

func TestGated(t *testing.T) {
	tests := []struct{ section, want string }{
		{"\x09\x03\x00\x00\x00", "start functions are not supported"},
		{"\x0c\x01\x00", "value definitions are not supported"},
		{"\x0a\x06\x01\x00\x01a\x02\x01", "values are not supported"},
		{"\x08\x03\x01\x42\x00", "shared-everything threads are not supported"},
		{"\x03\x02\x01\x5f", "garbage collection proposal"},
	}
	for _, tt := range tests {
		if _, err := binary.Decode([]byte(preamble + tt.section)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.section, err, tt.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	tests := []struct{ size, want string }{
		{"\x80\x80\x80\x80\x80\x00", "too long"},
		{"\xff\xff\xff\xff\x1f", "too large"},
		{"\x80\x80\x80\x80\x00", "unexpected end-of-file"}, // 0 in five bytes: fine, but a type section has a count
	}
	for _, tt := range tests {
		if _, err := binary.Decode([]byte(preamble + "\x07" + tt.size)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", tt.size, err, tt.want)
		}
	}
}

// TestCoreModule decodes what the type of a core module depends on, past
// initial values of several forms.
func TestCoreModule(t *testing.T) {
	module := "\x00asm\x01\x00\x00\x00" +
		"\x01\x04\x01\x60\x00\x00" + // type () -> ()
		"\x02\x07\x01\x01m\x01f\x00\x00" + // import m.f: func 0
		"\x03\x02\x01\x00" + // one function
		"\x04\x04\x01\x70\x00\x01" + // table funcref 1
		"\x05\x04\x01\x01\x01\x02" + // memory 1 2
		"\x06\x12\x02" +
		"\x7f\x01\x41\x80\x80\x04\x0b" + // mut i32 = 65536
		"\x7e\x00\x23\x00\x42\x01\x7c\x42\x01\x0b" + // i64 = global.get 0 …
		"\x07\x05\x01\x01g\x03\x01" + // export g: global 1
		"\x0a\x04\x01\x02\x00\x0b"
	b := preamble + "\x01" + string(rune(len(module))) + module
	c, err := binary.Decode([]byte(b))
	if err != nil {
		t.Fatal(err)
	}
	m := c.Defs[0].Node.(*binary.CoreModule)
	if string(m.Bytes) != module {
		t.Error("the module's bytes are not those of the file")
	}
	if len(m.Imports) != 1 || len(m.Funcs) != 1 || len(m.Tables) != 1 || len(m.Memories) != 1 || len(m.Globals) != 2 {
		t.Errorf("got %+v", m)
	}
	if g := m.Globals[1]; g.Val != core.I64 || g.Mutable {
		t.Errorf("global 1 is %+v", g)
	}
	if e := m.Exports[0]; e.Name != "g" || e.Kind != core.Global || e.Index != 1 {
		t.Errorf("export is %+v", e)
	}
}

// FuzzDecode decodes and validates anything.
func FuzzDecode(f *testing.F) {
	seeds, _ := filepath.Glob("../types/testdata/*.wasm")
	if len(seeds) == 0 {
		f.Fatal("no seeds")
	}
	for _, s := range seeds {
		b, err := os.ReadFile(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte("(component)"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := binary.Decode(b)
		if err != nil {
			return
		}
		if v, err := types.Validate(c); (v == nil) == (err == nil) {
			t.Error("neither a plan nor an error, or both")
		}
	})
}
