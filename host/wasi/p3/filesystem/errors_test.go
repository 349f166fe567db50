package filesystem

import (
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
)

// caseName is the name in Go of a case of a variant. That it is the one in WIT
// is checked when a component is linked.
func caseName(variant any, c host.Case) string { return reflect.TypeOf(variant).Field(int(c) + 1).Name }

// Every code leads to the case of its name, or to other with its name.
func TestErrorCodes(t *testing.T) {
	for i, name := range rootfs.CodeNames() {
		e := codeOf(rootfs.Code(i))
		got := caseName(e, e.Case)
		if name == "would-block" {
			if got != "Other" || e.Other.Value != name {
				t.Errorf("%s is %s %q", name, got, e.Other.Value)
			}
		} else if !strings.EqualFold(got, strings.ReplaceAll(name, "-", "")) {
			t.Errorf("%s is %s", name, got)
		}
	}
}

func TestTypes(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		0: "RegularFile", fs.ModeDir | 0o755: "Directory", fs.ModeSymlink: "SymbolicLink", fs.ModeNamedPipe: "FIFO",
		fs.ModeDevice: "BlockDevice", fs.ModeDevice | fs.ModeCharDevice: "CharacterDevice", fs.ModeSocket: "Socket",
		fs.ModeIrregular: "Other",
	} {
		if d := typeOf(mode); caseName(d, d.Case) != want {
			t.Errorf("%v is %s, want %s", mode, caseName(d, d.Case), want)
		}
	}
}
