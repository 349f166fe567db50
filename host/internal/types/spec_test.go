package types

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/wasitls/wasitls/host/internal/binary"
)

// specCommand is a command of the official component-model tests in their
// converted form.
type specCommand struct {
	Type      string
	Line      int
	Filename  string
	TextError string `json:"text_error"`
	Component struct {
		Filename  string
		TextError string `json:"text_error"`
	}
	Text string
}

// engineChecks are the invalid components whose fault is inside the code of a
// core module, which the engine validates when it compiles the module.
var engineChecks = map[string]string{
	"validation/core-modules.1.wasm": "the body of a core function is ill-typed",
}

// lenient are the cases that the suite calls malformed or invalid and that
// fail in the other phase here, with the reason.
var lenient = map[string]string{
	"binary/binary.89.wasm": "a module type in a module type: the expected message is one about decoding",
}

func specDir(t *testing.T) string {
	dir := os.Getenv("WASITLS_SPEC")
	if dir == "" {
		t.Skip("WASITLS_SPEC names no folder with the component-model tests")
	}
	return dir
}

func readSpec(t *testing.T, file string) []specCommand {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ Commands []specCommand }
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	return f.Commands
}

// TestSpec decodes and validates every component of the official tests.
func TestSpec(t *testing.T) {
	dir := specDir(t)
	chapters, _ := filepath.Glob(filepath.Join(dir, "*"))
	if len(chapters) == 0 {
		t.Fatal("WASITLS_SPEC is an empty folder")
	}
	for _, chapter := range chapters {
		t.Run(filepath.Base(chapter), func(t *testing.T) {
			c := &specCount{t: t}
			files, _ := filepath.Glob(filepath.Join(chapter, "*.json"))
			for _, f := range files {
				for _, cmd := range readSpec(t, f) {
					c.run(filepath.Base(chapter), chapter, f, cmd)
				}
			}
			t.Logf("%d passed, %d failed, %d about the text format, %d left to the engine; %d messages share no word with the expected one",
				c.passed, c.failed, c.text, c.engine, c.strange)
		})
	}
}

type specCount struct {
	t                                     *testing.T
	passed, failed, text, engine, strange int
}

func (c *specCount) run(chapter, dir, file string, cmd specCommand) {
	if cmd.TextError != "" || cmd.Component.TextError != "" {
		c.text++
		return
	}
	name := cmd.Filename
	switch cmd.Type {
	case "component", "component_definition":
	case "assert_invalid", "assert_malformed":
		name = cmd.Component.Filename
	case "assert_trap":
		if name = cmd.Component.Filename; name == "" {
			return
		}
	default:
		return
	}
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		c.t.Fatal(err)
	}
	where := filepath.Base(file) + ":" + name
	phase, err := decodeValidate(b)
	id := chapter + "/" + name
	switch {
	case cmd.Type == "component" || cmd.Type == "component_definition" || cmd.Type == "assert_trap":
		c.verdict(err == nil, "%s line %d: valid, but: %v", where, cmd.Line, err)
	case engineChecks[id] != "":
		c.engine++
		c.verdict(err == nil, "%s: no longer left to the engine: %v", where, err)
	case err == nil:
		c.verdict(false, "%s line %d: not refused, want %q", where, cmd.Line, cmd.Text)
	default:
		inDecode := cmd.Type == "assert_malformed"
		want := map[bool]string{true: "decode", false: "validate"}[inDecode]
		c.verdict(phase == want || lenient[id] != "", "%s line %d: %s refused in %s: %v (want %q)", where, cmd.Line, cmd.Type, phase, err, cmd.Text)
		if testing.Verbose() && os.Getenv("WASITLS_SPEC_MESSAGES") != "" {
			c.t.Logf("%s line %d: %v\n\twant: %s", where, cmd.Line, err, cmd.Text)
		}
		if cmd.Text != "" && !shareWord(err.Error(), cmd.Text) {
			c.strange++
			c.t.Logf("%s line %d: %v\n\twant: %s", where, cmd.Line, err, cmd.Text)
		}
	}
}

func (c *specCount) verdict(ok bool, format string, args ...any) {
	if ok {
		c.passed++
		return
	}
	c.failed++
	c.t.Errorf(format, args...)
}

func decodeValidate(b []byte) (phase string, err error) {
	c, err := binary.Decode(b)
	if err != nil {
		return "decode", err
	}
	_, err = Validate(c)
	return "validate", err
}

// shareWord tells whether a word of more than three letters is in both.
func shareWord(a, b string) bool {
	words := func(s string) []string {
		return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	}
	in := map[string]bool{}
	for _, w := range words(a) {
		in[w] = true
	}
	for _, w := range words(b) {
		if len(w) > 3 && in[w] {
			return true
		}
	}
	return false
}
