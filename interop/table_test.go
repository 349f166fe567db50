package interop

import (
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
	const want = `client native

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
