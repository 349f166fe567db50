package main

import (
	"strings"
	"testing"
)

func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	status = run(t.Context(), args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-no-such-flag"}, {"stray"}} {
		if status, _, errs := command(t, args...); status != 2 || errs == "" {
			t.Errorf("%v: status %d, stderr %q", args, status, errs)
		}
	}
}

func TestWithoutNativePython(t *testing.T) {
	status, _, errs := command(t, "-native", "/no/such/python")
	if status != 3 || !strings.Contains(errs, "/no/such/python") {
		t.Errorf("status %d, stderr %q", status, errs)
	}
}

func TestPackages(t *testing.T) {
	t.Setenv("PATH", t.TempDir()) // where no server is
	status, out, errs := command(t, "-packages")
	if status != 0 || !strings.Contains(out, "redis-server\n") || errs != "" {
		t.Errorf("status %d, stdout %q, stderr %q", status, out, errs)
	}
}
