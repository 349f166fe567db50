package python

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestLayout: the guest relies on what wasi-libc keeps private. It looks first, and says what is
// not as it was.
func TestLayout(t *testing.T) {
	source := filepath.Join(Source(), "static", "src")
	program := filepath.Join(t.TempDir(), "layout")
	cc := exec.Command("cc", "-std=gnu17", "-Wall", "-Wextra", "-Werror", "-I", source, "-o", program,
		"testdata/layout.c", filepath.Join(source, "layout.c"))
	if out, err := cc.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(program).CombinedOutput()
	want := `right: as declared
no data: a descriptor is not data and functions
a function more: the functions of a descriptor are others
streams elsewhere: a connected TCP socket has its streams elsewhere
other states: a TCP socket has other states
handle elsewhere: a TCP socket does not begin with its handle and its state
`
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s\nand not\n%s", err, out, want)
	}
}
