package compare

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// suiteLimit bounds a stock test suite in one Python.
const suiteLimit = 4 * time.Minute

// suite is the stock test suite of a package, run by pytest. Each of its tests is
// a case, whose outcome is that of the test.
type suite struct {
	script string // its name among the scripts
	source string // the package in packages/suites.txt
	args   []string
	tests  []string // below the source
}

var suites = []suite{
	{script: "suite_requests", source: "requests", tests: []string{"tests"}},
	// The suite's configuration imports servers with extension modules.
	{script: "suite_urllib3", source: "urllib3", args: []string{"--noconftest"}, tests: []string{"test"}},
}

func suiteOf(script string) (suite, bool) {
	i := slices.IndexFunc(suites, func(s suite) bool { return s.script == script })
	if i < 0 {
		return suite{}, false
	}
	return suites[i], true
}

// LeftOut is an entry of leftout.json: tests that are not run on either side.
type LeftOut struct {
	Script string `json:"script"`
	Tests  string `json:"tests"` // a test's name, or a pattern with *
	Reason string `json:"reason"`
}

func readLeftOut() ([]LeftOut, error) {
	text, err := files.ReadFile("leftout.json")
	if err != nil {
		return nil, err
	}
	var list []LeftOut
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("leftout.json: %w", err)
	}
	for _, l := range list {
		if l.Script == "" || l.Tests == "" || l.Reason == "" {
			return nil, fmt.Errorf("leftout.json: %q of %q is not complete", l.Tests, l.Script)
		}
	}
	return list, nil
}

// matches says whether a name is one that pattern means; * stands for any text.
func matches(pattern, name string) bool {
	if !strings.Contains(pattern, "*") {
		return pattern == name
	}
	return regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `$`).MatchString(name)
}

// folder returns the suite's source below the folder of all.
func (s suite) folder(all string) (string, error) {
	found, err := filepath.Glob(filepath.Join(all, s.source+"-*"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("%d folders of %s in %s: %v", len(found), s.source, all, err)
	}
	return found[0], nil
}

// arguments are Python's, with the source at root, and scratch for what the tests
// write.
func (s suite) arguments(root, scratch string) []string {
	args := []string{"-m", "pytest", "-q", "-p", "outcomes", "-p", "no:cacheprovider", "-p", "no:faulthandler",
		"--capture=no", "--tb=no", "--basetemp=" + scratch, "--rootdir=" + root, "-c", root + "/pyproject.toml"}
	args = append(args, s.args...)
	for _, t := range s.tests {
		args = append(args, root+"/"+t)
	}
	return args
}

// environment has what the plugin outcomes needs.
func (s suite) environment(list []LeftOut) []string {
	patterns := []string{}
	for _, l := range list {
		if l.Script == s.script {
			patterns = append(patterns, l.Tests)
		}
	}
	text, err := json.Marshal(patterns)
	if err != nil {
		panic(err) // strings
	}
	// The roots that the tests name are those that the host has.
	return []string{"LEFT_OUT=" + string(text), "WASI_TLS_TRUST=host"}
}

// makeRoot makes what a test expects to find in any file system.
func makeRoot(dir string) error {
	for _, name := range []string{"dev", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "dev", "null"), nil, 0o644)
}
