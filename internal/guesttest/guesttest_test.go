package guesttest

import (
	"bytes"
	"os"
	"testing"
)

func TestComponent(t *testing.T) {
	c := Component(t, "hello")
	if !bytes.HasPrefix(c, []byte("\x00asm\x0d\x00\x01\x00")) {
		t.Errorf("starts with % x: not a component", c[:8])
	}
	onDisk, err := os.ReadFile(File(t, "hello"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(onDisk, c) {
		t.Error("File wrote other bytes")
	}
}
