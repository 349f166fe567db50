package interop

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Exception excuses cells of the matrix that do not come out as their case says.
// It must apply: a cell that it names and that passes, or that fails with another
// text, fails the run.
type Exception struct {
	Server string   // a row
	Cases  []string // columns
	Client string   // a client, or empty for all
	Fails  string   // text that the failure holds
	Reason string   // one sentence for the page
}

//go:embed expectations.json
var expectations []byte

// Expectations returns the exceptions that the project knows of.
func Expectations() ([]Exception, error) {
	var list []Exception
	d := json.NewDecoder(strings.NewReader(string(expectations)))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("interop: expectations.json: %w", err)
	}
	return list, nil
}

func (e Exception) covers(c Cell) bool {
	return e.Server == c.Server && slices.Contains(e.Cases, c.Case) && (e.Client == "" || e.Client == c.Client)
}

// excuse applies the exceptions to a finished cell.
func excuse(list []Exception, c Cell) Cell {
	for _, e := range list {
		if !e.covers(c) {
			continue
		}
		switch {
		case c.Mark == Pass:
			c.Mark, c.Detail = Fail, fmt.Sprintf("stale exception: it passes now (%s)", e.Reason)
		case c.Mark == Fail && strings.Contains(c.Detail, e.Fails):
			c.Mark, c.Reason = Excused, e.Reason
		case c.Mark == Fail:
			c.Detail = fmt.Sprintf("not as excepted (want %q): %s", e.Fails, c.Detail)
		}
		return c
	}
	return c
}

// orphans names what is wrong with the exceptions themselves: no reason, no text,
// a row or column that does not exist, or two for the same cell.
func orphans(list []Exception, servers []Server, cases []Case) []string {
	rows, columns, seen := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range servers {
		rows[s.Name] = true
	}
	for _, c := range cases {
		columns[c.Name] = true
	}
	var wrong []string
	for _, e := range list {
		if e.Reason == "" || e.Fails == "" || len(e.Cases) == 0 {
			wrong = append(wrong, fmt.Sprintf("exception %s: needs cases, a reason and the text of the failure", e.Server))
		}
		for _, c := range e.Cases {
			all := e.Server + " × " + c
			key := all + " × " + e.Client
			switch {
			case !rows[e.Server] || !columns[c]:
				wrong = append(wrong, "exception "+all+": no such cell")
			case seen[key] || seen[all+" × "]:
				wrong = append(wrong, "exception "+all+": given twice")
			}
			seen[key] = true
		}
	}
	return wrong
}
