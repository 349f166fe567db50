package compare

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// side is what a script did in one Python.
type side struct {
	outcomes []*Outcome
	err      error // the script did not end as scripts do
}

// match puts the two sides of a script together.
func match(script string, native, guest side, expected []Difference, leftOut []LeftOut) []Result {
	var results []Result
	onGuest := map[string]*Outcome{}
	for _, o := range guest.outcomes {
		onGuest[o.Case] = o
	}
	used := map[string]bool{} // patterns
	seen := map[string]bool{}
	for i, o := range slices.Concat(native.outcomes, guest.outcomes) {
		if seen[o.Case] {
			continue
		}
		seen[o.Case] = true
		r := Result{Script: script, Case: o.Case, Guest: onGuest[o.Case]}
		if i < len(native.outcomes) {
			r.Native = o
		}
		if d := slices.IndexFunc(leftOut, func(l LeftOut) bool { return l.Script == script && l.Tests == o.LeftOut }); d >= 0 {
			r.LeftOut, r.Reason = true, leftOut[d].Reason
			used[o.LeftOut] = true
			results = append(results, r)
			continue
		}
		var d Difference
		if i := slices.IndexFunc(expected, func(d Difference) bool { return matches(d.Case, o.Case) }); i >= 0 {
			d = expected[i]
			used[d.Case] = true
		}
		r.Failure, r.Reason = judge(r, d), d.Reason
		results = append(results, r)
	}
	for _, d := range expected {
		if !used[d.Case] {
			results = append(results, Result{Script: script, Case: d.Case, Failure: "differences.json lists a case that is not there"})
		}
	}
	for _, l := range leftOut {
		if l.Script == script && !used[l.Tests] {
			results = append(results, Result{Script: script, Case: l.Tests, Failure: "leftout.json lists a test that is not there"})
		}
	}
	if err := errors.Join(native.err, guest.err); err != nil || len(results) == 0 {
		results = append(results, Result{Script: script, Failure: fmt.Sprint("the script did not end well: ", cmp.Or(err, errNoCases))})
	}
	return results
}

var errNoCases = errors.New("no cases")

// judge says what is wrong with a result; d is the difference that is listed for
// it, empty if there is none.
func judge(r Result, d Difference) string {
	native, guest := r.Native.String(), r.Guest.String()
	listed := d.Case != ""
	switch {
	case r.Native == nil || r.Guest == nil:
		return "one side has no outcome"
	case r.Native.Raised != "", native == failed: // a case catches what it expects
		return "the case does not hold natively"
	case native == guest && listed:
		return "listed as a difference, and is none"
	case native != guest && !listed:
		return "the outcomes differ"
	case listed && guest != d.Guest:
		return "the guest's outcome is not the listed one, " + d.Guest
	}
	return ""
}

// failed is the outcome of a test of a suite that failed.
const failed = "failed"
