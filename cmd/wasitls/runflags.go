package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/wasitls/wasitls/host/wasi/netgrant"
)

// runFlags is the command line of wasitls run.
type runFlags struct {
	component string
	args      []string // the guest's

	tls       bool
	tlsCA     []string
	tlsRoots  string
	network   netgrant.Policy
	dirs      []dirGrant
	env       [][2]string
	timeout   time.Duration // 0: none
	maxMemory int64         // 0: the default
	cacheDir  string
	noCache   bool
}

// dirGrant is a --dir.
type dirGrant struct {
	host, guest string
	readOnly    bool
}

// newFlagSet returns a set that is silent and ends at the first argument: what
// follows belongs to the guest.
func newFlagSet(name string) *pflag.FlagSet {
	set := pflag.NewFlagSet(name, pflag.ContinueOnError)
	set.SetInterspersed(false)
	set.Usage = func() {}
	return set
}

// usageOf tells where the help of a command is.
func usageOf(name string, err error) error {
	if errors.Is(err, errHelp) {
		return err
	}
	return refuse("wasitls help "+name+" lists the flags", "%w", err)
}

func parseRun(args []string) (*runFlags, error) {
	f := new(runFlags)
	var connect, listen, dirs, env []string
	var memory string
	set := newFlagSet("run")
	set.BoolVar(&f.tls, "experimental-tls", false, "")
	set.StringArrayVar(&f.tlsCA, "tls-ca", nil, "")
	set.StringVar(&f.tlsRoots, "tls-roots", "system", "")
	set.StringArrayVar(&connect, "allow-net", nil, "")
	set.StringArrayVar(&listen, "allow-listen", nil, "")
	set.BoolVar(&f.network.All, "inherit-network", false, "")
	set.StringArrayVar(&dirs, "dir", nil, "")
	set.StringArrayVar(&env, "env", nil, "")
	set.DurationVar(&f.timeout, "timeout", 0, "")
	set.StringVar(&memory, "max-memory", "", "")
	set.StringVar(&f.cacheDir, "cache-dir", "", "")
	set.BoolVar(&f.noCache, "no-cache", false, "")
	if err := set.Parse(args); err != nil {
		return nil, usageOf("run", err)
	}
	if set.NArg() == 0 {
		return nil, usageOf("run", errors.New("no component given"))
	}
	f.component, f.args = set.Arg(0), set.Args()[1:]

	if err := f.checkTLS(set); err != nil {
		return nil, err
	}
	if set.Changed("timeout") && f.timeout <= 0 {
		return nil, usageOf("run", fmt.Errorf("--timeout=%v: not above zero", f.timeout))
	}
	if f.noCache && f.cacheDir != "" {
		return nil, usageOf("run", errors.New("--no-cache and --cache-dir exclude each other"))
	}
	return f, errors.Join(f.setMemory(memory), f.setNetwork(connect, listen), f.setDirs(dirs), f.setEnv(env))
}

func (f *runFlags) setNetwork(connect, listen []string) (err error) {
	f.network.Connect, err = parseGrants("allow-net", connect, netgrant.ParseConnect)
	if err != nil {
		return err
	}
	f.network.Listen, err = parseGrants("allow-listen", listen, netgrant.ParseListen)
	return err
}

func parseGrants(flag string, texts []string, parse func(string) (netgrant.Grant, error)) ([]netgrant.Grant, error) {
	var all []netgrant.Grant
	for _, text := range texts {
		g, err := parse(text)
		if err != nil {
			return nil, refuse(grantHints[flag], "--%s: %s", flag, strings.TrimPrefix(err.Error(), "netgrant: "))
		}
		all = append(all, g)
	}
	return all, nil
}

var grantHints = map[string]string{
	"allow-net":    "--allow-net=HOST[:PORT] or CIDR[:PORT], such as example.org:443 or 10.0.0.0/8",
	"allow-listen": "--allow-listen=ADDR[:PORT], such as 127.0.0.1:8080",
}

func (f *runFlags) checkTLS(set *pflag.FlagSet) error {
	for _, name := range []string{"tls-ca", "tls-roots"} {
		if set.Changed(name) && !f.tls {
			return refuse("add --experimental-tls", "--%s is of no use without wasi:tls", name)
		}
	}
	if f.tlsRoots != "system" && f.tlsRoots != "none" {
		return usageOf("run", fmt.Errorf("--tls-roots=%s: neither system nor none", f.tlsRoots))
	}
	return nil
}

// minMemory is one page: no guest starts with less.
const minMemory = 64 << 10

func (f *runFlags) setMemory(size string) (err error) {
	if size == "" {
		return nil
	}
	f.maxMemory, err = parseSize(size)
	if err != nil {
		return refuse("sizes are written 64MiB, 512k or 65536", "--max-memory: %w", err)
	}
	if f.maxMemory < minMemory {
		return refuse("", "--max-memory=%s: less than a page of 64KiB", size)
	}
	return nil
}

func (f *runFlags) setDirs(dirs []string) error {
	for _, s := range dirs {
		d, err := parseDir(s)
		if err != nil {
			return err
		}
		f.dirs = append(f.dirs, d)
	}
	return nil
}

// parseDir reads HOST[::GUEST][:ro].
func parseDir(s string) (dirGrant, error) {
	path, readOnly := strings.CutSuffix(s, ":ro")
	host, guest, named := strings.Cut(path, "::")
	if !named {
		guest = host
	}
	d := dirGrant{host, guest, readOnly}
	if host == "" || guest == "" {
		return d, refuse("--dir=HOST[::GUEST][:ro]", "--dir=%s: an empty name", s)
	}
	info, err := os.Stat(host)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return d, refuse("make it first: mkdir "+host, "--dir=%s: no directory %s", s, host)
	case err != nil:
		return d, refuse("", "--dir=%s: %w", s, err)
	case !info.IsDir():
		return d, refuse("grant the directory it is in", "--dir=%s: %s is not a directory", s, host)
	}
	return d, nil
}

func (f *runFlags) setEnv(env []string) error {
	for _, s := range env {
		name, value, given := strings.Cut(s, "=")
		if name == "" {
			return refuse("--env=NAME[=VALUE]", "--env=%s: an empty name", s)
		}
		if !given {
			if value, given = os.LookupEnv(name); !given {
				return refuse("--env="+name+"=VALUE sets it", "--env=%s: not set here", name)
			}
		}
		f.env = append(f.env, [2]string{name, value})
	}
	return nil
}
