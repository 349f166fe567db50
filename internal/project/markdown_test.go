package project

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// block is a fenced block of a document.
type block struct {
	file   string
	line   int    // of the fence
	lang   string // "console", "sh", "go", …
	lines  []string
	notRun string // the reason in a comment above: <!-- not run: REASON -->
}

const (
	fence        = "```"
	notRunPrefix = "<!-- not run: "
)

// documents returns the names of all documents, as seen from the root.
func documents(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			name, err := filepath.Rel(root, f)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
	}
	if len(names) < 5 {
		t.Fatalf("found only %v", names)
	}
	return names
}

// blocks returns the fenced blocks of every document.
func blocks(t *testing.T) []block {
	t.Helper()
	var all []block
	for _, name := range documents(t) {
		found, open := parseBlocks(name, read(t, name))
		if open {
			t.Errorf("%s: a fence is not closed", name)
		}
		all = append(all, found...)
	}
	return all
}

func parseBlocks(name, text string) (all []block, open bool) {
	var b block
	reason := ""
	for i, line := range strings.Split(text, "\n") {
		switch {
		case !open && strings.HasPrefix(line, fence):
			b = block{file: name, line: i + 1, lang: strings.TrimPrefix(line, fence), notRun: reason}
			open = true
		case open && line == fence:
			all, open, reason = append(all, b), false, ""
		case open:
			b.lines = append(b.lines, line)
		case strings.HasPrefix(line, notRunPrefix):
			reason = strings.TrimSuffix(strings.TrimPrefix(line, notRunPrefix), " -->")
		case strings.TrimSpace(line) != "":
			reason = ""
		}
	}
	return all, open
}

// exchange is a command in a console block and what it prints.
type exchange struct {
	command string
	output  []string
}

// exchanges splits a block into commands and their output. In a console block
// commands begin with "$ "; in an sh block every line is a command. A line
// that ends in a backslash goes on in the next one.
func (b block) exchanges() []exchange {
	var all []exchange
	more := false
	for _, line := range b.lines {
		command := b.lang == "sh"
		if rest, ok := strings.CutPrefix(line, "$ "); ok && b.lang == "console" {
			command, line = true, rest
		}
		switch {
		case more:
			all[len(all)-1].command += "\n" + line
		case command && strings.TrimSpace(line) != "":
			all = append(all, exchange{command: line})
		case !command && len(all) > 0:
			last := &all[len(all)-1]
			last.output = append(last.output, line)
			continue
		}
		more = strings.HasSuffix(line, "\\") && (more || command)
	}
	return all
}

func TestParseBlocks(t *testing.T) {
	text := "a\n<!-- not run: why -->\n```sh\none \\\n  two\nthree\n```\nb\n```console\n$ x\nout\n$ y\n```\n"
	all, open := parseBlocks("f", text)
	if open || len(all) != 2 {
		t.Fatalf("%d blocks, open %v", len(all), open)
	}
	if all[0].notRun != "why" || all[1].notRun != "" {
		t.Errorf("reasons %q and %q", all[0].notRun, all[1].notRun)
	}
	sh, console := all[0].exchanges(), all[1].exchanges()
	if len(sh) != 2 || sh[0].command != "one \\\n  two" || sh[1].command != "three" {
		t.Errorf("sh: %q", sh)
	}
	if len(console) != 2 || console[0].command != "x" || len(console[0].output) != 1 || console[1].command != "y" {
		t.Errorf("console: %q", console)
	}
}

// Links to files of the repository lead somewhere. The prebuilt guests are a
// module of their own, which is not there when this one was downloaded.
func TestLinks(t *testing.T) {
	const guests = "testdata/guests"
	_, err := os.Stat(filepath.Join(root, guests))
	alone := err != nil
	checked := 0
	for _, name := range documents(t) {
		for _, part := range strings.Split(read(t, name), "](")[1:] {
			target, _, _ := strings.Cut(part, ")")
			target, _, _ = strings.Cut(target, "#")
			if target == "" || strings.Contains(target, "://") {
				continue
			}
			target = filepath.Join(filepath.Dir(name), target)
			if alone && below(filepath.ToSlash(target), guests) {
				continue
			}
			checked++
			if _, err := os.Stat(filepath.Join(root, target)); err != nil {
				t.Errorf("%s links to %s, which is not there", name, target)
			}
		}
	}
	if checked == 0 {
		t.Error("found no links")
	}
}

// What the text tells to make can be made.
func TestMakeTargets(t *testing.T) {
	makefile := "\n" + read(t, "Makefile")
	checked := 0
	for _, name := range documents(t) {
		for _, m := range regexp.MustCompile("`make ([a-z-]+)").FindAllStringSubmatch(read(t, name), -1) {
			checked++
			if !strings.Contains(makefile, "\n"+m[1]+":") {
				t.Errorf("%s tells to make %s, which the Makefile does not have", name, m[1])
			}
		}
	}
	if checked == 0 {
		t.Error("found no targets")
	}
}
