package config

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/secret"
)

// full states every field, none with its default.
const full = `
tls:
  default: allow
  rules:
    - name: internal
      servers: ["*.corp.example", 192.0.2.0/24]
      action: allow
      roots:
        base: mozilla
        files: [ca.pem, me.pem]
        pem: "PEM"
      min-version: 1.3
      max-version: "1.3"
      groups: X25519MLKEM768
      post-quantum: required
      alpn: h2
      identity: me
      pins: sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
      ocsp: must-staple
      crls: [list.crl, list.pem]
      truncation: allowed
      handshake-timeout: 1m30s
      resumption: true
      profile: webpki
      require-resolved: true
    - servers: "*"
      action: deny
  identities:
    me: {certificate: me.pem, key: me.key}
  limits:
    connections-per-guest: 1
    connections: 2
    handshakes-per-guest: 3
    handshakes: 4
    write-buffer: 64KiB
    read-buffer: 2048
    buffered: 1GiB
    close-timeout: 7s
`

func TestEveryField(t *testing.T) {
	f, err := load(t, strings.Replace(full, "PEM", strings.ReplaceAll(material()["other.pem"], "\n", `\n`), 1))
	noError(t, err)
	p := f.Policy
	me := p.Identities["me"]
	if me == nil || len(p.Rules) != 2 {
		t.Fatalf("%+v", p)
	}
	r := p.Rules[0]
	got := [...]any{
		p.Default, r.Name, r.Servers, r.Action, r.Roots.Base, r.MinVersion, r.MaxVersion, r.Groups, r.RequirePostQuantum, r.ALPN,
		r.Identity, r.Pins, r.OCSP, r.AllowTruncation, r.HandshakeTimeout, r.Resumption, r.Profile, r.RequireResolved,
		p.Rules[1].Action, p.Limits,
	}
	pin, err := wasitls.ParsePin("sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=")
	noError(t, err)
	want := [...]any{
		wasitls.Allow, "internal", []string{"*.corp.example", "192.0.2.0/24"}, wasitls.Allow, wasitls.BaseMozilla,
		uint16(tls.VersionTLS13), uint16(tls.VersionTLS13), []tls.CurveID{tls.X25519MLKEM768}, true, []string{"h2"},
		"me", []wasitls.Pin{pin}, wasitls.OCSPMustStaple, true, 90 * time.Second, true, wasitls.ProfileWebPKI, true,
		wasitls.Deny, wasitls.Limits{
			ConnectionsPerGuest: 1, Connections: 2, HandshakesPerGuest: 3, Handshakes: 4,
			WriteBuffer: 64 << 10, ReadBuffer: 2048, Buffered: 1 << 30, CloseTimeout: 7 * time.Second,
		},
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%d: %v, want %v", i, got[i], want[i])
		}
	}
	for _, v := range []any{r, p.Limits, *p} {
		for i := range reflect.TypeOf(v).NumField() {
			if reflect.ValueOf(v).Field(i).IsZero() {
				t.Errorf("%T.%s is not in the file of this test", v, reflect.TypeOf(v).Field(i).Name)
			}
		}
	}
	if len(r.CRLs) != 2 || r.CRLs[0].Number.Int64() != 1 {
		t.Errorf("revocation lists: %v", r.CRLs)
	}
	if len(r.Roots.Certificates) != 4 {
		t.Errorf("%d roots", len(r.Roots.Certificates))
	}
	var from []string
	for _, s := range f.RootSources(0) {
		from = append(from, fmt.Sprint(s.File, " ", len(s.Certificates)))
	}
	if want := []string{"ca.pem 1", "me.pem 2", " 1"}; !slices.Equal(from, want) {
		t.Errorf("roots from %q, want %q", from, want)
	}
}

// What is not stated is left to the defaults of package wasitls.
func TestDefaults(t *testing.T) {
	f, err := load(t, `tls: {default: deny, rules: [{servers: good.test}]}`)
	noError(t, err)
	want := &wasitls.Policy{Default: wasitls.Deny, Rules: []wasitls.Rule{{Servers: []string{"good.test"}}}}
	if !reflect.DeepEqual(f.Policy, want) || f.Workload != nil {
		t.Errorf("%+v, %+v", f.Policy, f.Workload)
	}
}

// Certificates and keys come from files, the environment and secrets, in every
// form, and the identity is the same.
func TestIdentities(t *testing.T) {
	const head = "tls:\n  default: deny\n  identities:\n    me: "
	for _, text := range []string{
		"{certificate: me.pem, key: me.key}",
		"{certificate: {file: me.pem}, key: {file: sec1.key}}",
		"{certificate: {env: CERT}, key: {env: KEY}}",
		"{pkcs12: me.p12, password: {env: PASSWORD}}",
		"{pkcs12: me.p12, password: {file: password}}",
		"{pkcs12: legacy.p12, password: {env: PASSWORD}}",
		"{pkcs12: bare.p12}",
	} {
		f, err := load(t, head+text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := wasitls.Fingerprint(f.Policy.Identities["me"].Certificate())
		if block, _ := pem.Decode([]byte(material()["me.pem"])); got != fmt.Sprintf("%x", sha256.Sum256(block.Bytes)) {
			t.Errorf("%s: another certificate", text)
		}
		noSecret(t, fmt.Sprintf("%v %+v %#v", f, f.Policy, f.Policy.Identities))
	}
	if f, err := load(t, head+"{certificate: other.pem, key: pkcs1.key}"); err != nil {
		t.Error(err)
	} else if got := f.Line("tls.identities.me.key"); got != 4 {
		t.Errorf("line %d", got)
	}
}

// A key may come from the secrets of the workload.
func TestIdentityFromSecret(t *testing.T) {
	w := &Workload{Secrets: map[string]secret.Value{"key": secret.New([]byte(material()["me.key"]))}}
	d := newDecoder(filepath.Join(write(t, material()), "wasitls.yaml"), Options{})
	root, ok := d.parse([]byte("{certificate: me.pem, key: {secret: key}}"))
	if !ok || d.identity(root, w) == nil {
		t.Error(d.errs)
	}
}

// What Go programs call is what the file's decoder calls.
func TestLoadIdentity(t *testing.T) {
	dir := write(t, material())
	in := func(name string) string { return filepath.Join(dir, name) }
	if _, err := LoadIdentity(in("me.pem"), in("me.key")); err != nil {
		t.Error(err)
	}
	if _, err := LoadPKCS12(in("me.p12"), secret.New([]byte(password))); err != nil {
		t.Error(err)
	}
	if _, err := LoadPKCS12(in("me.p12"), secret.New([]byte("hunter2"))); err != ErrPassword {
		t.Error(err)
	}
	if all, err := LoadCertificates(in("me.pem")); err != nil || len(all) != 2 {
		t.Errorf("%d certificates, %v", len(all), err)
	}
	if _, err := LoadCertificates(in("me.key")); err != ErrNoCertificates {
		t.Error(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o660, 0o644} {
		noError(t, os.Chmod(in("me.key"), mode))
		noError(t, os.Chmod(in("me.p12"), mode))
		for _, err := range []error{
			second(LoadIdentity(in("me.pem"), in("me.key"))),
			second(LoadPKCS12(in("me.p12"), secret.New([]byte(password)))),
		} {
			if err == nil || !strings.Contains(err.Error(), "chmod 600") {
				t.Errorf("mode %o: %v", mode, err)
			}
		}
	}
}

// A PKCS#12 file that would take hours to decrypt is refused, wherever it says
// so.
func TestCostlyPKCS12(t *testing.T) {
	block, _ := pem.Decode([]byte(material()["me.pem"]))
	leaf, err := x509.ParseCertificate(block.Bytes)
	noError(t, err)
	key, err := ParseKey(secret.New([]byte(material()["me.key"])))
	noError(t, err)
	count, more := []byte{2, 3, 0x01, 0x11, 0x70}, []byte{2, 3, 0x7f, 0xff, 0xff} // 70,000 and 8,388,607
	for _, encoder := range []*pkcs12.Encoder{pkcs12.Modern2023, pkcs12.Modern2026, pkcs12.LegacyDES} {
		bag, err := encoder.WithIterations(70_000).Encode(key, leaf, nil, password)
		noError(t, err)
		if _, err := ParsePKCS12(secret.New(bag), secret.New([]byte(password))); err != nil {
			t.Error(err)
		}
		places := bytes.Count(bag, count)
		if places < 2 {
			t.Errorf("%d places", places)
		}
		at := 0
		for range places {
			at += bytes.Index(bag[at:], count)
			costly := slices.Concat(bag[:at], more, bag[at+len(more):])
			_, err := ParsePKCS12(secret.New(costly), secret.New([]byte(password)))
			if err == nil || !strings.Contains(err.Error(), "iterations") {
				t.Errorf("at %d: %v", at, err)
			}
			at++
		}
	}
}

func second(_ *wasitls.Identity, err error) error { return err }

// A file may be a pipe, such as a shell makes. One that nobody writes to does
// not hold anything up.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	noError(t, err)
	defer r.Close()
	_, err = w.WriteString("tls: {default: deny}")
	noError(t, err)
	w.Close()
	if _, err := Load(fmt.Sprint("/dev/fd/", r.Fd()), Options{}); err != nil {
		t.Error(err)
	}
	dir := t.TempDir()
	name := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Skip("no named pipes here: ", err)
	}
	if _, err := Load(name, Options{}); err == nil || !strings.HasSuffix(err.Error(), "pipe:1: not one YAML document") {
		t.Error(err)
	}
}

// Errors of the file as a whole have no line.
func TestFile(t *testing.T) {
	dir := write(t, map[string]string{"large.yaml": strings.Repeat("#", MaxFile+1)})
	for name, want := range map[string]string{
		"none.yaml": "none.yaml: no such file or directory", "large.yaml": "large.yaml: larger than 1048576 bytes",
	} {
		_, err := Load(filepath.Join(dir, name), Options{})
		if err == nil || err.Error() != filepath.Join(dir, want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A file full of mistakes takes no longer than a good one.
func TestManyErrors(t *testing.T) {
	const rules = 200_000
	started := time.Now()
	_, err := load(t, "tls: {default: deny, rules: ["+strings.Repeat("{}, ", rules)+"]}")
	if got := len(all(t, err)); got != maxErrors {
		t.Errorf("%d errors, want %d", got, maxErrors)
	}
	if took := time.Since(started); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// The time counts that was given.
func TestNow(t *testing.T) {
	dir := write(t, material())
	name := filepath.Join(dir, "wasitls.yaml")
	noError(t, os.WriteFile(name, []byte("tls: {default: deny, identities: {me: {certificate: me.pem, key: me.key}}}"), 0o600))
	_, err := Load(name, Options{Now: time.Now().AddDate(10, 0, 0)})
	if err == nil || !strings.Contains(err.Error(), "has expired") {
		t.Error(err)
	}
}

func noError(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// FuzzDecode: nothing that a file says may panic, and errors are those of a
// file.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(full))
	names, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	dir := write(f, material())
	f.Fuzz(func(t *testing.T, text []byte) {
		if bytes.ContainsRune(text, '/') {
			t.Skip("would read other files")
		}
		d := newDecoder(filepath.Join(dir, "wasitls.yaml"), Options{Now: time.Now(), LookupEnv: environment})
		file := new(File)
		if root, ok := d.parse(text); ok {
			d.file(file, root)
		}
		if file.Policy == nil && file.Workload == nil && len(d.errs) == 0 {
			t.Error("no section and no error")
		}
		for _, e := range d.errs {
			if e.Line < 1 {
				t.Errorf("no line: %v", e)
			}
		}
	})
}
