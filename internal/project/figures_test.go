package project

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/wasitls"
)

// Figures in documents are those of the code.
func TestFiguresInDocuments(t *testing.T) {
	seconds := func(d time.Duration) int { return int(d / time.Second) }
	for _, c := range []struct {
		document, format string
		value            int
	}{
		{"docs/spec-feedback.md", "buffer of %d KiB", wasitls.DefaultWriteBuffer >> 10},
		{"docs/spec-feedback.md", "reads ahead up to %d KiB", wasitls.DefaultReadBuffer >> 10},
		{"docs/spec-feedback.md", "%d seconds from `finish`", seconds(wasitls.DefaultHandshakeTimeout)},
		{"docs/spec-feedback.md", "within %d seconds", seconds(wasitls.DefaultCloseTimeout)},
		{"docs/embedding.md", "a handshake %d and", seconds(wasitls.DefaultHandshakeTimeout)},
		{"docs/embedding.md", "closing %d seconds", seconds(wasitls.DefaultCloseTimeout)},
		{"docs/security.md", "the whole handshake has %d seconds", seconds(wasitls.DefaultHandshakeTimeout)},
		{"docs/security.md", "after a drop, %d seconds", seconds(wasitls.DefaultCloseTimeout)},
		{"docs/status.md", "%d s by default", seconds(wasitls.DefaultHandshakeTimeout)},
		{"README.md", "%d GiB unless told otherwise", host.DefaultMemoryBytes >> 30},
		{"cmd/wasitls/help.go", "(default %dGiB)", host.DefaultMemoryBytes >> 30},
	} {
		if want := fmt.Sprintf(c.format, c.value); !strings.Contains(read(t, c.document), want) {
			t.Errorf("%s does not say %q", c.document, want)
		}
	}
}
