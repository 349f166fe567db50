package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestControl(t *testing.T) {
	md := filepath.Join(t.TempDir(), "interop.md")
	status, out, errs := command(t, "-native", "-servers", "Go", "-md", md, "-require")
	if status != 0 || !strings.Contains(out, " 0 failed ✕") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	page, err := os.ReadFile(md)
	if err != nil || !strings.Contains(string(page), "| Go | 1.") {
		t.Fatalf("%v\n%s", err, page)
	}
}

func TestMissingServerFailsOnlyWhenRequired(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, tt := range []struct {
		args   []string
		status int
	}{
		{[]string{"-native", "-servers", "socat", "-cases", "1.3-ecdsa"}, 0},
		{[]string{"-native", "-servers", "socat", "-cases", "1.3-ecdsa", "-require"}, 1},
	} {
		status, out, errs := command(t, tt.args...)
		if status != tt.status || !strings.Contains(out, "1 not installed ?") || !strings.Contains(errs, "package socat") {
			t.Errorf("%v: status %d, want %d\n%s%s", tt.args, status, tt.status, out, errs)
		}
	}
	if _, out, _ := command(t, "-packages"); !strings.Contains(out, "socat\n") {
		t.Errorf("packages: %q", out)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{"-no-such-flag"}, {"stray"}, {"-guest", "nameonly"}, {"-native", "-servers", "nobody"}, {"-native", "-cases", "none"},
		{"-servers", "Go"}, // no prebuilt guest in this folder
		{"-guest", "x=/no/such/file", "-wasitls", os.Args[0]},
		{"-guest", "native=" + os.Args[0], "-wasitls", os.Args[0]},
		{"-guest", "x=" + os.Args[0], "-wasitls", "/no/such/file"},
	} {
		if status, _, errs := command(t, args...); status != 2 || errs == "" {
			t.Errorf("%v: status %d, stderr %q", args, status, errs)
		}
	}
}
