package interop

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// Failures lists everything that must fail a run: failed cells, stale exceptions,
// clients that do not answer truly.
func (r *Report) Failures() []string {
	list := slices.Clone(r.Wrong)
	for _, c := range r.Cells {
		if c.Mark == Fail {
			list = append(list, fmt.Sprintf("%s × %s × %s: %s", c.Server, c.Case, c.Client, c.Detail))
		}
	}
	return list
}

// Missing lists the servers that are not installed, with the package to install.
func (r *Report) Missing() []string {
	var list []string
	for _, s := range r.Servers {
		if _, found := r.Versions[s.Name]; !found {
			list = append(list, fmt.Sprintf("%s (package %s)", s.Name, s.Package))
		}
	}
	return list
}

// Count returns how many cells have the mark.
func (r *Report) Count(m Mark) int {
	n := 0
	for _, c := range r.Cells {
		if c.Mark == m {
			n++
		}
	}
	return n
}

// table is a heading and rows, the first of which names the columns. Those from
// marks on hold one mark each.
type table struct {
	heading string
	marks   int
	rows    [][]string
}

// tables returns one for each client, or that of the encounters.
func (r *Report) tables() []table {
	if r.meeting != nil {
		return []table{{r.meeting.Title, 4, r.encounterRows()}}
	}
	var all []table
	for _, client := range r.Clients {
		all = append(all, table{client + when(r.mail, ", mail"), 2, r.rows(client)})
	}
	return all
}

// encounterRows has a row for each encounter and a column for each client.
func (r *Report) encounterRows() [][]string {
	marks := map[[3]string]Mark{}
	for _, c := range r.Cells {
		marks[[3]string{c.Server, c.Case, c.Client}] = c.Mark
	}
	rows := [][]string{append([]string{"server", "version", "encounter", "outcome"}, r.Clients...)}
	for _, e := range r.meeting.Encounters {
		row := []string{e.Server, r.Versions[e.Server], e.heading(), string(e.Stage) + ": " + e.Says[0]}
		for _, client := range r.Clients {
			row = append(row, marks[[3]string{e.Server, e.heading(), client}].String())
		}
		rows = append(rows, row)
	}
	return rows
}

// rows returns the heading and the lines of a client's table.
func (r *Report) rows(client string) [][]string {
	head := []string{"server", "version"}
	for _, c := range r.Cases {
		head = append(head, c.Name)
	}
	marks := map[[2]string]Mark{}
	for _, c := range r.Cells {
		if c.Client == client {
			marks[[2]string{c.Server, c.Case}] = c.Mark
		}
	}
	rows := [][]string{head}
	for _, s := range r.Servers {
		row := []string{s.Name, r.Versions[s.Name]}
		for _, c := range r.Cases {
			row = append(row, marks[[2]string{s.Name, c.Name}].String())
		}
		rows = append(rows, row)
	}
	return rows
}

// reasons lists the excused cells, a line for each server and reason.
func (r *Report) reasons() []string {
	type line struct{ server, reason string }
	var order []line
	cases := map[line][]string{}
	for _, c := range r.Cells {
		if c.Mark != Excused {
			continue
		}
		at := line{c.Server, c.Reason}
		if cases[at] == nil {
			order = append(order, at)
		}
		if !slices.Contains(cases[at], c.Case) {
			cases[at] = append(cases[at], c.Case)
		}
	}
	var list []string
	for _, at := range order {
		list = append(list, fmt.Sprintf("%s × %s: %s", at.server, strings.Join(cases[at], ", "), at.reason))
	}
	return list
}

// WriteText writes a table per client and the reasons of the exceptions.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	for _, t := range r.tables() {
		fmt.Fprintf(&b, "%s\n\n", t.heading)
		writeAligned(&b, t.rows)
		b.WriteByte('\n')
	}
	for _, reason := range r.reasons() {
		fmt.Fprintf(&b, "– %s\n", reason)
	}
	fmt.Fprintf(&b, "%d passed ✓, %d failed ✕, %d excepted –, %d not installed ?\n", r.Count(Pass), r.Count(Fail), r.Count(Excused), r.Count(Missing))
	_, err := io.WriteString(w, b.String())
	return err
}

func writeAligned(b *strings.Builder, rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell + strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
