package sockets

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/internal/sock"
	"github.com/wasitls/wasitls/host/wasi/stream"
)

// caseName is the name in Go of a case of a variant. That it is the one in WIT
// is checked when a component is linked.
func caseName(variant any, c host.Case) string { return reflect.TypeOf(variant).Field(int(c) + 1).Name }

func goName(code string) string { return strings.ReplaceAll(code, "-", "") }

// Every code leads to the case of its name, or to other with its name.
func TestErrorCodes(t *testing.T) {
	renamed := map[string]string{"concurrencyconflict": "invalidstate", "notinprogress": "invalidstate"}
	for i, name := range sock.CodeNames() {
		e := codeOf(fmt.Errorf("wrapped: %w", sock.Code(i)))
		want := goName(name)
		if r := renamed[want]; r != "" {
			want = r
		}
		got := caseName(e, e.Case)
		if got == "Other" && e.Other.Value == name {
			if _, has := reflect.TypeFor[ErrorCode]().FieldByNameFunc(func(f string) bool { return strings.EqualFold(f, want) }); has {
				t.Errorf("%s has a case of its own", name)
			}
		} else if !strings.EqualFold(got, want) {
			t.Errorf("%s is %s", name, got)
		}
		l, err := classifyLookup(sock.Code(i))
		if got := caseName(l, l.Case); err != nil || !strings.EqualFold(got, goName(name)) && (got != "Other" || l.Other.Value != name) {
			t.Errorf("lookup: %s is %s, %v", name, got, err)
		}
	}
	for err, want := range map[error]string{
		unix.EPIPE: "ConnectionBroken", stream.ErrClosed: "ConnectionBroken",
		unix.ECONNRESET: "ConnectionReset", io.ErrUnexpectedEOF: "Other",
	} {
		if e := codeOf(err); caseName(e, e.Case) != want {
			t.Errorf("%v is %s", err, caseName(e, e.Case))
		}
	}
	if _, err := classify(errNoNetwork); err == nil {
		t.Error("a store without a network does not trap")
	}
}
