package stored

import (
	"compress/gzip"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestFolder(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	fills := 0
	fill := func(dir string) error {
		fills++
		return os.WriteFile(filepath.Join(dir, "file"), []byte("text"), 0o644)
	}
	failure := errors.New("failure")
	if _, err := Folder("name", []byte("a"), func(string) error { return failure }); err != failure {
		t.Errorf("what could not be filled: %v", err)
	}
	first, err := Folder("name", []byte("a"), fill)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Folder("name", []byte("a"), fill)
	if err != nil || again != first || fills != 1 {
		t.Errorf("%s and %s, filled %d times, %v", first, again, fills, err)
	}
	other, err := Folder("name", []byte("b"), fill)
	if err != nil || other == first || fills != 2 {
		t.Errorf("%s and %s, filled %d times, %v", first, other, fills, err)
	}
	if left, err := os.ReadDir(filepath.Dir(first)); err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestUnpack(t *testing.T) {
	packed, to := filepath.Join(t.TempDir(), "packed"), filepath.Join(t.TempDir(), "to")
	f, err := os.Create(packed)
	if err != nil {
		t.Fatal(err)
	}
	w := gzip.NewWriter(f)
	w.Write([]byte("text"))
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(packed, to); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(to); err != nil || string(text) != "text" {
		t.Errorf("%q, %v", text, err)
	}
	if err := Unpack(to, packed); err == nil {
		t.Error("what is not packed was unpacked")
	}
}
