package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestUnpackIsBounded(t *testing.T) {
	wasm := append([]byte("\x00asm\x0d\x00\x01\x00"), make([]byte, 992)...)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	w.Write(wasm)
	w.Close()
	for name, file := range map[string][]byte{"plain": wasm, "packed": packed.Bytes()} {
		if b, err := readComponent(bytes.NewReader(file), 1000); err != nil || !bytes.Equal(b, wasm) {
			t.Errorf("%s, at the limit: %d bytes, %v", name, len(b), err)
		}
		if b, err := readComponent(bytes.NewReader(file), 999); err == nil {
			t.Errorf("%s, beyond the limit: %d bytes and no error", name, len(b))
		}
	}
	if _, err := readComponent(bytes.NewReader(packed.Bytes()[:packed.Len()-1]), 1000); err == nil {
		t.Error("a torn file is no error")
	}
}

// What is no component is told from its first bytes, though it never end.
func TestEndlessFileIsRefused(t *testing.T) {
	if _, err := loadComponent("/dev/zero"); !errors.Is(err, errNotWasm) {
		t.Errorf("%v", err)
	}
}

func TestReportIsOnePrintableLine(t *testing.T) {
	var out bytes.Buffer
	status := report(errors.New("host: one\ntwo\x1b[2Jthree\a"), &out)
	if status != exitRefused {
		t.Errorf("status %d", status)
	}
	if want := "wasitls: one; two�[2Jthree�\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
	out.Reset()
	report(errors.New(strings.Repeat("é\n", 1<<20)), &out)
	if out.Len() > maxLine+100 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("a long error takes %d bytes", out.Len())
	}
}

// The flags that help lists are those that there are.
func TestHelpListsEveryFlag(t *testing.T) {
	for name, c := range commands() {
		listed := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^  --([a-z-]+)`).FindAllStringSubmatch(c.help, -1) {
			listed[m[1]] = true
		}
		have := map[string]bool{}
		switch name {
		case "run":
			new(runLine).flags("run").VisitAll(func(f *pflag.Flag) { have[f.Name] = true })
		case "python": // and those of run, which it names
			have["packages"], have["python"] = true, true
		case "inspect":
			have["json"] = true
		case "explain":
			new(explainLine).flags().VisitAll(func(f *pflag.Flag) { have[f.Name] = true })
		}
		for f := range listed {
			if !have[f] {
				t.Errorf("%s: help lists --%s, which is none", name, f)
			}
		}
		for f := range have {
			if !listed[f] {
				t.Errorf("%s: help does not list --%s", name, f)
			}
		}
		if !strings.Contains(c.help, "\nExample:\n  wasitls "+name) {
			t.Errorf("%s: help does not end in an example", name)
		}
		for line := range strings.Lines(c.help) {
			if len(strings.TrimSuffix(line, "\n")) > 80 {
				t.Errorf("%s: a line of more than 80: %s", name, line)
			}
		}
	}
}

// The guests inside the command are those that the guests' module builds and
// tests, and small.
func TestDemoGuestsAreTheTestedOnes(t *testing.T) {
	for _, g := range []*demoGuest{demoGuest02, demoGuest03} {
		file := g.name + ".wasm.gz"
		built, err := os.ReadFile(filepath.Join(guestsDir, file))
		if err != nil {
			t.Skip("the prebuilt guests are not here: ", err)
		}
		if !bytes.Equal(built, g.packed) {
			t.Errorf("demo/%s is not testdata/guests/%[1]s; copy it", file)
		}
		if len(g.packed) >= 1<<20 {
			t.Errorf("%s: %d bytes", file, len(g.packed))
		}
	}
}
