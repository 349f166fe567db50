package compare

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestStandardLibrary runs the scripts that need no packages.
func TestStandardLibrary(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds the command")
	}
	guests := filepath.Join("..", "..", "..", "testdata", "guests")
	if _, err := os.Stat(guests); err != nil {
		t.Skip("the prebuilt guests are not here: ", err)
	}
	c := Config{Command: filepath.Join(t.TempDir(), "wasitls"), Scripts: []string{"stdlib_asyncio", "stdlib_mail"}}
	if err := c.findNative(t.Context()); errors.Is(err, ErrNoPython) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", c.Command, "../../../cmd/wasitls").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := c.unpackGuest(guests, t.TempDir()); err != nil {
		t.Fatal(err)
	}
	report, err := Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Failures() {
		t.Errorf("%s: %s: %s\n%s", r.Script, r.Case, r.Failure, r.sides())
	}
	if len(report.Results) < 25 {
		t.Errorf("only %d cases", len(report.Results))
	}
}

// TestMatch: every way in which two sides can go apart is a failure.
func TestMatch(t *testing.T) {
	value := func(name, v string) *Outcome { return &Outcome{Case: name, Value: v} }
	raises := func(name, v string) *Outcome { return &Outcome{Case: name, Raised: v} }
	listed := []Difference{{Case: "a", Guest: "2", Reason: "why"}}
	for _, c := range []struct {
		name          string
		native, guest side
		expected      []Difference
		want          []string
	}{
		{"the same", side{outcomes: []*Outcome{value("a", "1")}}, side{outcomes: []*Outcome{value("a", "1")}}, nil, []string{""}},
		{"the same exception, which nobody expected", side{outcomes: []*Outcome{raises("a", "E")}}, side{outcomes: []*Outcome{raises("a", "E")}}, nil, []string{"does not hold natively"}},
		{"another value", side{outcomes: []*Outcome{value("a", "1")}}, side{outcomes: []*Outcome{value("a", "2")}}, nil, []string{"the outcomes differ"}},
		{"a value and an exception of its text", side{outcomes: []*Outcome{value("a", "E")}}, side{outcomes: []*Outcome{raises("a", "E")}}, nil, []string{"the outcomes differ"}},
		{"as listed", side{outcomes: []*Outcome{value("a", "1")}}, side{outcomes: []*Outcome{value("a", "2")}}, listed, []string{""}},
		{"not as listed", side{outcomes: []*Outcome{value("a", "1")}}, side{outcomes: []*Outcome{value("a", "3")}}, listed, []string{"the guest's outcome is not the listed one"}},
		{"listed for nothing", side{outcomes: []*Outcome{value("a", "2")}}, side{outcomes: []*Outcome{value("a", "2")}}, listed, []string{"listed as a difference, and is none"}},
		{"listed and not there", side{outcomes: []*Outcome{value("b", "2")}}, side{outcomes: []*Outcome{value("b", "2")}}, listed, []string{"", "a case that is not there"}},
		{"the guest died", side{outcomes: []*Outcome{value("a", "1")}}, side{err: errors.New("trap")}, nil, []string{"one side has no outcome", "trap"}},
		{"nothing", side{}, side{}, nil, []string{"no cases"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := match("s", c.native, c.guest, c.expected, nil)
			if len(got) != len(c.want) {
				t.Fatalf("%d results, want %d: %+v", len(got), len(c.want), got)
			}
			for i, want := range c.want {
				if !strings.Contains(got[i].Failure, want) || want == "" && got[i].Failure != "" {
					t.Errorf("failure %q, want %q", got[i].Failure, want)
				}
			}
		})
	}
}

// TestLeftOut: a test that is left out is no failure, unless it is not there.
func TestLeftOut(t *testing.T) {
	both := side{outcomes: []*Outcome{{Case: "t.py::one", LeftOut: "t.py::*"}, {Case: "t.py::two", Value: "passed"}}}
	list := []LeftOut{{"s", "t.py::*", "why"}, {"other", "u.py", "why"}}
	got := match("s", both, both, nil, list)
	if len(got) != 2 || !got[0].LeftOut || got[0].Reason != "why" || got[0].Failure+got[1].Failure != "" {
		t.Errorf("%+v", got)
	}
	got = match("s", both, both, nil, append(list, LeftOut{"s", "gone.py", "why"}))
	if len(got) != 3 || got[2].Failure == "" {
		t.Errorf("%+v", got)
	}
	failing := side{outcomes: []*Outcome{{Case: "t.py::one", Value: failed}}}
	if got = match("s", failing, failing, nil, nil); len(got) != 1 || got[0].Failure == "" {
		t.Errorf("a test that fails on both sides: %+v", got)
	}
}

func TestMatches(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"a[1]", "a[1]", true}, {"a[1]", "a[2]", false}, {"a[*", "a[1]", true}, {"a*", "ba", false}, {"a*c", "abbc", true}, {"a*c", "ab", false},
	} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.name, got)
		}
	}
}

// TestData: the lists name what there is.
func TestData(t *testing.T) {
	names, err := Scripts()
	if err != nil || len(names) < 8 {
		t.Fatalf("%v, %v", names, err)
	}
	differences, err := readDifferences()
	if err != nil {
		t.Fatal(err)
	}
	leftOut, err := readLeftOut()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range leftOut {
		if _, ok := suiteOf(l.Script); !ok {
			t.Errorf("leftout.json names a suite %s", l.Script)
		}
	}
	for script := range differences {
		if !slices.Contains(names, script) {
			t.Errorf("differences.json names a script %s", script)
		}
	}
	for _, name := range names {
		if _, ok := clientOf(Result{Script: name, Case: "any"}); !ok && name != "clients_http" && name != "stdlib_mail" && !strings.HasPrefix(name, "suite_") {
			t.Errorf("the script %s belongs to no client", name)
		}
	}
	for _, c := range clients {
		if c.version("3.13") == "" {
			t.Errorf("%s has no version: there is no %q in packages/site.txt", c.name, c.pkg)
		}
	}
}
