package git

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository makes one with files, and returns its folder.
func repository(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	git(t, dir, "init", "-q")
	for name, text := range files {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Env = environment()
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func TestIgnored(t *testing.T) {
	dir := repository(t, map[string]string{
		".env": "A=1", "sub/.env": "A=1", "open": "x", "added": "x",
		".gitignore": ".env\n", "sub/own/.gitignore": "key\n", "sub/own/key": "x",
	})
	git(t, dir, "add", "-f", "added", "sub/.env")
	for name, want := range map[string]error{
		".env": nil, "sub/own/key": nil, "open": ErrNotIgnored, "added": ErrTracked,
		"sub/.env": ErrTracked, // ignored by name, but in the index
	} {
		if err := Ignored(context.Background(), filepath.Join(dir, name)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func TestNoRepositoryNeedsNoGit(t *testing.T) {
	dir := t.TempDir()
	if inRepository(dir) {
		t.Skip("the folder for temporary files is in a repository")
	}
	t.Setenv("PATH", "")
	if err := Ignored(context.Background(), filepath.Join(dir, "f")); err != nil {
		t.Error(err)
	}
}

func TestCannotTell(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, ".git"), "nothing")
	file := filepath.Join(dir, "f")
	write(t, file, "")
	err := Ignored(context.Background(), file)
	if err == nil || !strings.Contains(err.Error(), "could not tell") {
		t.Errorf("a broken repository: %v", err)
	}
	t.Setenv("PATH", "")
	err = Ignored(context.Background(), file)
	if err == nil || !strings.Contains(err.Error(), "no git to ask") {
		t.Errorf("without git: %v", err)
	}
}

// What a repository's configuration or this process's environment says must
// neither run a program nor change the answer.
func TestNothingOfTheRepositoryRuns(t *testing.T) {
	dir := repository(t, map[string]string{"open": "x"})
	ran := filepath.Join(t.TempDir(), "ran")
	script := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(script, []byte("#!/bin/sh\ntouch "+ran+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	git(t, dir, "config", "core.fsmonitor", script)
	git(t, dir, "config", "core.pager", script)
	git(t, dir, "config", "core.hooksPath", filepath.Dir(script))
	git(t, dir, "config", "alias.check-ignore", "!"+script)
	t.Setenv("GIT_DIR", repository(t, nil))
	t.Setenv("GIT_TRACE", ran)
	if err := Ignored(context.Background(), filepath.Join(dir, "open")); !errors.Is(err, ErrNotIgnored) {
		t.Error(err)
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("a program of the repository ran")
	}
}

// The line that is told makes git ignore the file.
func TestPattern(t *testing.T) {
	for _, name := range []string{".env", "sub/.env", "a*b", "[x]", "what?", `back\slash`, "#comment", "!not", "end "} {
		dir := repository(t, map[string]string{name: "x", ".gitignore": Pattern(name) + "\n"})
		if err := Ignored(context.Background(), filepath.Join(dir, name)); err != nil {
			t.Errorf("%q with %q: %v", name, Pattern(name), err)
		}
	}
}
