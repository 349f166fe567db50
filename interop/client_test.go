package interop

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseReply(t *testing.T) {
	got, err := parseReply([]byte("HTTP 404\nno\nsuch page"))
	if err != nil || got.Status != 404 || string(got.Body) != "no\nsuch page" {
		t.Errorf("%v %v", got, err)
	}
	for _, out := range []string{"", "HTTP 200", "HTTP ok\nbody", "200\nbody", "hello"} {
		if _, err := parseReply([]byte(out)); !errors.Is(err, ErrBroken) {
			t.Errorf("%q: %v, want %v", out, err, ErrBroken)
		}
	}
}

// TestGuestExit checks what a program's end means, with a shell script in the
// place of the command: the real one cannot be made to end in each of these ways.
func TestGuestExit(t *testing.T) {
	for _, tt := range []struct {
		script string
		broken bool
		want   string
	}{
		{"printf 'HTTP 200\\nbody'", false, ""},
		{"echo 'x509: no' >&2; exit 1", false, "x509: no"},
		{"echo 'HTTP 200'; echo 'x509: no' >&2; exit 1", true, "bytes on stdout"},
		{"echo trap >&2; exit 134", true, "exit status 134"},
		{"echo usage >&2; exit 2", true, "usage"},
		{"sleep 20 & sleep 20", true, "no end within"},
	} {
		file := filepath.Join(t.TempDir(), "wasitls")
		if err := os.WriteFile(file, []byte("#!/bin/sh\n"+tt.script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		limit := 5 * time.Second
		if strings.HasPrefix(tt.script, "sleep") {
			limit = 100 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		start := time.Now()
		got, err := Guest{Label: "x", Command: file, Component: "c"}.Get(ctx, "https://localhost:1/", "ca")
		cancel()
		switch {
		case time.Since(start) > 5*time.Second:
			t.Errorf("%s: took %v", tt.script, time.Since(start))
		case tt.want == "" && (err != nil || string(got.Body) != "body"):
			t.Errorf("%s: %v %v", tt.script, got, err)
		case tt.want != "" && (err == nil || errors.Is(err, ErrBroken) != tt.broken || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q, broken %v", tt.script, err, tt.want, tt.broken)
		}
	}
}
