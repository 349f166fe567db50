package config

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestBadFiles: the files in testdata/bad have errors in the lines, and only
// in those, that end in "# ERROR field: text", where * at the end is for any
// text.
func TestBadFiles(t *testing.T) {
	names, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := load(t, string(text))
			if f != nil {
				t.Error("there is a file beside the error")
			}
			var got []string
			for _, e := range all(t, err) {
				if filepath.Base(e.File) != "wasitls.yaml" {
					t.Errorf("of file %s: %v", e.File, e)
				}
				got = append(got, fmt.Sprintf("%d: %s", e.Line, strings.TrimPrefix(e.Field+": ", ": ")+e.Err.Error()))
			}
			compare(t, got, expected(string(text)))
			if err != nil {
				noSecret(t, err.Error())
			}
		})
	}
}

// all returns the errors of a file.
func all(t *testing.T, err error) []*Error {
	t.Helper()
	if err == nil {
		return nil
	}
	var errs []*Error
	for _, err := range err.(interface{ Unwrap() []error }).Unwrap() {
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("of another kind: %v", err)
		}
		errs = append(errs, e)
	}
	return errs
}

// expected returns the errors that the comments of a file announce.
func expected(text string) []string {
	var want []string
	for i, line := range strings.Split(text, "\n") {
		for _, e := range strings.Split(line, "# ERROR ")[1:] {
			want = append(want, fmt.Sprintf("%d: %s", i+1, strings.TrimSpace(e)))
		}
	}
	return want
}

func compare(t *testing.T, got, want []string) {
	t.Helper()
	matches := func(got, want string) bool {
		start, any := strings.CutSuffix(want, "*")
		return got == want || any && strings.HasPrefix(got, start)
	}
	for _, w := range want {
		if !slices.ContainsFunc(got, func(g string) bool { return matches(g, w) }) {
			t.Errorf("not told:\n%s", w)
		}
	}
	for _, g := range got {
		if !slices.ContainsFunc(want, func(w string) bool { return matches(g, w) }) {
			t.Errorf("told:\n%s", g)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d errors, want %d", len(got), len(want))
	}
}

// noSecret looks for what was planted: hunter2, the password, parts of keys.
func noSecret(t *testing.T, text string) {
	t.Helper()
	planted := []string{"hunter2", password}
	for _, name := range []string{"me.key", "sec1.key", "pkcs1.key"} {
		planted = append(planted, strings.Split(material()[name], "\n")[1:3]...)
	}
	for _, p := range planted {
		if p = strings.TrimSpace(p); p != "" && !strings.HasPrefix(p, "-") && strings.Contains(text, p) {
			t.Errorf("a secret is in %q", text)
		}
	}
}

// TestKeyInAWrongPlace: no error repeats a private key, wherever it was put.
func TestKeyInAWrongPlace(t *testing.T) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	noError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	noError(t, err)
	body := base64.StdEncoding.EncodeToString(der)
	text := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	for _, field := range []string{
		"name: %s", "servers: %s", "roots: {files: %s}", "roots: {pem: %s}", "roots: {base: %s}", "min-version: %s", "groups: %s",
		"alpn: %s", "identity: %s", "pins: %s", "ocsp: %s", "crls: %s", "handshake-timeout: %s", "profile: %s", "resumption: %s",
	} {
		for _, planted := range []string{body, text} {
			file := filepath.Join(t.TempDir(), "f.yaml")
			line := fmt.Sprintf(field, strconv.Quote(planted))
			noError(t, os.WriteFile(file, []byte("tls:\n  rules:\n  - "+line+"\n"), 0o600))
			_, err := Load(file, Options{})
			if err == nil || strings.Contains(err.Error(), body[24:40]) || strings.Contains(err.Error(), body[40:]) {
				t.Errorf("%s: %v", field, err)
			}
		}
	}
}
