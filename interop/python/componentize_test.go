package python

import (
	"strings"
	"testing"
)

// TestCommand: a program ends as one of Python does.
func TestCommand(t *testing.T) {
	t.Run("componentize", func(t *testing.T) {
		for _, c := range []struct {
			code   string
			status int
			stderr string
		}{
			{"print('end')", 0, ""},
			{"import sys; sys.exit()", 0, ""},
			{"import sys; sys.exit(3)", 1, ""}, // WASI knows success and failure only
			{"import sys; sys.exit('text')", 1, "text\n"},
			{"raise ValueError('oops')", 1, "ValueError: oops\n"},
			{"import dbm", 1, "No module named 'dbm'\n"}, // not imported when it was built
		} {
			o := Run{Args: []string{"-c", c.code}, Program: Componentized(t)}.Do(t)
			if o.Err != nil || o.Status != c.status || !strings.HasSuffix(o.Stderr, c.stderr) {
				t.Errorf("%s: %+v", c.code, o)
			}
		}
	})
}
