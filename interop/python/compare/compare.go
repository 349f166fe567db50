// Package compare compares Python programs in the guest with the same programs on
// native Python.
//
// A case is a function of a script in cases. A run starts servers for it, some of
// them in this process and some real ones, then runs each script twice: with a
// native Python, on OpenSSL, and with the guest python.wasm under the command
// wasitls, on wasi:tls. The two see the same packages, the same servers and the
// same trust. Every case comes to a value or to an exception, which is told with
// the exceptions it was made from; the two outcomes must be the same text.
//
// Where they cannot be, differences.json says which outcome the guest has
// instead, and why. A difference that is not listed fails the run, and so does a
// listed one that does not occur.
package compare

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed cases lib packages differences.json leftout.json
var files embed.FS

// Config is what a run needs.
type Config struct {
	Native  string   // the native Python
	Command string   // the built command wasitls
	Guest   string   // the component python.wasm
	Library string   // the archive python313.zip
	Scripts []string // names of scripts; nil means all

	// Folders of packages, empty for none.
	site, httpbin, suites string
}

// Outcome is what a case came to on one side: either a value or an exception.
type Outcome struct {
	Case    string
	About   string
	Value   string
	Raised  string
	Words   string // of the exception; not compared
	Seconds float64
	LeftOut string // a pattern of leftout.json by which the case was not run
}

// String returns what is compared.
func (o *Outcome) String() string {
	switch {
	case o == nil:
		return "no outcome"
	case o.Raised != "":
		return "raises " + o.Raised
	}
	return o.Value
}

// Result is a case with both outcomes; one is nil where the case did not end.
type Result struct {
	Script, Case  string
	Native, Guest *Outcome
	Reason        string // why they differ, from differences.json
	Failure       string // what is wrong, empty for nothing
	LeftOut       bool   // not run on either side, for that reason
}

// Report is what a run came to.
type Report struct {
	Results  []Result
	Skipped  map[string]string // scripts that were not run, with the reason
	Versions Versions
}

// Failures are the results that are not as they must be.
func (r *Report) Failures() []Result {
	var all []Result
	for _, result := range r.Results {
		if result.Failure != "" {
			all = append(all, result)
		}
	}
	return all
}

// Difference is an entry of differences.json.
type Difference struct {
	Script string `json:"script"`
	Case   string `json:"case"`  // a case's name, or a pattern with *
	Guest  string `json:"guest"` // the guest's outcome
	Reason string `json:"reason"`
}

// Run compares what c names.
func Run(ctx context.Context, c Config) (*Report, error) {
	differences, err := readDifferences()
	if err != nil {
		return nil, err
	}
	leftOut, err := readLeftOut()
	if err != nil {
		return nil, err
	}
	names, err := Scripts()
	if err != nil {
		return nil, err
	}
	for _, script := range c.Scripts {
		if !slices.Contains(names, script) {
			return nil, fmt.Errorf("no script %q; there are %s", script, strings.Join(names, ", "))
		}
	}
	if c.Scripts == nil {
		c.Scripts = names
	}
	dir, err := os.MkdirTemp("", "wasitls-python-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	// A server that gives up root must still reach its files.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, err
	}
	b, err := newBench(ctx, c, dir)
	if err != nil {
		return nil, err
	}
	defer b.close()
	report := &Report{Skipped: map[string]string{}}
	if report.Versions, err = b.versions(ctx); err != nil {
		return nil, err
	}
	for _, script := range c.Scripts {
		if reason := b.cannot(script); reason != "" {
			report.Skipped[script] = reason
			continue
		}
		native, guest := b.both(ctx, script)
		report.Results = append(report.Results, match(script, native, guest, differences[script], leftOut)...)
	}
	return report, ctx.Err()
}

// Scripts returns the names of all scripts, stock suites among them.
func Scripts() ([]string, error) {
	entries, err := fs.ReadDir(files, "cases")
	var names []string
	for _, s := range suites {
		names = append(names, s.script)
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".py"))
	}
	return names, err
}

// readDifferences returns differences.json, by script.
func readDifferences() (map[string][]Difference, error) {
	text, err := files.ReadFile("differences.json")
	if err != nil {
		return nil, err
	}
	var list []Difference
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("differences.json: %w", err)
	}
	all := map[string][]Difference{}
	for _, d := range list {
		if d.Script == "" || d.Case == "" || d.Guest == "" || d.Reason == "" {
			return nil, fmt.Errorf("differences.json: %q of %q is not complete", d.Case, d.Script)
		}
		all[d.Script] = append(all[d.Script], d)
	}
	return all, nil
}

// writeFiles unpacks the embedded scripts into dir.
func writeFiles(dir string) error {
	return fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o644)
	})
}
