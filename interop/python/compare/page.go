package compare

import (
	"fmt"
	"io"
	"strings"
)

const intro = `Each case is a function of a [script](../interop/python/compare/cases). It runs twice: in Python with OpenSSL, and in
[the guest](../guests/python/README.md) under ` + "`wasitls run`" + `, with the same packages, the same servers on loopback and the same trust. It comes to a
value or to an exception, which is told with every exception it was made from, the reasons of ` + "`ssl`" + ` and the numbers of errors. "The same" means
the same text. Whatever else differs fails the run, and so does a difference below that no longer occurs.

Native: Python %s with %s. Guest: Python %s.

[differences.json](../interop/python/compare/differences.json) and [leftout.json](../interop/python/compare/leftout.json) say what may differ or stay out, and why.

## Clients

| client | version | against | cases | the same | different, each below |
|---|---|---|--:|--:|---|
`

// WriteMarkdown writes the part of a page that tells of the comparison. It needs a report of everything, without failures.
func (r *Report) WriteMarkdown(w io.Writer) error {
	if len(r.Skipped) > 0 || len(r.Failures()) > 0 {
		return fmt.Errorf("%d scripts were skipped and %d cases failed: no page", len(r.Skipped), len(r.Failures()))
	}
	var b strings.Builder
	v := r.Versions
	fmt.Fprintf(&b, intro, v.Native, v.NativeTLS, v.Guest)
	cases, same := 0, 0
	for _, c := range clients {
		n, different := 0, []string(nil)
		for _, result := range r.Results {
			if of, ok := clientOf(result); !ok || of.name != c.name {
				continue
			}
			n++
			if result.Reason != "" {
				different = append(different, "`"+result.Case+"`")
			}
		}
		cases, same = cases+n, same+n-len(different)
		row(&b, c.name, c.version(v.Guest), c.peer, fmt.Sprint(n), fmt.Sprint(n-len(different)), strings.Join(different, ", "))
	}
	row(&b, "all", "", "", fmt.Sprint(cases), fmt.Sprint(same), fmt.Sprint(cases-same))
	b.WriteString("\n## Differences\n\n| case | natively | in the guest | why |\n|---|---|---|---|\n")
	for _, result := range r.Results {
		if _, stock := suiteOf(result.Script); result.Reason != "" && !stock {
			row(&b, "`"+result.Case+"` of "+result.Script, code(result.Native), code(result.Guest), result.Reason)
		}
	}
	r.writeSuites(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

const aboutSuites = `
## Stock test suites

The suites in the packages' own source archives, unchanged, by pytest on both sides. A test must pass on both, or skip itself with the same
words. One that fails natively must be left out, with a reason.

| suite | version | passed by both | skipped by both | different | left out |
|---|---|--:|--:|--:|--:|
`

func (r *Report) writeSuites(b *strings.Builder) {
	b.WriteString(aboutSuites)
	var reasons strings.Builder
	for _, s := range suites {
		var passed, skipped int
		var different, leftOut tally
		for _, result := range r.Results {
			switch {
			case result.Script != s.script:
			case result.LeftOut:
				leftOut.add(result)
			case result.Reason != "":
				different.add(result)
			case result.Guest.Value == "passed":
				passed++
			default:
				skipped++
			}
		}
		row(b, s.source, listedVersion("suites", s.source), fmt.Sprint(passed), fmt.Sprint(skipped), fmt.Sprint(different.n), fmt.Sprint(leftOut.n))
		different.write(&reasons, s.source+", different")
		leftOut.write(&reasons, s.source+", left out")
	}
	b.WriteString("\nA file that is left out counts as one.\n" + reasons.String())
}

// tally counts results by their reasons, in order.
type tally struct {
	n       int
	reasons []string
	of      map[string]int
}

func (t *tally) add(r Result) {
	if t.of == nil {
		t.of = map[string]int{}
	}
	if t.of[r.Reason] == 0 {
		t.reasons = append(t.reasons, r.Reason)
	}
	t.of[r.Reason]++
	t.n++
}

func (t *tally) write(b *strings.Builder, heading string) {
	if t.n == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s:\n\n", heading)
	for _, reason := range t.reasons {
		fmt.Fprintf(b, "* %d: %s\n", t.of[reason], reason)
	}
}

// code shows an outcome. Of a chain of exceptions it shows both ends.
func code(o *Outcome) string {
	s := o.String()
	if parts := strings.Split(s, " < "); len(parts) > 2 {
		s = parts[0] + " < … < " + parts[len(parts)-1]
	}
	return "`" + strings.ReplaceAll(s, "|", "\\|") + "`"
}

func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
