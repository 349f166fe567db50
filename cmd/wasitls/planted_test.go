package main

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// The secrets that are planted, each in a place of its own. They could be names
// of YAML, so that nothing but care keeps them out of errors.
const (
	plantedEntry    = "planted-entry-zK3vQ9wX"    // in a file of the form .env
	plantedUnused   = "planted-unused-p7RtY2mN"   // there too, mapped nowhere
	plantedLiteral  = "planted-literal-b5HsD8cF"  // in the configuration itself
	plantedVariable = "planted-variable-j4LgW6eU" // in the host's environment
	plantedFile     = "planted-file-n1TxC0oV"     // in a file of its own
	plantedPassword = "planted-password-y9MqA3kS" // of a PKCS#12 file
	plantedTypo     = "planted-typo-d2ZfP8iB"     // in what cannot be read
)

// plant makes a project in dir and returns the authority of its certificates,
// and the secrets in it by their places.
func plant(t *testing.T, dir string) (*wasitlstest.CA, map[string][]byte) {
	t.Helper()
	ca := wasitlstest.NewCA()
	client := ca.Leaf(wasitlstest.Usage(x509.ExtKeyUsageClientAuth))
	leaf, err := x509.ParseCertificate(client.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(client.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	bag, err := pkcs12.Modern.Encode(client.PrivateKey, leaf, nil, plantedPassword)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"ca.pem": ca.PEM(), "client.p12": bag,
		"client.pem":  pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}),
		"client.key":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"secrets.env": []byte("ENTRY=" + plantedEntry + "\nUNUSED='" + plantedUnused + "'\n"),
		"typo.env":    []byte("ENTRY=x\n" + plantedTypo + "\n"),
		"quote.env":   []byte("ENTRY=\"" + plantedTypo + "\n"),
		"token":       []byte(plantedFile + "\n"),
		"good.yaml":   []byte(projectYAML),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ca, map[string][]byte{
		"an entry": []byte(plantedEntry), "an unused entry": []byte(plantedUnused), "a literal": []byte(plantedLiteral),
		"a variable": []byte(plantedVariable), "a file": []byte(plantedFile), "a password": []byte(plantedPassword),
		"a typing error": []byte(plantedTypo),
		"a key":          key[len(key)/2:], // the second half, which has the curve's point, and a part of the scalar
		"a key's scalar": key[36:68],
		"a key's line":   bytes.Split(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), []byte("\n"))[2],
	}
}

const projectYAML = `
tls:
  default: deny
  rules:
    - {servers: [pem.test, 127.0.0.1], roots: {base: none, files: ca.pem}, identity: pem}
    - {servers: bag.test, roots: {base: none, files: ca.pem}, identity: bag}
  identities:
    pem: {certificate: client.pem, key: {secret: key}}
    bag: {pkcs12: client.p12, password: {env: P12_PASSWORD}}
workload:
  env:
    ENTRY: {secret: entry}
  config:
    token: {secret: variable}
  secrets:
    entry: {file: secrets.env, key: ENTRY}
    unused: {file: secrets.env, key: UNUSED}
    variable: {env: API_TOKEN}
    literal: {value: ` + plantedLiteral + `}
    file: {file: token}
    key: {file: client.key}
`

// typos are configurations that cannot be read, with a secret where they go
// wrong.
var typos = []string{
	"workload: {secrets: {s: {value: \"SECRET}}}",
	"workload: {secrets: {s: {value: 'SECRET}}}",
	"workload: {secrets: {s: {value: [SECRET}}}",
	"workload:\n  secrets:\n    s:\n      value: SECRET: x\n",
	"workload:\n  secrets:\n    s: {value: SECRET\n",
	"workload:\n  secrets:\n\ts: SECRET\n",
	"workload:\n  secrets:\n    s:\n    value: SECRET\n",
	"workload:\n  secrets:\n    s: SECRET\n     value: x\n",
	"workload: {secrets: {s: {value: &SECRET x}}}",
	"workload: {secrets: {s: {value: *SECRET}}}",
	"workload: {secrets: {s: {value: !SECRET x}}}",
	"workload: {secrets: {s: {value: \"\\qSECRET\"}}}",
	"workload: {secrets: {s: {value: %SECRET}}}",
	"workload: {secrets: {s: {value: @SECRET}}}",
	"workload: {secrets: {s: {value: `SECRET}}}",
	"workload: {secrets: {s: {value: |SECRET}}}",
	"%SECRET\n---\nworkload: {}",
	"workload: {secrets: {s: SECRET}}",
	"workload: {secrets: {s: [SECRET]}}",
	"workload: {secrets: {s: {SECRET}}}",
	"workload: {secrets: {s: {SECRET: x}}}",
	"workload: {secrets: {s: {value: {SECRET: x}}}}",
	"workload: {secrets: {s: {value: [SECRET]}}}",
	"workload: {secrets: {s: {value: x, value: SECRET}}}",
	"workload: {secrets: {s: {SECRET: x, SECRET: x}}}",
	"workload: {secrets: {s: {file: SECRET}}}",
	"workload: {secrets: {s: {file: ../SECRET}}}",
	"workload: {secrets: {s: {env: SECRET}}}",
	"workload: {secrets: {s: {file: secrets.env, key: SECRET}}}",
	"workload: {secrets: {s: {file: typo.env, key: ENTRY}}}",
	"workload: {secrets: {s: {file: quote.env, key: ENTRY}}}",
	"workload: {secrets: [SECRET]}",
	"workload: {secrets: SECRET}",
	"workload: {secrets: {\"SECRET!\": {env: HOME}}}",
	"workload: {env: {A: {secret: SECRET}}}",
	"workload: {env: {A: {file: SECRET}}}",
	"workload: {env: {A: {env: SECRET}}}",
	"workload: {env: {A: {value: SECRET}}}",
	"workload: {env: {A: [SECRET]}}",
	"workload: {env: {\"A=SECRET\": x}}",
	"workload: {config: {a: {SECRET: {}}}}",
	"workload: SECRET",
	"SECRET",
	"tls: {default: deny, identities: {me: {pkcs12: client.p12, password: SECRET}}}",
	"tls: {default: deny, identities: {me: {pkcs12: client.p12, password: {value: SECRET}}}}",
	"tls: {default: deny, identities: {me: {pkcs12: client.p12, password: {env: SECRET}}}}",
	"tls: {default: deny, identities: {me: {pkcs12: client.p12, password: [SECRET]}}}",
	"tls: {default: deny, identities: {me: {pkcs12: client.p12, password: {env: WRONG_PASSWORD}}}}",
	"tls: {default: deny, identities: {me: {certificate: client.pem, key: SECRET}}}",
	"tls: {default: deny, identities: {me: {certificate: client.pem, key: {SECRET: x}}}}",
	"tls: {default: deny, identities: {me: {certificate: client.pem, key: \"-----BEGIN PRIVATE KEY-----\\nSECRET\"}}}",
	"tls: {default: deny, identities: {me: {certificate: client.key, key: client.pem}}}",
	"tls: {default: deny, identities: {me: {certificate: client.pem, key: {secret: SECRET}}}}",
}

// No output, and no file that is written, has a planted secret in any form: but
// for what the guest prints of those that it was given.
func TestPlantedSecretsStayHidden(t *testing.T) {
	guests, err := filepath.Abs(guestsDir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(guests); err != nil {
		t.Skip("the prebuilt guests are not here: ", err)
	}
	dir, cache := t.TempDir(), t.TempDir()
	ca, secrets := plant(t, dir)
	own := files(t, dir)
	configured, hello := filepath.Join(guests, "configured.wasm.gz"), filepath.Join(guests, "hello.wasm.gz")
	good := []string{"--experimental-tls", "--experimental-config", "--config=good.yaml", "--allow-literal-secrets"}
	run := func(args ...string) []string { return append(append([]string{"run"}, good...), args...) }
	type line struct {
		args   []string
		status int
		prints string // what of the secrets its stdout has, deliberately
	}
	lines := []line{
		{run(configured, "env=ENTRY"), 0, plantedEntry},
		{run(configured, "all"), 0, plantedVariable},
		{run(configured, "env=UNUSED", "get=unused", "env=API_TOKEN", "env=P12_PASSWORD"), 0, ""},
		{run(configured, "panic"), 134, ""},
		{run(hello, "exit=1"), 1, ""},
		{run(hello, "grow=4000"), 134, ""},
		{run("--timeout=1ns", hello, "sleep=100"), 134, ""},
		{run("--env=="+plantedTypo, hello), 2, ""},
		{run("none.wasm"), 2, ""},
		{run("good.yaml"), 2, ""},
		{run("client.key"), 2, ""},
		{[]string{"run", "--config=client.key", hello}, 2, ""},
		{[]string{"run", "--config=secrets.env", hello}, 2, ""},
		{[]string{"run", "--config=token", hello}, 2, ""},
		{[]string{"run", "--experimental-tls", "--config=good.yaml", hello}, 2, ""}, // literals are refused
		{[]string{"run", "--experimental-tls", "--tls-ca=client.key", hello}, 2, ""},
		{[]string{"inspect", configured}, 0, ""},
		{[]string{"inspect", "good.yaml"}, 2, ""},
		{[]string{"explain", "--config=good.yaml", "--allow-literal-secrets", "--server-name=pem.test"}, 0, ""},
		{[]string{"explain", "--config=good.yaml", "--allow-literal-secrets", "--server-name=bag.test", "--json"}, 0, ""},
		{[]string{"explain", "--config=good.yaml", "--server-name=pem.test"}, 2, ""},
		{[]string{"help", "run"}, 0, ""},
		{[]string{"version"}, 0, ""},
	}
	// A server asks for the identity, whose key is one of the secrets; the
	// record of the connection is one of the files that are looked at.
	server, err := kinds["mtls"](ca).Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	lines = append(lines, line{run("--tls-audit=audit.jsonl", "--allow-net="+server.Addr(),
		filepath.Join(guests, "https-get.wasm.gz"), "https://"+server.Addr()+"/"), 0, ""})
	for i, text := range typos {
		name := fmt.Sprintf("typo%d.yaml", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.ReplaceAll(text, "SECRET", plantedTypo)), 0o600); err != nil {
			t.Fatal(err)
		}
		own[name] = true
		lines = append(lines, line{[]string{"run", "--experimental-tls", "--allow-literal-secrets", "--config=" + name, hello}, 2, ""})
	}
	for _, l := range lines {
		cmd := exec.Command("wasitls", l.args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+cache, "API_TOKEN="+plantedVariable, "P12_PASSWORD="+plantedPassword, "WRONG_PASSWORD="+plantedTypo)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		cmd.Run()
		if got := cmd.ProcessState.ExitCode(); got != l.status {
			t.Errorf("%q: status %d, want %d: %s", l.args, got, l.status, stderr.Bytes())
		}
		if l.status == 2 && stderr.Len() == 0 {
			t.Errorf("%q: refused without a word", l.args)
		}
		if l.prints != "" {
			if !bytes.Contains(stdout.Bytes(), []byte(l.prints)) {
				t.Errorf("%q: the guest does not print what it was given", l.args)
			}
			stdout = *bytes.NewBuffer(bytes.ReplaceAll(stdout.Bytes(), []byte(l.prints), nil))
		}
		shows(t, fmt.Sprintf("stdout of %q", l.args), stdout.Bytes(), secrets)
		shows(t, fmt.Sprintf("stderr of %q", l.args), stderr.Bytes(), secrets)
	}
	kept := files(t, cache)
	if len(kept) == 0 {
		t.Error("nothing in the cache")
	}
	for name := range kept {
		text, err := os.ReadFile(filepath.Join(cache, name))
		if err != nil {
			t.Fatal(err)
		}
		shows(t, "the cache's "+name, text, secrets)
	}
	written := files(t, dir)
	if !written["audit.jsonl"] {
		t.Error("no record of connections")
	}
	for name := range written {
		if own[name] {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if len(text) == 0 {
			t.Errorf("%s, which was written, is empty", name)
		}
		shows(t, name+", which was written", text, secrets)
	}
}

// What Go prints of values, and of panics with them, has none either.
func TestPlantedSecretsInPanics(t *testing.T) {
	dir := t.TempDir()
	_, secrets := plant(t, dir)
	t.Setenv("API_TOKEN", plantedVariable)
	t.Setenv("P12_PASSWORD", plantedPassword)
	l := &runLine{component: "x.wasm", tls: allDrafts, tlsRoots: "system", config: filepath.Join(dir, "good.yaml"), literals: true}
	g, err := l.guest(stdio.Streams{})
	if err != nil {
		t.Fatal(err)
	}
	if string(g.workload.Secrets["literal"].Reveal()) != plantedLiteral {
		t.Fatal("the secrets are not there")
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%q"} {
		said := func() (text string) {
			defer func() { text = fmt.Sprintf(verb, recover()) }()
			panic(g.workload)
		}()
		shows(t, "a panic, by "+verb, []byte(said), secrets)
		shows(t, "a run, by "+verb, fmt.Appendf(nil, verb, *g), secrets)
	}
}

// files returns the names of what is in a folder, at any depth.
func files(t *testing.T, dir string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			all[name] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// shows fails the test if a text has one of the secrets in any form.
func shows(t *testing.T, what string, text []byte, secrets map[string][]byte) {
	t.Helper()
	for place, s := range secrets {
		for form, f := range forms(s) {
			if bytes.Contains(text, f) {
				t.Errorf("%s shows %s, as %s", what, place, form)
			}
		}
	}
}

// forms returns a secret as it is and as it is in encodings, wherever in what
// was encoded it begins.
func forms(s []byte) map[string][]byte {
	all := map[string][]byte{
		"it is": s, "hexadecimal": []byte(hex.EncodeToString(s)), "HEXADECIMAL": bytes.ToUpper([]byte(hex.EncodeToString(s))),
	}
	for shift := range 3 {
		for name, e := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "base64url": base64.RawURLEncoding} {
			text := e.EncodeToString(append(make([]byte, shift), s...))
			// The ends have bits of what stands beside it.
			all[fmt.Sprint(name, shift)] = []byte(text[(shift*8+5)/6 : len(text)-1])
		}
	}
	return all
}

// The search finds what it is for.
func TestFormsAreFound(t *testing.T) {
	s := []byte("planted-x")
	for _, text := range []string{
		"a planted-x b", base64.StdEncoding.EncodeToString([]byte("planted-x")), base64.StdEncoding.EncodeToString([]byte("?planted-x??")),
		base64.URLEncoding.EncodeToString([]byte("??planted-x?")), fmt.Sprintf("%x", "planted-x"), fmt.Sprintf("%X", "planted-x"),
	} {
		found := false
		for _, f := range forms(s) {
			found = found || bytes.Contains([]byte(text), f)
		}
		if !found {
			t.Errorf("not found in %s", text)
		}
	}
}
