// Package config reads the file with which wasitls is configured: one YAML
// file (1.2) whose section tls is a wasitls.Policy and whose section workload
// says what a guest is given. docs/policy.md and docs/secrets.md describe the
// fields.
//
// It is strict. Unknown fields, values of a wrong kind, files that cannot be
// read, keys that do not fit: each is an *Error that says in which line, and
// all of them are told at once. Anchors, aliases and tags of YAML are not
// supported.
//
// Secrets are never in an error: what was read is not repeated where a
// password or a key may stand.
package config

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wasitls/wasitls/wasitls"
)

// MaxFile bounds the file, in bytes.
const MaxFile = 1 << 20

// Options say how a file is read. The zero value is of use.
type Options struct {
	// Now is the time at which certificates must be valid. Zero: time.Now.
	Now time.Time
	// LookupEnv returns a variable of the host's environment. Nil: os.LookupEnv.
	LookupEnv func(name string) (value string, found bool)
	// AllowLiteralSecrets lets secrets of the workload stand in the file
	// itself, for development.
	AllowLiteralSecrets bool
}

// File is what a file says.
type File struct {
	// Name is the file's, as given to Load.
	Name string
	// Policy is the section tls, which is valid. Nil if there is none.
	Policy *wasitls.Policy
	// Workload is the section workload. Nil if there is none.
	Workload *Workload

	lines map[string]int
	roots map[string][]Source
}

// Source is where certificates of Rule.Roots are from.
type Source struct {
	File         string // as the file names it; empty for those in the file itself
	Certificates []*x509.Certificate
}

// RootSources returns where the certificates of a rule are from, in their
// order.
func (f *File) RootSources(rule int) []Source {
	return f.roots[fmt.Sprintf("tls.rules[%d].roots", rule)]
}

// Line returns the line, from 1 up, of a field such as
// "tls.rules[2].min-version"; if it is not stated, the line of what would hold
// it.
func (f *File) Line(field string) int { return lineOf(f.lines, field) }

// Error says what is wrong with a file.
type Error struct {
	File  string // its name
	Line  int    // from 1 up; 0 for the file as a whole
	Field string // such as "tls.rules[2].min-version"; empty for none
	Err   error
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	return b.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Load reads a file and all that it names. Names of files in it are relative
// to its folder. An error is one *Error, or several in the order of their
// lines, joined with errors.Join; after a hundred no more are told.
func Load(file string, o Options) (*File, error) {
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	if o.LookupEnv == nil {
		o.LookupEnv = os.LookupEnv
	}
	d := newDecoder(file, o)
	text, err := readFile(file, MaxFile, anybody)
	if err != nil {
		return nil, &Error{File: file, Err: err}
	}
	f := &File{Name: file, lines: d.lines, roots: d.roots}
	if root, ok := d.parse(text); ok {
		d.file(f, root)
	}
	if len(d.errs) > 0 {
		slices.SortStableFunc(d.errs, func(a, b *Error) int { return cmp.Compare(a.Line, b.Line) })
		var all []error
		for _, e := range d.errs {
			all = append(all, e)
		}
		return nil, errors.Join(all...)
	}
	return f, nil
}

func newDecoder(file string, o Options) *decoder {
	return &decoder{
		options: o, name: file, dir: filepath.Dir(file),
		project: project{filepath.Dir(file), map[string]content{}},
		lines:   map[string]int{}, roots: map[string][]Source{},
	}
}

// file decodes the whole file. The workload comes first: the policy may name
// its secrets.
func (d *decoder) file(f *File, root node) {
	var tls, workload node
	d.object(root, fields{
		"tls":      func(n node) { tls = n },
		"workload": func(n node) { workload = n },
	})
	if workload.yaml == nil && tls.yaml == nil && len(d.errs) == 0 {
		d.fail(root, "neither a section tls nor a section workload")
	}
	if workload.yaml != nil {
		f.Workload = d.workload(workload)
	}
	if tls.yaml != nil {
		f.Policy = d.policy(tls, f.Workload)
	}
}
