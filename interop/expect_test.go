package interop

import (
	"strings"
	"testing"
)

func TestExpectationsNameRealCells(t *testing.T) {
	list, err := Expectations()
	if err != nil {
		t.Fatal(err)
	}
	if wrong := orphans(list, Servers(), Cases()); wrong != nil {
		t.Fatal(strings.Join(wrong, "\n"))
	}
}

func TestExcuse(t *testing.T) {
	list := []Exception{{Server: "s", Cases: []string{"c"}, Fails: "no key", Reason: "because"}}
	cell := func(server string, m Mark, detail string) Cell {
		return Cell{Server: server, Case: "c", Client: "x", Mark: m, Detail: detail}
	}
	for _, tt := range []struct {
		name   string
		in     Cell
		mark   Mark
		detail string
	}{
		{"applies", cell("s", Fail, "there is no key here"), Excused, "no key"},
		{"fails otherwise", cell("s", Fail, "crash"), Fail, "not as excepted"},
		{"stale", cell("s", Pass, ""), Fail, "stale exception"},
		{"not installed", cell("s", Missing, ""), Missing, ""},
		{"another server", cell("t", Fail, "no key"), Fail, "no key"},
	} {
		got := excuse(list, tt.in)
		if got.Mark != tt.mark || !strings.Contains(got.Detail, tt.detail) {
			t.Errorf("%s: %v %q, want %v %q", tt.name, got.Mark, got.Detail, tt.mark, tt.detail)
		}
	}
	list[0].Client = "y"
	if got := excuse(list, cell("s", Fail, "no key")); got.Mark != Fail {
		t.Errorf("an exception for another client gives %v", got.Mark)
	}
}

func TestOrphans(t *testing.T) {
	servers, cases := []Server{{Name: "s"}}, []Case{{Name: "c"}}
	good := Exception{Server: "s", Cases: []string{"c"}, Fails: "f", Reason: "r"}
	for name, list := range map[string][]Exception{
		"no such cell": {{Server: "s", Cases: []string{"d"}, Fails: "f", Reason: "r"}},
		"a reason and": {{Server: "s", Cases: []string{"c"}, Fails: "f"}},
		"given twice":  {good, {Server: "s", Cases: []string{"c"}, Client: "x", Fails: "f", Reason: "r"}},
	} {
		wrong := orphans(list, servers, cases)
		if len(wrong) != 1 || !strings.Contains(wrong[0], name) {
			t.Errorf("%s: %q", name, wrong)
		}
	}
	if wrong := orphans([]Exception{good}, servers, cases); wrong != nil {
		t.Errorf("good: %q", wrong)
	}
}
