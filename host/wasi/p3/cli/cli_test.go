package cli

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host/wasi/stream"
)

func TestErrorCodes(t *testing.T) {
	for err, want := range map[error]string{
		fmt.Errorf("write: %w", unix.EPIPE): "pipe",
		stream.ErrClosed:                    "pipe",
		unix.EILSEQ:                         "illegal-byte-sequence",
		errors.New("anything"):              "io",
	} {
		if got := classify(err); got.Labels()[got] != want {
			t.Errorf("%v is %s, want %s", err, got.Labels()[got], want)
		}
	}
}
