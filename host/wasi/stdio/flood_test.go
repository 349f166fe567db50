package stdio

import (
	"errors"
	"io"
	"testing"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

// A guest that writes to ever more streams of an output that nobody reads must
// not make the host keep all of it.
func TestWritersAreBounded(t *testing.T) {
	r, w := io.Pipe()
	o := Streams{Stdout: w}.Open()
	accepted := 0
	for range 4 * MaxWriters {
		out := o.Out()
		n, err := out.Permit()
		if errors.Is(err, stream.ErrClosed) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
		accepted++
		out.Drop()
	}
	if accepted != MaxWriters {
		t.Errorf("%d streams accepted data, want %d", accepted, MaxWriters)
	}
	r.Close() // writes fail now
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := o.Out().Permit(); n == 0 || err != nil {
		t.Errorf("once they are written there is room again: %d, %v", n, err)
	}
}
