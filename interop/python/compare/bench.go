package compare

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// guestTemp is where the guest may write.
const guestTemp = "/tmp"

// scriptLimit bounds one script in one Python.
const scriptLimit = 90 * time.Second

// bench is where scripts run: files, peers, and two Pythons.
type bench struct {
	Config
	dir     string // with the scripts, and a folder for each side
	trust   Trust
	peers   *peers
	leftOut []LeftOut
}

func newBench(ctx context.Context, c Config, dir string) (*bench, error) {
	b := &bench{Config: c, dir: dir}
	if err := writeFiles(dir); err != nil {
		return nil, err
	}
	for _, name := range []string{"native", "guest", "certs"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			return nil, err
		}
	}
	a, err := newAuthority(filepath.Join(dir, "certs"))
	if err != nil {
		return nil, err
	}
	b.trust = a.files
	if b.leftOut, err = readLeftOut(); err != nil {
		return nil, err
	}
	if err := makeRoot(filepath.Join(dir, "guest")); err != nil {
		return nil, err
	}
	if b.peers, err = startPeers(a); err != nil {
		return nil, err
	}
	wanted := func(script string) bool { return slices.Contains(c.Scripts, script) && b.cannot(script) == "" }
	if err := b.startServices(ctx, a, wanted); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() { b.peers.close() }

// needsNoPackages are the scripts that do with the standard library.
var needsNoPackages = map[string]bool{"stdlib": true, "stdlib_mail": true, "stdlib_asyncio": true}

// cannot says why a script cannot run here.
func (b *bench) cannot(script string) string {
	if b.site == "" && !needsNoPackages[script] {
		return "the packages are not installed"
	}
	for _, s := range services() {
		if _, err := find(s.program); s.script == script && err != nil {
			return s.Package + " is not installed"
		}
	}
	return ""
}

// both runs a script in both Pythons at once.
func (b *bench) both(ctx context.Context, script string) (native, guest side) {
	inside, outside := []string{"/run/lib/harness.py", "/run/cases/" + script + ".py"}, []string{filepath.Join(b.dir, "lib", "harness.py"), filepath.Join(b.dir, "cases", script+".py")}
	limit, env, folder := scriptLimit, []string(nil), ""
	if s, ok := suiteOf(script); ok {
		var err error
		if folder, err = s.folder(b.suites); err != nil {
			return side{err: err}, side{err: err}
		}
		limit, env = suiteLimit, s.environment(b.leftOut)
		inside, outside = s.arguments("/suite", guestTemp+"/pytest"), s.arguments(folder, filepath.Join(b.dir, "native", "pytest"))
	}
	var wait sync.WaitGroup
	wait.Go(func() { native = b.run(ctx, limit, b.native(env, outside)) })
	wait.Go(func() { guest = b.run(ctx, limit, b.guest(env, folder, inside)) })
	wait.Wait()
	return native, guest
}

// native is the command that runs Python outside. Trust is what the host gives to
// the guest, told in each library's own way.
func (b *bench) native(env, args []string) *exec.Cmd {
	cmd := exec.Command(b.Native, args...)
	cmd.Dir = filepath.Join(b.dir, "native")
	cmd.Env = append(b.environment(b.dir, b.site, b.trust.Root, b.trust.ClientCert, b.trust.ClientKey), env...)
	cmd.Env = append(cmd.Env, "PATH="+os.Getenv("PATH"), "HOME="+cmd.Dir, "LC_ALL=C.UTF-8", "OPENSSL_CONF=/dev/null",
		"SSL_CERT_FILE="+b.trust.Root, "REQUESTS_CA_BUNDLE="+b.trust.Root, "AWS_CA_BUNDLE="+b.trust.Root)
	return cmd
}

// guest is the command that runs Python inside, with a suite's folder if there is
// one.
func (b *bench) guest(env []string, suite string, python []string) *exec.Cmd {
	args := []string{"run", "--experimental-tls", "--tls-roots=none", "--tls-ca=" + b.trust.Root, "--inherit-network",
		"--dir=" + filepath.Join(b.dir, "guest") + "::/", "--dir=" + filepath.Dir(b.Library) + "::/usr/lib:ro", "--dir=" + b.dir + "::/run:ro"}
	if b.site != "" {
		args = append(args, "--dir="+b.site+"::/site:ro")
	}
	if suite != "" {
		args = append(args, "--dir="+suite+"::/suite:ro")
	}
	env = append(b.environment("/run", "/site", "/run/certs/own.pem", "/run/certs/client.pem", "/run/certs/client.key"), env...)
	for _, v := range append(env, "HOME="+guestTemp) {
		args = append(args, "--env="+v)
	}
	cmd := exec.Command(b.Command, append(append(args, b.Guest), python...)...)
	cmd.Dir = b.dir
	return cmd
}

// environment is what both sides get, with the paths as each sees them.
func (b *bench) environment(run, site, own, cert, key string) []string {
	addresses, err := json.Marshal(b.peers.addresses)
	if err != nil {
		panic(err) // strings
	}
	env := []string{
		"PEERS=" + string(addresses), "OWN_ROOT=" + own, "CLIENT_CERT=" + cert, "CLIENT_KEY=" + key,
		"PYTHONDONTWRITEBYTECODE=1", "PYTHONWARNINGS=ignore::DeprecationWarning",
		// The guest has no extension modules; outside these would hide the code that runs inside.
		"AIOHTTP_NO_EXTENSIONS=1", "MULTIDICT_NO_EXTENSIONS=1", "YARL_NO_EXTENSIONS=1", "FROZENLIST_NO_EXTENSIONS=1", "PROPCACHE_NO_EXTENSIONS=1",
		"AWS_EC2_METADATA_DISABLED=true",
	}
	path := run + "/lib"
	if b.site != "" {
		path += ":" + site
	}
	return append(env, "PYTHONPATH="+path)
}

// run runs a side's command and reads the outcomes from its output.
func (b *bench) run(ctx context.Context, limit time.Duration, cmd *exec.Cmd) side {
	out, errs, err := output(ctx, cmd, limit)
	var s side
	for line := range strings.Lines(out) {
		var o Outcome
		if strings.HasPrefix(line, `{"case"`) && json.Unmarshal([]byte(line), &o) == nil {
			s.outcomes = append(s.outcomes, &o)
		}
	}
	// pytest ends with 1 if a test failed, which its outcome tells.
	var exit *exec.ExitError
	if limit == suiteLimit && errors.As(err, &exit) && exit.ExitCode() == 1 && len(s.outcomes) > 0 {
		err = nil
	}
	if err != nil {
		s.err = fmt.Errorf("%s: %w\n%s\n%s", filepath.Base(cmd.Path), err, tail(errs), tail(out))
	}
	return s
}

// output runs a command as a process group of its own, for a limited time.
func output(ctx context.Context, cmd *exec.Cmd, limit time.Duration) (stdout, stderr string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return "", "", err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err = <-ended:
	case <-ctx.Done():
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		err = errors.Join(fmt.Errorf("no end within %v", limit), ctx.Err())
	}
	return out.String(), errs.String(), err
}

// tail keeps what a report can hold of a program's complaint.
func tail(s string) string {
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-3000):]
}

// Versions are what was compared.
type Versions struct{ Native, NativeTLS, Guest, GuestTLS string }

// versions asks both Pythons.
func (b *bench) versions(ctx context.Context) (v Versions, err error) {
	const ask = "import platform, ssl; print(platform.python_version(), ssl.OPENSSL_VERSION, sep='\\n')"
	native := exec.Command(b.Native, "-c", ask)
	guest := exec.Command(b.Command, "run", "--experimental-tls", "--dir="+filepath.Dir(b.Library)+"::/usr/lib:ro", b.Guest, "-c", ask)
	for _, of := range []struct {
		cmd         *exec.Cmd
		python, tls *string
	}{{native, &v.Native, &v.NativeTLS}, {guest, &v.Guest, &v.GuestTLS}} {
		out, errs, err := output(ctx, of.cmd, scriptLimit)
		if err != nil {
			return v, fmt.Errorf("%s: %w\n%s", of.cmd.Path, err, tail(errs))
		}
		python, tls, _ := strings.Cut(strings.TrimSpace(out), "\n")
		*of.python, *of.tls = python, tls
	}
	return v, nil
}
