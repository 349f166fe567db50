package project

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// blockTime bounds the commands of one block. The first may have to build.
const blockTime = 5 * time.Minute

// Every command in a document does what the document says. Commands run in
// the root of the repository, with `wasitls` in the path. In the output shown,
// "..." stands for any text, on a line of its own for any lines. A command
// fails only if the next one is `echo $?`.
func TestCommandsInDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds the command")
	}
	if _, err := os.Stat(filepath.Join(root, ".git")); err != nil {
		t.Skip("not a checkout: the guests that the documents run are not here")
	}
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", bin, "./cmd/wasitls")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	guests, err := filepath.Abs(filepath.Join(root, "testdata", "guests"))
	if err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(),
		"WASITLS_PYTHON="+guests, // which a command built in the checkout finds by itself
		"GOCACHE="+strings.TrimSpace(string(goCache)),
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"XDG_CACHE_HOME="+filepath.Join(bin, "cache"),
		"LC_ALL=C.UTF-8", "MAKEFLAGS=", "MAKELEVEL=")
	ran := 0
	for _, b := range blocks(t) {
		if b.lang != "console" && b.lang != "sh" {
			continue
		}
		t.Run(fmt.Sprintf("%s:%d", b.file, b.line), func(t *testing.T) {
			if b.notRun != "" && !(b.notRun == needsPyPI && os.Getenv("WASITLS_PYPI") != "") {
				checkTargets(t, b)
				t.Skip(b.notRun)
			}
			ran++
			runBlock(t, b, env)
		})
	}
	if ran == 0 {
		t.Error("no block was run")
	}
}

// needsPyPI marks blocks that are run where the variable WASITLS_PYPI says that
// packages can be had.
const needsPyPI = "needs PyPI"

// checkTargets looks whether the make targets of a block that is not run exist.
func checkTargets(t *testing.T, b block) {
	for _, x := range b.exchanges() {
		command, _, _ := strings.Cut(x.command, "#")
		if args := strings.Fields(command); args[0] == "make" {
			cmd := exec.Command("make", append([]string{"--dry-run"}, args[1:]...)...)
			cmd.Dir = root
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s", x.command, err, out)
			}
		}
	}
}

// mark ends the output of a command; after it comes the exit status.
const mark = "=== the end of a command ==="

func runBlock(t *testing.T, b block, env []string) {
	xs := b.exchanges()
	var script strings.Builder
	for _, x := range xs {
		fmt.Fprintf(&script, "%s\n{ s=$?; echo; echo '%s' $s; (exit $s); } 2>&1\n", x.command, mark)
	}
	ctx, cancel := context.WithTimeout(t.Context(), blockTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script.String())
	cmd.Dir, cmd.Env, cmd.WaitDelay = root, env, time.Second
	out, err := cmd.CombinedOutput()
	parts := strings.Split(string(out), "\n"+mark+" ")
	if len(parts) != len(xs)+1 {
		t.Fatalf("ended early: %v\n%s", err, out)
	}
	for i, x := range xs {
		got := parts[i]
		if i > 0 { // the status of the command before
			_, got, _ = strings.Cut(got, "\n")
		}
		status, _, _ := strings.Cut(parts[i+1], "\n")
		mayFail := i+1 < len(xs) && strings.Contains(xs[i+1].command, "$?")
		if status != "0" && !mayFail {
			t.Errorf("$ %s\nexit status %s\n%s", x.command, status, got)
		}
		if want := strings.Join(x.output, "\n"); b.lang == "console" && !pattern(want).MatchString(strings.TrimSpace(got)) {
			t.Errorf("$ %s\nprints\n%s\nand not, as the document says,\n%s", x.command, got, want)
		}
	}
}

// pattern makes a regular expression of an output with its dots.
func pattern(want string) *regexp.Regexp {
	var b strings.Builder
	b.WriteString(`^`)
	for i, line := range strings.Split(strings.TrimSpace(want), "\n") {
		if i > 0 {
			b.WriteString(`\n`)
		}
		if line == "..." {
			b.WriteString(`(?s:.*?)`)
			continue
		}
		b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimRight(line, " ")), `\.\.\.`, `.*`))
		b.WriteString(`[ ]*`)
	}
	b.WriteString(`$`)
	return regexp.MustCompile(b.String())
}

func TestPattern(t *testing.T) {
	for _, c := range []struct {
		want, got string
		match     bool
	}{
		{"a\nb", "a\nb", true},
		{"a\nb", "a\nc", false},
		{"a ... c", "a bb c", true},
		{"a ... c", "a b\nb c", false},
		{"a\n...\nd", "a\nb\nc\nd", true},
		{"a", "a\nb", false},
		{"", "", true},
		{"", "a", false},
	} {
		if got := pattern(c.want).MatchString(c.got); got != c.match {
			t.Errorf("%q matches %q: %v", c.want, c.got, got)
		}
	}
}

// Blocks are of a kind that a test looks at, or hold no commands.
func TestBlocksAreOfAKnownKind(t *testing.T) {
	for _, b := range blocks(t) {
		switch b.lang {
		case "console", "sh", "go":
		case "text", "wit", "rust", "c", "json", "toml", "yaml":
			for _, line := range b.lines {
				if strings.HasPrefix(line, "$ ") {
					t.Errorf("%s:%d: a command in a block of %s: nobody runs it", b.file, b.line, b.lang)
				}
			}
		default:
			t.Errorf("%s:%d: a block of %q", b.file, b.line, b.lang)
		}
	}
}

// Go in a document is part of an example that compiles and runs as a test.
func TestGoInDocuments(t *testing.T) {
	examples := ""
	for _, p := range listed(t) {
		for _, name := range append(p.TestGoFiles, p.XTestGoFiles...) {
			if strings.HasPrefix(name, "example") {
				b, err := os.ReadFile(filepath.Join(p.Dir, name))
				if err != nil {
					t.Fatal(err)
				}
				examples += "\n" + unindented(strings.Split(string(b), "\n"))
			}
		}
	}
	for _, b := range blocks(t) {
		if b.lang == "go" && !strings.Contains(examples, "\n"+unindented(b.lines)) {
			t.Errorf("%s:%d is in no example of the packages", b.file, b.line)
		}
	}
}

func unindented(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

// The README is short, and tells how to begin before anything else.
func TestREADME(t *testing.T) {
	lines := strings.Split(strings.TrimSuffix(read(t, "README.md"), "\n"), "\n")
	if len(lines) > 140 {
		t.Errorf("%d lines, at most 140", len(lines))
	}
	top := "\n" + strings.Join(lines[:20], "\n")
	for _, command := range []string{"make demo", "make test"} {
		if !strings.Contains(top, "\n"+command) {
			t.Errorf("%s is not among the first 20 lines", command)
		}
	}
}
