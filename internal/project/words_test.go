package project

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// unwanted are words that belong to the machine on which something was written
// and mean nothing on another: absolute paths, registries, and marks of
// unfinished work. They are cut in two here, so that this file has none.
var unwanted = []string{
	"/wo" + "rk/", "/ro" + "ot/", "\"/tm" + "p/", " /tm" + "p/",
	"proxy.golang" + ".org", "deb.debian" + ".org", "static.crates" + ".io", "index.crates" + ".io",
	"registry.npmjs" + ".org", "files.pythonhosted" + ".org",
	"TO" + "DO", "FIX" + "ME", "XX" + "X:",
	"shared/" + "design", "shared/" + "prototypes",
}

func TestNoMachineInTheRepository(t *testing.T) {
	cmd := exec.Command("git", "ls-files", "-z")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skip("not a git checkout: ", err)
	}
	looked := 0
	for name := range strings.SplitSeq(string(out), "\x00") {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || bytes.IndexByte(text, 0) >= 0 { // removed, a folder, or binary
			continue
		}
		looked++
		for _, word := range unwanted {
			if i := bytes.Index(text, []byte(word)); i >= 0 {
				t.Errorf("%s:%d contains %q", name, 1+bytes.Count(text[:i], []byte("\n")), word)
			}
		}
	}
	if looked < 50 {
		t.Errorf("looked at %d files only", looked)
	}
}

// maxBinary bounds what git has to keep for ever, outside of the prebuilt guests.
const maxBinary = 1 << 20

func TestNoLargeBinaries(t *testing.T) {
	cmd := exec.Command("git", "ls-files", "-z")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Skip("not a git checkout: ", err)
	}
	for name := range strings.SplitSeq(string(out), "\x00") {
		info, err := os.Stat(filepath.Join(root, name))
		if err == nil && info.Mode().IsRegular() && info.Size() > maxBinary && !strings.HasPrefix(name, "testdata/guests/") {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
	}
}
