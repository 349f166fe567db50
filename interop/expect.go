package interop

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
)

// Exception excuses cells of the matrix that do not come out as their case says.
// It must apply: a cell that it names and that passes, or that fails with another
// text, fails the run.
type Exception struct {
	Server string // a row
	Case   string // a column
	Client string // a client, or empty for all
	Fails  string // text that the failure holds
	Reason string // one sentence for the page
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
	return e.Server == c.Server && e.Case == c.Case && (e.Client == "" || e.Client == c.Client)
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
		at := fmt.Sprintf("exception %s × %s", e.Server, e.Case)
		key := e.Server + "\x00" + e.Case + "\x00" + e.Client
		switch {
		case !rows[e.Server] || !columns[e.Case]:
			wrong = append(wrong, at+": no such cell")
		case e.Reason == "" || e.Fails == "":
			wrong = append(wrong, at+": needs a reason and the text of the failure")
		case seen[key] || seen[e.Server+"\x00"+e.Case+"\x00"]:
			wrong = append(wrong, at+": given twice")
		}
		seen[key] = true
	}
	return wrong
}
