package spectest

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
)

// Expectations are the commands that are known not to pass, by ID or by
// chapter, each with a reason. An entry that passes, or that no command
// answers to, is stale and fails the run.
type Expectations struct {
	// Skip names chapters that are not run at all: chapter to reason.
	Skip map[string]string `json:"skip"`
	// Fail names commands that must fail: ID to reason.
	Fail map[string]string `json:"fail"`
}

// ReadExpectations reads a file of expectations; no file means none.
func ReadExpectations(file string) (Expectations, error) {
	var e Expectations
	if file == "" {
		return e, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return e, fmt.Errorf("%s: %w", file, err)
	}
	for id, reason := range e.Fail {
		if reason == "" {
			return e, fmt.Errorf("%s: %s has no reason", file, id)
		}
	}
	return e, nil
}

type tally struct{ passed, failed, skipped int }

// Report prints what did not pass, then a line for each chapter and in total.
// It returns whether all is as expected.
func Report(w io.Writer, out []Outcome, e Expectations, verbose bool) bool {
	ok := true
	var total tally
	chapters := map[string]*tally{}
	seen := map[string]bool{}
	for _, o := range out {
		t := chapters[o.Chapter]
		if t == nil {
			t = &tally{}
			chapters[o.Chapter] = t
		}
		reason, known := e.Fail[o.ID()]
		seen[o.ID()] = true
		switch {
		case o.Status == Skip:
			t.skipped++
			if verbose {
				fmt.Fprintf(w, "skip %s %s: %s\n", o.ID(), o.Type, o.Detail)
			}
		case known && o.Status == Fail:
			t.skipped++
			fmt.Fprintf(w, "skip %s %s: %s\n", o.ID(), o.Type, reason)
		case known:
			ok = false
			t.failed++
			fmt.Fprintf(w, "FAIL %s %s: passes, but the expectations say it fails: %s\n", o.ID(), o.Type, reason)
		case o.Status == Fail:
			ok = false
			t.failed++
			fmt.Fprintf(w, "FAIL %s %s: %s\n", o.ID(), o.Type, o.Detail)
		default:
			t.passed++
		}
	}
	for id := range e.Fail {
		if !seen[id] {
			ok = false
			fmt.Fprintf(w, "FAIL %s: in the expectations, but there is no such command\n", id)
		}
	}
	names := make([]string, 0, len(chapters))
	for n := range chapters {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		t := chapters[n]
		fmt.Fprintf(w, "%-12s %4d passed, %d failed, %d skipped\n", n, t.passed, t.failed, t.skipped)
		total.passed += t.passed
		total.failed += t.failed
		total.skipped += t.skipped
	}
	fmt.Fprintf(w, "%d passed, %d failed, %d skipped\n", total.passed, total.failed, total.skipped)
	return ok
}
