package bench

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

var header = []string{"measure", "native", "guest", "ratio", "target", "note"}

// cells are a result as text.
func (r Result) cells() []string {
	return []string{r.Measure, value(r.Native, r.Unit), value(r.Guest, r.Unit), ratio(r.Ratio), r.verdict(), r.Note}
}

func (r Result) verdict() string {
	switch {
	case r.Target == "":
		return "–"
	case r.Met:
		return r.Target + ": reached"
	}
	return r.Target + ": missed"
}

func value(f Figure, unit string) string {
	if f.None() {
		return "–"
	}
	s := number(f.Median)
	if unit != "" {
		s += " " + unit
	}
	return s
}

func ratio(f Figure) string {
	if f.None() {
		return "–"
	}
	if f.Low == f.High {
		return fmt.Sprintf("%.2f", f.Median)
	}
	return fmt.Sprintf("%.2f (%.2f–%.2f)", f.Median, f.Low, f.High)
}

// number shows three digits or all that are before the point.
func number(x float64) string {
	switch {
	case x >= 100 || x <= -100 || x == float64(int(x)):
		return fmt.Sprintf("%.0f", x)
	case x >= 10 || x <= -10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

// WriteText writes the report as an aligned table.
func (r *Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n\n", r.Machine)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(header, "\t"))
	for _, x := range r.Results {
		fmt.Fprintln(t, strings.Join(x.cells(), "\t"))
	}
	return t.Flush()
}

// Markdown returns the report as a page's part: the machine, the command, the
// table.
func (r *Report) Markdown(command string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Machine: %s.\nCommand: `%s`. Ratios: median (lowest–highest) of the rounds.\n\n", r.Machine, command)
	row := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row(header)
	row([]string{"---", "--:", "--:", "--:", "---", "---"})
	for _, x := range r.Results {
		row(x.cells())
	}
	return b.String()
}

// Splice replaces what stands in a page between the two marks of a command,
// <!-- COMMAND: begin --> and <!-- COMMAND: end -->.
func Splice(page, command, part string) (string, error) {
	begin, end := fmt.Sprintf("<!-- %s: begin -->\n", command), fmt.Sprintf("<!-- %s: end -->", command)
	before, rest, found := strings.Cut(page, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("bench: the page has no lines %q and %q", begin, end)
	}
	return before + begin + part + end + after, nil
}

// SpliceFile is Splice in a file.
func SpliceFile(file, command, part string) error {
	page, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	text, err := Splice(string(page), command, part)
	if err != nil {
		return err
	}
	return os.WriteFile(file, []byte(text), 0o644)
}
