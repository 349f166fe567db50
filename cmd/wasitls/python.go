package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// The Python guest and its library, as they are kept.
const (
	pythonGuest   = "python.wasm.gz"
	pythonLibrary = "python313.zip"
)

const pythonHint = "--python=DIR or the variable WASITLS_PYTHON names the folder with " + pythonGuest + " and " + pythonLibrary + ".gz"

// Where a script finds what it is granted.
const (
	guestLibrary  = "/usr"
	guestScripts  = "/app"
	guestPackages = "/packages"
)

// pythonLine is the command line of wasitls python: that of run, for a script.
type pythonLine struct {
	runLine
	home     string
	packages []string
}

func doPython(args []string, std stdio.Streams) error {
	l := new(pythonLine)
	set := l.flags("python")
	set.StringVar(&l.home, "python", "", "")
	set.StringArrayVar(&l.packages, "packages", nil, "")
	if err := l.parse(set, args); err != nil {
		return err
	}
	if set.NArg() == 0 {
		return usageOf("python", errors.New("no script given"))
	}
	home, err := findPython(l.home)
	if err != nil {
		return err
	}
	l.component, l.args = filepath.Join(home, pythonGuest), set.Args()
	g, err := l.guest(std)
	if err != nil {
		return err
	}
	if err := l.grant(g, set.ArgsLenAtDash() == 0); err != nil {
		return err
	}
	library, done, err := l.library(filepath.Join(home, pythonLibrary+".gz"))
	if err != nil {
		return err
	}
	defer done()
	g.mounts = append(g.mounts, rootfs.Mount{Host: library, Guest: guestLibrary, ReadOnly: true})
	return l.run(g)
}

// findPython returns the folder that holds the guest and its library.
func findPython(given string) (string, error) {
	if given == "" {
		given = os.Getenv("WASITLS_PYTHON")
	}
	home := given
	if home == "" {
		self, err := os.Executable()
		if err != nil {
			return "", refuse(pythonHint, "no Python: %w", err)
		}
		home = filepath.Join(filepath.Dir(self), "..", "testdata", "guests")
	}
	for _, name := range []string{pythonGuest, pythonLibrary + ".gz"} {
		if _, err := os.Stat(filepath.Join(home, name)); err != nil {
			return "", refuse(pythonHint, "no Python: %s: %w", filepath.Join(home, name), withoutPath(err))
		}
	}
	return home, nil
}

// grant gives the guest its script, unless the arguments are Python's own, and
// its packages.
func (l *pythonLine) grant(g *guest, own bool) error {
	if !own {
		script, err := l.script(g)
		if err != nil {
			return err
		}
		g.args[1] = script
	}
	if len(l.packages) == 0 {
		return nil
	}
	if slices.ContainsFunc(g.env, func(v wasi.Variable) bool { return v.Name == "PYTHONPATH" }) {
		return usageOf("python", errors.New("--packages and --env=PYTHONPATH exclude each other"))
	}
	var path []string
	for i, dir := range l.packages {
		info, err := os.Stat(dir)
		switch {
		case err != nil:
			return refuse("pip install --target="+dir+" makes it", "--packages=%s: %w", dir, withoutPath(err))
		case !info.IsDir():
			return refuse("", "--packages=%s: not a folder", dir)
		}
		at := fmt.Sprint(guestPackages, i)
		g.mounts = append(g.mounts, rootfs.Mount{Host: dir, Guest: at, ReadOnly: true})
		path = append(path, at)
	}
	g.env = append(g.env, wasi.Variable{Name: "PYTHONPATH", Value: strings.Join(path, ":")})
	return nil
}

// script grants the folder of the script and returns its name in there.
func (l *pythonLine) script(g *guest) (string, error) {
	name := l.args[0]
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return "", refuse("what is for Python itself follows --", "%s: %w", name, withoutPath(err))
	case info.IsDir():
		return "", refuse("name a script in it", "%s: a folder", name)
	}
	g.mounts = append(g.mounts, rootfs.Mount{Host: filepath.Dir(name), Guest: guestScripts, ReadOnly: true})
	return guestScripts + "/" + filepath.Base(name), nil
}

// library returns a folder with the unpacked library. It is kept beside the
// compiled code; where nothing is to be kept, done removes it.
func (l *pythonLine) library(packed string) (dir string, done func(), err error) {
	text, err := os.ReadFile(packed)
	if err != nil {
		return "", nil, refuse("", "%w", err)
	}
	sum := sha256.Sum256(text)
	dir, done, err = l.place(hex.EncodeToString(sum[:8]))
	if err != nil {
		return "", nil, err
	}
	file := filepath.Join(dir, "lib", pythonLibrary)
	if _, err := os.Stat(file); err == nil {
		return dir, done, nil
	}
	if err := unpackTo(file, text); err != nil {
		done()
		return "", nil, refuse("--no-cache uses the folder for temporary files", "%s: %w", packed, err)
	}
	return dir, done, nil
}

// place returns the folder for a library, which may be there already.
func (l *pythonLine) place(sum string) (dir string, done func(), err error) {
	keep := cmp.Or(l.cacheDir, defaultCache())
	if keep != "" && !l.noCache {
		return filepath.Join(keep, "python-"+sum), func() {}, nil
	}
	dir, err = os.MkdirTemp("", "wasitls-python-")
	return dir, func() { os.RemoveAll(dir) }, err
}

// unpackTo writes what is packed to a file, which is there whole or not at all.
func unpackTo(file string, packed []byte) error {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	unpacked, err := readLimited(z, maxComponent)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(file), "")
	if err != nil {
		return err
	}
	_, err = f.Write(unpacked)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
