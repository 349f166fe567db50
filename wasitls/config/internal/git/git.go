// Package git asks git whether a file would be kept out of commits.
package git

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// The ways in which a file is not kept out.
var (
	// ErrTracked is of a file that is in the repository already.
	ErrTracked = errors.New("git tracks it")
	// ErrNotIgnored is of one that git add would take.
	ErrNotIgnored = errors.New("git does not ignore it")
)

// timeout bounds each run of git, which only reads a few files.
const timeout = 10 * time.Second

// Ignored returns nil if the file is in no git repository or if that ignores
// it; ErrTracked, ErrNotIgnored, or why git could not be asked. The name must
// be absolute and free of symbolic links.
func Ignored(ctx context.Context, file string) error {
	if !inRepository(filepath.Dir(file)) {
		return nil
	}
	tracked, err := ask(ctx, file, "--literal-pathspecs", "ls-files", "--error-unmatch")
	switch {
	case err != nil:
		return err
	case tracked:
		return ErrTracked
	}
	ignored, err := ask(ctx, file, "check-ignore", "-q")
	if err == nil && !ignored {
		return ErrNotIgnored
	}
	return err
}

// inRepository tells whether a folder or one around it has a .git: a folder, or
// a file for worktrees and submodules.
func inRepository(dir string) bool {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		up := filepath.Dir(dir)
		if up == dir {
			return false
		}
		dir = up
	}
}

// ask runs a subcommand on the file: those here say yes with status 0 and no
// with 1.
func ask(ctx context.Context, file string, subcommand ...string) (bool, error) {
	program, err := exec.LookPath("git")
	if err != nil {
		return false, errors.New("it is in a git repository, and there is no git to ask whether it is ignored")
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	// A repository's own configuration may name programs that git runs. None
	// of these two subcommands needs one.
	args := []string{
		"-C", filepath.Dir(file), "--no-pager",
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.DevNull, "-c", "core.untrackedCache=false",
	}
	args = append(append(args, subcommand...), "--", "./"+filepath.Base(file))
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = environment()
	cmd.WaitDelay = time.Second
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return true, nil
	case ctx.Err() != nil:
		return false, fmt.Errorf("git did not answer whether it is ignored: %w", ctx.Err())
	case errors.As(err, &exit) && exit.ExitCode() == 1:
		return false, nil
	}
	return false, fmt.Errorf("git could not tell whether it is ignored (%w): see what git status says in its folder", err)
}

// environment is what git gets: where its user's configuration is, and nothing
// that would move the repository or switch something on.
func environment() []string {
	env := []string{"LC_ALL=C", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0"}
	for _, name := range []string{"PATH", "HOME", "XDG_CONFIG_HOME"} {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}

// Pattern returns the line of a .gitignore that is for one file, by its name
// relative to the folder of the .gitignore.
func Pattern(name string) string {
	escaped := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(filepath.ToSlash(name))
	if rest, ok := strings.CutSuffix(escaped, " "); ok {
		escaped = rest + `\ `
	}
	return "/" + escaped
}
