package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain makes this program the server, as the command is one.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == serveFlag {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

func command(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	status = run(t.Context(), args, strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

func TestQuickIntoPage(t *testing.T) {
	t.Chdir("../../..")
	if _, err := os.Stat(guests); err != nil {
		t.Skip("the prebuilt guests are not here: ", err)
	}
	dir := t.TempDir()
	page, profile := filepath.Join(dir, "page.md"), filepath.Join(dir, "cpu.prof")
	if err := os.WriteFile(page, []byte("# Page\n<!-- make bench: begin -->\n<!-- make bench: end -->\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, out, errs := command(t, "-quick", "-only", "hostcall|receive", "-md", page, "-cpuprofile", profile)
	if status != 0 || !strings.Contains(out, "one host call") || !strings.Contains(out, "receive, 64 KiB") || strings.Contains(out, "handshake") {
		t.Fatalf("status %d\n%s%s", status, out, errs)
	}
	if text, err := os.ReadFile(page); err != nil || !strings.Contains(string(text), "| one host call |") {
		t.Errorf("%v\n%s", err, text)
	}
	if info, err := os.Stat(profile); err != nil || info.Size() == 0 {
		t.Errorf("no profile: %v", err)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{{"-no-such-flag"}, {"stray"}, {"-only", "("}} {
		if status, _, errs := command(t, args...); status != 2 || errs == "" {
			t.Errorf("%v: status %d, stderr %q", args, status, errs)
		}
	}
	t.Chdir(t.TempDir()) // where no guests are
	if status, _, errs := command(t, "-quick", "-only", "receive"); status != 1 || !strings.Contains(errs, "repository's root") {
		t.Errorf("without guests: status %d, stderr %q", status, errs)
	}
}
