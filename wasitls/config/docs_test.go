package config

import (
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
)

// page is the document of the file.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/policy.md")
	noError(t, err)
	return string(text)
}

// TestExample loads the example of the document.
func TestExample(t *testing.T) {
	_, rest, _ := strings.Cut(page(t), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no example")
	}
	m := material()
	files := map[string]string{
		"wasitls.yaml": example, "corp-ca.pem": m["ca.pem"], "corp.crl": m["list.crl"],
		"client.pem": m["me.pem"], "client.key": m["me.key"], "client.p12": m["me.p12"],
	}
	f, err := Load(write(t, files)+"/wasitls.yaml", Options{LookupEnv: func(name string) (string, bool) {
		return password, name == "P12_PASSWORD"
	}})
	noError(t, err)
	if len(f.Policy.Rules) != 4 || len(f.Policy.Identities) != 2 {
		t.Errorf("%d rules, %d identities", len(f.Policy.Rules), len(f.Policy.Identities))
	}
}

// TestFieldsInDocument compares the tables of the document with the fields that
// the decoder knows, and these with the fields of package wasitls.
func TestFieldsInDocument(t *testing.T) {
	known := fieldsKnown(t)
	for _, row := range []struct {
		heading, field string
		of             any
	}{
		{"## Fields of `tls`", "tls", wasitls.Policy{}},
		{"## Fields of a rule", "tls.rules[0]", wasitls.Rule{}},
		{"## Fields of `roots`", "tls.rules[0].roots", wasitls.Roots{}}, // files and pem are one, and there is no pool
		{"## Fields of an identity", "tls.identities.me", nil},
		{"## Fields of `limits`", "tls.limits", wasitls.Limits{}},
	} {
		_, rest, found := strings.Cut(page(t), "\n"+row.heading+"\n")
		section, _, _ := strings.Cut(rest, "\n## ")
		var inPage []string
		for line := range strings.Lines(section) {
			if name, ok := strings.CutPrefix(line, "| `"); ok {
				name, _, _ = strings.Cut(name, "`")
				inPage = append(inPage, name)
			}
		}
		slices.Sort(inPage)
		if !found || !slices.Equal(inPage, known[row.field]) {
			t.Errorf("%s: the document has %q, the decoder %q", row.heading, inPage, known[row.field])
		}
		if row.of != nil && reflect.TypeOf(row.of).NumField() != len(inPage) {
			t.Errorf("%s: %d fields, %T has %d", row.heading, len(inPage), row.of, reflect.TypeOf(row.of).NumField())
		}
	}
}

// fieldsKnown returns the fields of each object of the section tls, as errors
// tell them.
func fieldsKnown(t *testing.T) map[string][]string {
	t.Helper()
	_, err := load(t, `tls: {no: 1, default: deny, rules: [{no: 1, servers: "*", roots: {no: 1}}], identities: {me: {no: 1}}, limits: {no: 1}}`)
	known := map[string][]string{}
	for _, e := range all(t, err) {
		if _, names, ok := strings.Cut(e.Err.Error(), "unknown field; there are "); ok {
			known[strings.TrimSuffix(e.Field, ".no")] = strings.Split(names, ", ")
		}
	}
	if len(known) != 5 {
		t.Fatalf("%q", slices.Sorted(maps.Keys(known)))
	}
	return known
}
