package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// decoder decodes one file and collects what is wrong with it.
type decoder struct {
	options Options
	name    string         // of the file
	dir     string         // of the file
	project project        // the same folder, for the workload
	lines   map[string]int // of each field, by its path
	roots   map[string][]Source
	errs    []*Error
}

// The kinds of values.
const (
	mapping  = yaml.MappingNode
	sequence = yaml.SequenceNode
	scalar   = yaml.ScalarNode
)

// node is a value in the file and where it is.
type node struct {
	yaml *yaml.Node
	path string // such as "tls.rules[2].min-version"
	line int    // of the name before the value, if it has one
	// private says that what is written here may be a secret in the wrong
	// place, and must not be in an error.
	private bool
}

// maxErrors bounds how many errors are told.
const maxErrors = 100

// fail notes what is wrong with a value. The text must not repeat the value if
// it is private.
func (d *decoder) fail(n node, format string, args ...any) {
	if len(d.errs) == maxErrors {
		return
	}
	d.errs = append(d.errs, &Error{d.name, n.line, n.path, fmt.Errorf(format, args...)})
}

// failed tells whether something is wrong with a field or with a part of it.
func (d *decoder) failed(path string) bool {
	return slices.ContainsFunc(d.errs, func(e *Error) bool {
		rest, ok := strings.CutPrefix(e.Field, path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// lineOf returns the line of a field, or of what would hold it.
func lineOf(lines map[string]int, path string) int {
	for {
		if line, ok := lines[path]; ok {
			return line
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return 1
		}
		path = path[:i]
	}
}

// parse reads YAML. What the parser says is told only where it cannot repeat
// the file.
func (d *decoder) parse(text []byte) (node, bool) {
	var doc yaml.Node
	if err := yaml.Load(text, &doc); err != nil {
		at, what := 1, "not one YAML document"
		var e *yaml.LoadError
		if errors.As(err, &e) && e.Mark.Line > 0 {
			at, what = e.Mark.Line, "not YAML: "+e.Message
			if begun := e.ContextMark.Line; begun > 0 && at > bytes.Count(text, []byte("\n")) {
				at = begun // of what does not end
			}
			if strings.Contains(e.Message, "anchor") {
				what = noAliases
			}
		}
		d.fail(node{line: at}, "%s", what)
		return node{}, false
	}
	root := node{yaml: doc.Content[0], line: doc.Content[0].Line}
	before := len(d.errs)
	d.plain(root.yaml)
	return root, len(d.errs) == before
}

const noAliases = "anchors and aliases of YAML are not supported"

// plain refuses what needs no explanation if it is not there.
func (d *decoder) plain(y *yaml.Node) {
	at := node{line: y.Line}
	switch {
	case y.Kind == yaml.AliasNode || y.Anchor != "":
		d.fail(at, noAliases)
	case y.Style&yaml.TaggedStyle != 0:
		d.fail(at, "tags of YAML are not supported")
	}
	for _, child := range y.Content {
		d.plain(child)
	}
}

// fields are what an object may have: each name with what decodes its value.
type fields map[string]func(node)

func (f fields) names() string { return strings.Join(slices.Sorted(maps.Keys(f)), ", ") }

// object decodes an object with fixed names. It tells whether it is one.
func (d *decoder) object(n node, f fields) bool {
	return d.each(n, func(name string, key, value node) {
		decode, ok := f[name]
		switch {
		case ok && d.stated(value):
			decode(value)
		case ok:
		default:
			if n.private {
				key.path = n.path
			}
			d.fail(key, "unknown field; there are %s", f.names())
		}
	})
}

// each calls do for each entry of an object, with the node of its name and
// that of its value. It tells whether n is an object.
func (d *decoder) each(n node, do func(name string, key, value node)) bool {
	if n.yaml.Kind != mapping {
		d.fail(n, "must be an object, with a line \"name: value\" for each of its fields")
		return false
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.yaml.Content); i += 2 {
		k, v := n.yaml.Content[i], n.yaml.Content[i+1]
		key := node{k, join(n.path, k.Value), k.Line, n.private}
		if k.Kind != scalar || !isName(k.Value) {
			d.fail(node{line: k.Line, path: n.path}, "what stands here is no name of a field")
			continue
		}
		if seen[k.Value] {
			if n.private {
				key.path = n.path
			}
			d.fail(key, "stated twice")
			continue
		}
		seen[k.Value] = true
		d.lines[key.path] = k.Line
		do(k.Value, key, node{v, key.path, k.Line, n.private})
	}
	return true
}

// maxName bounds a name, in bytes.
const maxName = 128

// isName tells whether s may be the name of a field, label or variable. It
// keeps what is no name, such as text of a key, out of errors.
func isName(s string) bool {
	return s != "" && len(s) <= maxName && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// stated refuses a value that is missing.
func (d *decoder) stated(n node) bool {
	if n.yaml.Kind == scalar && n.yaml.ShortTag() == "!!null" {
		d.fail(n, "has no value")
		return false
	}
	return true
}

// items returns those of a list, at least one. A single value stands for a
// list of it.
func (d *decoder) items(n node) []node {
	if n.yaml.Kind != sequence {
		return []node{n}
	}
	var all []node
	for i, y := range n.yaml.Content {
		item := node{y, fmt.Sprintf("%s[%d]", n.path, i), y.Line, n.private}
		d.lines[item.path] = item.line
		if d.stated(item) {
			all = append(all, item)
		}
	}
	if len(n.yaml.Content) == 0 {
		d.fail(n, "is an empty list")
	}
	return all
}

// texts decodes a list of texts.
func (d *decoder) texts(n node) []string {
	var all []string
	for _, item := range d.items(n) {
		if s, ok := d.text(item); ok {
			all = append(all, s)
		}
	}
	return all
}

// scalar returns a value of one of the tags as it is written.
func (d *decoder) scalar(n node, what string, tags ...string) (string, bool) {
	if n.yaml.Kind != scalar || !slices.Contains(tags, n.yaml.ShortTag()) {
		d.fail(n, "must be %s", what)
		return "", false
	}
	return n.yaml.Value, true
}

// text decodes a text that is not empty.
func (d *decoder) text(n node) (string, bool) {
	s, ok := d.scalar(n, "text: if it looks like a number, put it in quotes", "!!str")
	switch {
	case !ok:
	case s == "":
		d.fail(n, "is empty")
	case strings.ContainsAny(s, "\r\n"):
		d.fail(n, "must be on one line")
	default:
		return s, true
	}
	return "", false
}

// boolean decodes true or false.
func (d *decoder) boolean(n node) bool {
	s, ok := d.scalar(n, "true or false", "!!bool")
	return ok && strings.EqualFold(s, "true")
}

// integer decodes a number that is at least 1.
func (d *decoder) integer(n node) int {
	s, ok := d.scalar(n, "a whole number, at least 1", "!!int")
	if !ok {
		return 0
	}
	i, err := strconv.ParseInt(s, 10, 32)
	if err != nil || i < 1 {
		d.fail(n, "must be a whole number, at least 1 and below 2147483648")
	}
	return int(i)
}

// size decodes a number of bytes, such as 65536 or 64KiB, that is at least 1.
func (d *decoder) size(n node) int64 {
	const what = "a size above zero, such as 65536, 64KiB or 1MiB"
	s, ok := d.scalar(n, what, "!!int", "!!str")
	if !ok {
		return 0
	}
	size, err := ParseSize(s)
	if err != nil || size < 1 {
		d.fail(n, "must be %s", what)
	}
	return size
}

// duration decodes a time above zero.
func (d *decoder) duration(n node) time.Duration {
	const what = "a time above zero, such as 500ms, 10s or 1m30s"
	s, ok := d.scalar(n, what, "!!str")
	if !ok {
		return 0
	}
	t, err := time.ParseDuration(s)
	if err != nil || t <= 0 {
		d.fail(n, "must be %s", what)
	}
	return t
}

// choice decodes one of some words, and returns its place among them.
func (d *decoder) choice(n node, words ...string) int {
	what := "one of " + strings.Join(words, ", ")
	s, ok := d.scalar(n, what, "!!str", "!!bool", "!!float", "!!int")
	if !ok {
		return 0
	}
	i := slices.Index(words, s)
	if i < 0 {
		d.fail(n, "must be %s", what)
		return 0
	}
	return i
}
