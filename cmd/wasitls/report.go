package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/pflag"

	"github.com/wasitls/wasitls/wasitls/config"
)

// How the command talks:
//
//   - What went wrong is one line on stderr, in lower case, without a period:
//     "wasitls: what"; one for each thing that is wrong with a file. Of the
//     command's own, only warnings and what SIGHUP did go there, too.
//   - Where the user can do something about it, a line "hint: what" follows.
//   - Guests own stdout; the command writes there only what was asked for.

// Exit statuses. A guest's own status is passed on as it is.
const (
	exitOK      = 0
	exitGuest   = 1   // the guest returned an error, or a case of the demo failed
	exitRefused = 2   // bad usage, or the guest was not started
	exitTrap    = 134 // the guest trapped or ran out of time: 128 + SIGABRT
	exitSignal  = 128 // plus the number of the signal that ended the guest
)

// errHelp asks for the command's help.
var errHelp = pflag.ErrHelp

// failure is an error with what it means for the command. The zero status
// stands for exitRefused.
type failure struct {
	err    error  // nil if there is nothing to say: the guest has spoken
	hint   string // what the user can do, empty if nothing
	status int
}

func (f failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit status %d", f.status)
	}
	return f.err.Error()
}

func (f failure) Unwrap() error { return f.err }

// refuse is a failure before any guest has started.
func refuse(hint, format string, args ...any) error {
	return failure{err: fmt.Errorf(format, args...), hint: hint}
}

// report tells err to the user and returns the exit status.
func report(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	f := failure{err: err}
	errors.As(err, &f)
	if f.err != nil {
		for _, part := range parts(f.err) {
			say(stderr, part)
		}
	}
	if f.hint != "" {
		fmt.Fprintf(stderr, "hint: %s\n", f.hint)
	}
	if f.status == 0 {
		return exitRefused
	}
	return f.status
}

// maxParts bounds how many things are said to be wrong.
const maxParts = 20

// parts returns what is wrong with a file, or else the one error.
func parts(err error) []error {
	var all []error
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		all = joined.Unwrap()
	}
	var one *config.Error
	if len(all) == 0 || !errors.As(all[0], &one) {
		return []error{err}
	}
	if more := len(all) - maxParts; more > 0 {
		all = append(slices.Clone(all[:maxParts]), fmt.Errorf("and %d more", more))
	}
	return all
}

// say writes an error on one line.
func say(w io.Writer, err error) {
	lines := strings.FieldsFunc(plain(err), func(r rune) bool { return r == '\n' || r == '\r' })
	text := strings.Join(lines, "; ")
	if len(text) > maxLine {
		text = strings.ToValidUTF8(text[:maxLine], "") + "…"
	}
	fmt.Fprintf(w, "wasitls: %s\n", printable(text))
}

// maxLine bounds what is said of an error, in bytes.
const maxLine = 4 << 10

// plain returns an error's text without the names of packages that it begins
// with: they are of use to programmers, not here.
func plain(err error) string {
	text := err.Error()
	for {
		name, rest, _ := strings.Cut(text, ": ")
		if !slices.Contains([]string{"audit", "host", "modcache", "netgrant", "rootfs", "rt", "trap", "wasitls", "wt"}, name) {
			return text
		}
		text = rest
	}
}

// printable replaces what could do things to a terminal: parts of errors and
// names of imports come from component files.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
