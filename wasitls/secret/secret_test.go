package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls/secret"
)

// TestNothingShows prints a secret in every way there is.
func TestNothingShows(t *testing.T) {
	const planted = "planted-4711"
	v := secret.New([]byte(planted))
	type nested struct {
		private secret.Value
		Public  *secret.Value
		Many    map[string]secret.Value
	}
	n := nested{v, &v, map[string]secret.Value{"k": v}}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		fmt.Fprintf(&out, verb+verb+verb+"\n", v, &v, n)
	}
	fmt.Fprintln(&out, v, n, fmt.Errorf("wrapped: %v", n))
	text, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v, "n", n)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v, "n", n)
	func() {
		defer func() { fmt.Fprint(&out, recover()) }()
		panic(n)
	}()
	for _, form := range []string{planted, "706c616e746564", "[112 108 97"} {
		if strings.Contains(strings.ToLower(out.String()), form) {
			t.Errorf("%q shows in:\n%s", form, out.String())
		}
	}
	if string(v.Reveal()) != planted {
		t.Error("the secret is lost")
	}
}

func TestValue(t *testing.T) {
	given := []byte("x")
	v := secret.New(given)
	given[0] = 'y'
	if !v.Equal(secret.New([]byte("x"))) || v.Equal(secret.Value{}) || v.IsEmpty() || !(secret.Value{}).IsEmpty() {
		t.Error("a secret is not its own copy of what it was made of")
	}
}
