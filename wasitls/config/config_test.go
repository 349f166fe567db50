package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
)

// write makes files in a folder of their own and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFrame(t *testing.T) {
	dir := write(t, map[string]string{"wasitls.yaml": `
tls:
  default: deny
  rules:
    - servers: "*.corp.example"
      min-version: 1.3
      ocsp: off
      handshake-timeout: 10s
  limits: {read-buffer: 64KiB}
`})
	f, err := Load(filepath.Join(dir, "wasitls.yaml"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := f.Policy.Rules[0]
	if f.Policy.Default != wasitls.Deny || r.Servers[0] != "*.corp.example" || r.MinVersion != 0x304 ||
		r.HandshakeTimeout != 10*time.Second || f.Policy.Limits.ReadBuffer != 64<<10 {
		t.Errorf("%+v", f.Policy)
	}
	if got := f.Line("tls.rules[0].min-version"); got != 6 {
		t.Errorf("line %d", got)
	}
}
