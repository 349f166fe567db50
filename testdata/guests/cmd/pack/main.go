// Command pack puts a freshly built component into the folder of prebuilt guests:
//
//	pack -root REPOSITORY -name NAME -component FILE -tool "rustc 1.97.1" ... SOURCE...
//
// It compresses the component, digests its sources and writes both into manifest.json. With
// -data instead of -component the file is one that components read.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/wasitls/wasitls/testdata/guests/internal/manifest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func run() error {
	var e manifest.Entry
	root := flag.String("root", ".", "the repository's `folder`")
	file := flag.String("component", "", "the component's `file`")
	data := flag.String("data", "", "a `file` that is no component")
	flag.StringVar(&e.Name, "name", "", "the component's `name`")
	flag.Func("tool", "a tool and its `version` (repeatable)", func(s string) error {
		e.Toolchain = append(e.Toolchain, s)
		return nil
	})
	flag.Parse()
	e.Sources = flag.Args()
	if e.Name == "" || (*file == "") == (*data == "") || len(e.Sources) == 0 {
		return errors.New("needs -name, -component or -data, and sources")
	}
	if *data != "" {
		e.Data, *file = true, *data
	}
	content, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(content)
	e.SHA256, e.Size = hex.EncodeToString(sum[:]), len(content)
	if e.SourceDigest, err = manifest.Digest(*root, e.Sources); err != nil {
		return err
	}
	dir := filepath.Join(*root, "testdata", "guests")
	if err := compress(filepath.Join(dir, e.Packed()), content); err != nil {
		return err
	}
	return record(filepath.Join(dir, manifest.File), e)
}

// compress writes no time and no name, so that equal contents give equal files.
func compress(name string, content []byte) error {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return err
	}
	w.Write(content)
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o644)
}

func record(name string, e manifest.Entry) error {
	var all []manifest.Entry
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	default:
		if all, err = manifest.Parse(text); err != nil {
			return err
		}
	}
	all = slices.DeleteFunc(all, func(o manifest.Entry) bool { return o.Name == e.Name })
	if text, err = manifest.Format(append(all, e)); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}
