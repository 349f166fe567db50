package config

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wasitls/wasitls/wasitls/secret"
)

// workload reads a configuration beside files, which have hunter2 in all of
// them that are secret.
func workload(t *testing.T, dir, text string) (*Workload, error) {
	t.Helper()
	name := filepath.Join(dir, "wasitls.yaml")
	if err := os.WriteFile(name, []byte("workload:\n"+text), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := Load(name, Options{AllowLiteralSecrets: !strings.Contains(text, "# refused"), LookupEnv: func(name string) (string, bool) {
		v, ok := map[string]string{"REGION": "eu", "TOKEN": "hunter2-env", "EMPTY": "", "NUL": "a\x00hunter2", "LATIN": "hunter2\xff"}[name]
		return v, ok
	}})
	if err != nil {
		noSecret(t, err.Error())
		return nil, err
	}
	return f.Workload, nil
}

func secretFiles(t *testing.T) string {
	t.Helper()
	dir := write(t, map[string]string{
		".env":   "# a comment\nDB_PASSWORD=hunter2-file\nexport QUOTED=\"hunter2 # $HOME\"\nSINGLE='hunter2$(id)'\n",
		"motd":   "two\nlines\r\n",
		"key":    "hunter2-key\n",
		"broken": "A=1\nhunter2 hunter2\n", "badname": "hunter2-name=1\n",
		"open": "hunter2", "binary": "\xff\x00hunter2\n",
		"large": strings.Repeat("x", MaxSecret+1),
	})
	if err := os.Chmod(filepath.Join(dir, "open"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func texts(settings []Setting) map[string]string {
	all := map[string]string{}
	for _, s := range settings {
		all[s.Name] = string(s.Value.Reveal())
	}
	return all
}

func TestWorkload(t *testing.T) {
	w, err := workload(t, secretFiles(t), `
  env:
    LOG_LEVEL: info
    PORT: 8080
    YES: yes
    EMPTY: ""
    REGION: {env: REGION}
    MOTD: {file: motd}
    KEY: {secret: key}
    _x9: {secret: quoted}
  config:
    database.url: postgres://db/app
    api-token: {secret: token}
  secrets:
    password: {file: .env, key: DB_PASSWORD}
    quoted: {file: .env, key: QUOTED}
    single: {file: .env, key: SINGLE}
    key: {file: key}
    binary: {file: binary}
    token: {env: TOKEN}
    literal: {value: hunter2}
`)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ got, want map[string]string }{
		"variables": {texts(w.Variables()), map[string]string{
			"LOG_LEVEL": "info", "PORT": "8080", "YES": "yes", "EMPTY": "", "REGION": "eu", "MOTD": "two\nlines",
			"KEY": "hunter2-key", "_x9": "hunter2 # $HOME", "DATABASE_URL": "postgres://db/app", "API_TOKEN": "hunter2-env",
		}},
		"configuration": {texts(w.Config), map[string]string{"database.url": "postgres://db/app", "api-token": "hunter2-env"}},
	} {
		if len(c.got) != len(c.want) {
			t.Errorf("%s: %v", what, c.got)
		}
		for name, want := range c.want {
			if c.got[name] != want {
				t.Errorf("%s: %s is %q, want %q", what, name, c.got[name], want)
			}
		}
	}
	for name, want := range map[string]string{
		"password": "hunter2-file", "quoted": "hunter2 # $HOME", "single": "hunter2$(id)", "key": "hunter2-key\n",
		"binary": "\xff\x00hunter2\n", "token": "hunter2-env", "literal": "hunter2",
	} {
		if !w.Secrets[name].Equal(secret.New([]byte(want))) {
			t.Errorf("secret %s is %q, want %q", name, w.Secrets[name].Reveal(), want)
		}
	}
}

// TestWorkloadErrors: what is wrong is told with its line, and repeats no
// secret. Each case is one line of the file, with the error it has.
func TestWorkloadErrors(t *testing.T) {
	dir := secretFiles(t)
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"out": outside, "dirout": filepath.Dir(outside), "in": "key"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	const outsideText = "it must be in the folder of this file, without .. and without links that lead out"
	for _, c := range []struct{ text, want string }{
		{"  secrets: {s: {file: " + outside + "}}", "secrets.s.file: " + outsideText},
		{"  secrets: {s: {file: ../outside}}", "secrets.s.file: " + outsideText},
		{"  secrets: {s: {file: d/../../outside}}", "secrets.s.file: " + outsideText},
		{"  secrets: {s: {file: out}}", "secrets.s.file: " + outsideText},
		{"  secrets: {s: {file: dirout/outside}}", "secrets.s.file: " + outsideText},
		{"  env: {A: {file: out}}", "env.A.file: " + outsideText},
		{"  secrets: {s: {file: pipe}}", "secrets.s.file: not a regular file"},
		{"  secrets: {s: {file: .}}", "secrets.s.file: not a regular file"},
		{"  secrets: {s: {file: hunter2}}", "secrets.s.file: no such file or directory"},
		{"  secrets: {s: {file: large}}", "secrets.s.file: larger than 1048576 bytes"},
		{"  secrets: {s: {file: open}}", "secrets.s.file: others can read it, its mode is 0644: run chmod 600 on it"},
		{"  secrets: {s: {file: broken, key: A}}", "secrets.s.file: line 2 of it is not of the form NAME=VALUE"},
		{"  secrets: {s: {file: badname, key: A}}", "secrets.s.file: line 1 of it is not of the form NAME=VALUE"},
		{"  secrets: {s: {file: .env, key: hunter2}}", "secrets.s.key: the file has no such entry"},
		{"  secrets: {s: {env: hunter2}}", "secrets.s: the secret is empty, or its variable is not set"},
		{"  secrets: {s: {env: EMPTY}}", "secrets.s: the secret is empty, or its variable is not set"},
		{"  secrets: {s: {key: hunter2}}", "secrets.s: has one of file, env and value; key goes with file"},
		{"  secrets: {s: {file: key, value: hunter2}}", "secrets.s: has one of file, env and value; key goes with file"},
		{"  secrets: {s: {hunter2: key}}", "secrets.s: unknown field; there are env, file, key, value"},
		{"  secrets: {s: hunter2}", "secrets.s: is not written here: name {file: NAME}, {file: NAME, key: KEY} or {env: VARIABLE}"},
		{"  secrets: {s: [hunter2]}", "secrets.s: is not written here: name {file: NAME}, {file: NAME, key: KEY} or {env: VARIABLE}"},
		{"  secrets: {s: {value: [hunter2]}}", "secrets.s.value: must be text: if it looks like a number, put it in quotes"},
		{"  secrets: {s: {value: hunter2}} # refused", "secrets.s.value: secrets do not stand in this file; for development, --allow-literal-secrets allows it"},
		{"  secrets: {s: }", "secrets.s: has no value"},
		{"  env: {A: {env: hunter2}}", "env.A.env: the variable is not set here"},
		{"  env: {A: {env: NUL}}", "env.A: the value is not text: it must be UTF-8, without NUL"},
		{"  env: {A: {env: LATIN}}", "env.A: the value is not text: it must be UTF-8, without NUL"},
		{"  env: {A: {secret: hunter2}}", "env.A.secret: the section workload has no such secret"},
		{"  env: {A: {secret: s}}\n  secrets: {s: {file: none}}", "secrets.s.file: no such file or directory"}, // once
		{"  env: {A: {hunter2: x}}", "env.A: unknown field; there are env, file, secret"},
		{"  env: {A: {}}", "env.A: has one of env, file, secret"},
		{"  env: {A: {env: REGION, file: motd}}", "env.A: has one of env, file, secret"},
		{"  env: {A: [hunter2]}", "env.A: must be an object, with a line \"name: value\" for each of its fields"},
		{"  env: {A.B: x}", "env.A.B: no name of a variable: letters, digits and _, not beginning with a digit"},
		{"  env: {9A: x}", "env.9A: no name of a variable: letters, digits and _, not beginning with a digit"},
		{"  env: {\"A=hunter2\": x}", "env: what stands here is no name of a field"},
		{"  env: {A: x, A: y}", "env.A: stated twice"},
		{"  env: {A_B: x}\n  config: {a.b: y}", "config.a.b: its variable A_B is that of workload.env.A_B"},
		{"  config: {a.b: x, a-b: y}", "config.a-b: its variable A_B is that of workload.config.a.b"},
		{"  config: {9a: y}", "config.9a: begins with a digit, and so would its variable 9A"},
		{"  other: x", "other: unknown field; there are config, env, secrets"},
	} {
		_, err := workload(t, dir, c.text+"\n")
		errs := all(t, err)
		if len(errs) != 1 {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		e := errs[0]
		if got := e.Field + ": " + e.Err.Error(); got != "workload."+c.want {
			t.Errorf("%s:\n%s, want\n%s", c.text, got, "workload."+c.want)
		}
		if e.Line < 2 {
			t.Errorf("%s: in line %d", c.text, e.Line)
		}
	}
	if w, err := workload(t, dir, "  secrets: {s: {file: in}}\n"); err != nil || w.Secrets["s"].IsEmpty() {
		t.Errorf("a link that stays inside: %v", err)
	}
}

// In a git repository a secret file must be ignored, wherever in it.
func TestSecretFilesAreIgnoredByGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git here")
	}
	top := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("git", append([]string{"-C", top}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	git("init", "-q")
	dir := filepath.Join(top, "project")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secrets.env", "real"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("A=hunter2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("real", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	const text = "  secrets: {s: {file: secrets.env, key: A}}\n"
	says := func(text, want string) {
		t.Helper()
		_, err := workload(t, dir, text)
		if got := errors.Join(err, errors.New("")).Error(); (err == nil) != (want == "") || !strings.Contains(got, want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	says(text, "git does not ignore it: add the line /secrets.env to .gitignore in the folder of this file")
	// What is not secret may be in git.
	says("  env: {A: {file: real}}\n", "")
	if err := os.WriteFile(filepath.Join(dir, ".gitignore"), []byte("/secrets.env\n/link\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	says(text, "")
	says("  secrets: {s: {file: link, key: A}}\n", "add the line /real to .gitignore")
	git("add", "-f", "project/secrets.env")
	says(text, "git tracks it: add the line /secrets.env to .gitignore in the folder of this file, run git rm --cached secrets.env, and replace the secret")
	t.Setenv("PATH", "")
	says(text, "there is no git to ask")
}

// A secret of the workload is an identity's key without being in the guest's
// environment.
func TestSecretAsIdentity(t *testing.T) {
	f, err := load(t, `
tls:
  default: deny
  identities:
    me: {certificate: me.pem, key: {secret: key}}
    bag: {pkcs12: {secret: bag}, password: {secret: password}}
workload:
  secrets:
    key: {file: me.key}
    bag: {file: me.p12}
    password: {file: password}
`)
	if err != nil {
		t.Fatal(err)
	}
	if f.Policy.Identities["me"] == nil || f.Policy.Identities["bag"] == nil {
		t.Error("an identity is missing")
	}
	if v := f.Workload.Variables(); len(v) != 0 {
		t.Errorf("%d variables", len(v))
	}
}

// TestWorkloadExample loads the example of docs/secrets.md.
func TestWorkloadExample(t *testing.T) {
	page, err := os.ReadFile("../../docs/secrets.md")
	noError(t, err)
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("no example")
	}
	dir := write(t, map[string]string{
		"wasitls.yaml": example, ".env": "DB_PASSWORD=hunter2\n", "motd.txt": "hi\n", "client.key": material()["me.key"],
	})
	f, err := Load(filepath.Join(dir, "wasitls.yaml"), Options{LookupEnv: func(name string) (string, bool) {
		return name, name == "AWS_REGION" || name == "API_TOKEN"
	}})
	noError(t, err)
	if w := f.Workload; len(w.Env) != 4 || len(w.Config) != 2 || len(w.Secrets) != 3 || w.Variables()[4].Name != "DATABASE_URL" {
		t.Errorf("%+v", w)
	}
}
