package interop

import (
	"crypto/tls"
	"strings"
	"testing"
)

func sample() *Report {
	return &Report{
		Servers:  []Server{{Name: "long name", Library: "L", Package: "p"}, {Name: "b", Library: "M", Package: "q"}},
		Cases:    []Case{{Name: "one", About: "first"}, {Name: "two", About: "second", Refused: []string{"no"}}},
		Clients:  []string{"native"},
		Versions: map[string]string{"long name": "1.2"},
		Cells: []Cell{
			{"long name", "one", "native", Pass, "", ""},
			{"long name", "two", "native", Excused, "x", "it cannot"},
			{"b", "one", "native", Missing, "", ""},
			{"b", "two", "native", Fail, "broke", ""},
		},
	}
}

func TestWriteText(t *testing.T) {
	const want = `native

server     version  one  two
long name  1.2      ✓    –
b                   ?    ✕

– long name × two: it cannot
1 passed ✓, 1 failed ✕, 1 excepted –, 1 not installed ?
`
	var b strings.Builder
	if err := sample().WriteText(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got:\n%s", b.String())
	}
	if f := sample().Failures(); len(f) != 1 || f[0] != "b × two × native: broke" {
		t.Errorf("failures %q", f)
	}
}

func TestWriteMarkdown(t *testing.T) {
	var b strings.Builder
	if err := WriteMarkdown(&b, []*Report{sample()}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| server | version | one | two |\n|---|---|:-:|:-:|\n| long name | 1.2 | ✓ | – |\n",
		"* **two**: second; must be refused with `no`\n",
		"* long name: L, Debian p\n",
		"* long name × two: it cannot\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

// TestMeetingTables: one table, a row for each encounter and a column for each
// visitor, and each server is listed once.
func TestMeetingTables(t *testing.T) {
	m := &Meeting{Title: "Guests at the Door", About: "Who they are.\n", Encounters: []Encounter{
		{Server: "b", Version: tls.VersionTLS12, Name: "known", About: "one of us", Stage: ByAnswer, Says: []string{"hello"}},
		{Server: "b", Version: tls.VersionTLS13, Name: "known", About: "one of us", Stage: AtFirstRead, Says: []string{"no", "nein"}},
	}}
	r := &Report{
		Servers: []Server{{Name: "b", Library: "M", Package: "q"}}, Clients: []string{"0.2", "0.3"},
		Versions: map[string]string{"b": "2"}, meeting: m,
		Cells: []Cell{
			{"b", "TLS 1.2 known", "0.2", Pass, "", ""}, {"b", "TLS 1.2 known", "0.3", Fail, "x", ""},
			{"b", "TLS 1.3 known", "0.2", Missing, "", ""}, {"b", "TLS 1.3 known", "0.3", Pass, "", ""},
		},
	}
	var b strings.Builder
	if err := WriteMarkdown(&b, []*Report{sample(), r}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## Guests at the Door\n\nWho they are.\n\n| server | version | encounter | outcome | 0.2 | 0.3 |\n|---|---|---|---|:-:|:-:|\n",
		"| b | 2 | TLS 1.2 known | answer: hello | ✓ | ✕ |\n| b | 2 | TLS 1.3 known | at the first read: no | ? | ✓ |\n",
		"* **known** (guests at the door): one of us\n",
		"* b: M, Debian q\n",
	} {
		if strings.Count(b.String(), want) != 1 {
			t.Errorf("not once %q in:\n%s", want, b.String())
		}
	}
}
