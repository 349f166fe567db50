package guests

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/testdata/guests/internal/manifest"
)

// root is the repository, as seen from this folder.
const root = "../.."

func TestComponents(t *testing.T) {
	all, err := Entries()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			get := Component
			if e.Data {
				get = Data
			}
			c, err := get(e.Name)
			if err != nil {
				t.Fatal(err)
			}
			if len(c) != e.Size {
				t.Errorf("%d bytes, manifest says %d", len(c), e.Size)
			}
			if bytes.HasPrefix(c, []byte("\x00asm\x0d\x00\x01\x00")) == e.Data {
				t.Errorf("starts with % x, data: %v", c[:8], e.Data)
			}
			if len(e.Toolchain) == 0 {
				t.Error("no toolchain recorded")
			}
		})
	}
}

func TestComponentUnknown(t *testing.T) {
	if _, err := Component("nobody"); err == nil || !strings.Contains(err.Error(), "hello") {
		t.Errorf("error %v does not list the known names", err)
	}
	if _, err := Component("python313.zip"); err == nil {
		t.Error("data is a component")
	}
	if _, err := Data("hello"); err == nil {
		t.Error("a component is data")
	}
}

// Every file in the folder is in the manifest and was built from the sources as they
// are now.
func TestSourcesUnchanged(t *testing.T) {
	if _, err := os.Stat(filepath.Join(root, "guests", "build.sh")); err != nil {
		t.Skip("the guests' sources are not here: ", err)
	}
	all, err := Entries()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, e := range all {
		known[e.Packed()] = true
		digest, err := manifest.Digest(root, e.Sources)
		if err != nil {
			t.Errorf("%s: %v", e.Name, err)
		} else if digest != e.SourceDigest {
			t.Errorf("%s: its sources changed since it was built; run make guests or make guests-python", e.Name)
		}
	}
	packed, err := filepath.Glob("*.gz")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range packed {
		if !known[name] {
			t.Errorf("%s is not in the manifest", name)
		}
	}
}

// The digest must see a changed byte, a renamed file and a missing folder.
func TestDigest(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	digest := func() string {
		t.Helper()
		d, err := manifest.Digest(dir, []string{"."})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	write("a", "one")
	first := digest()
	write("README.md", "text")
	if digest() != first {
		t.Error("a Markdown file changed the digest")
	}
	write("a", "two")
	second := digest()
	if second == first {
		t.Error("a changed file did not change the digest")
	}
	if err := os.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b")); err != nil {
		t.Fatal(err)
	}
	if digest() == second {
		t.Error("a renamed file did not change the digest")
	}
	if _, err := manifest.Digest(dir, []string{"none"}); err == nil {
		t.Error("a missing source is no error")
	}
}
