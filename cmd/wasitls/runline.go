package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/wasitls/config"
)

// runLine is the command line of wasitls run, as written.
type runLine struct {
	component string
	args      []string // the guest's

	tls       string // which drafts of wasi:tls, empty for none
	tlsCA     []string
	tlsRoots  string
	config    string // a file
	literals  bool   // secrets may stand in it
	store     bool   // offer wasi:config/store
	connect   []string
	listen    []string
	allNet    bool
	dirs      []string
	env       []string
	timeout   time.Duration
	maxMemory string
	cacheDir  string
	noCache   bool
	observeFlags
}

func (l *runLine) flags(command string) *pflag.FlagSet {
	set := newFlagSet(command)
	set.StringVar(&l.tls, "experimental-tls", "", "")
	set.Lookup("experimental-tls").NoOptDefVal = allDrafts
	set.StringArrayVar(&l.tlsCA, "tls-ca", nil, "")
	set.StringVar(&l.tlsRoots, "tls-roots", "system", "")
	set.StringVar(&l.config, "config", "", "")
	set.BoolVar(&l.literals, "allow-literal-secrets", false, "")
	set.BoolVar(&l.store, "experimental-config", false, "")
	set.StringArrayVar(&l.connect, "allow-net", nil, "")
	set.StringArrayVar(&l.listen, "allow-listen", nil, "")
	set.BoolVar(&l.allNet, "inherit-network", false, "")
	set.StringArrayVar(&l.dirs, "dir", nil, "")
	set.StringArrayVar(&l.env, "env", nil, "")
	set.DurationVar(&l.timeout, "timeout", 0, "")
	set.StringVar(&l.maxMemory, "max-memory", "", "")
	set.StringVar(&l.cacheDir, "cache-dir", "", "")
	set.BoolVar(&l.noCache, "no-cache", false, "")
	l.observeFlags.flags(set)
	return set
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

// parseRun reads the command line of wasitls run.
func parseRun(args []string) (*runLine, error) {
	l := new(runLine)
	set := l.flags("run")
	if err := l.parse(set, args); err != nil {
		return nil, err
	}
	if set.NArg() == 0 {
		return nil, usageOf("run", errors.New("no component given"))
	}
	l.component, l.args = set.Arg(0), set.Args()[1:]
	return l, nil
}

// parse reads the flags and looks for what is wrong with them as a whole.
func (l *runLine) parse(set *pflag.FlagSet, args []string) error {
	usage := func(err error) error { return usageOf(set.Name(), err) }
	if err := set.Parse(args); err != nil {
		return usage(err)
	}
	for _, name := range append([]string{"tls-ca", "tls-roots"}, observeNames...) {
		if set.Changed(name) && l.tls == "" {
			return refuse("add --experimental-tls", "--%s is of no use without wasi:tls", name)
		}
		if set.Changed(name) && l.config != "" && !slices.Contains(observeNames, name) {
			return refuse("write roots into the file", "--config and --%s exclude each other", name)
		}
	}
	if l.literals && l.config == "" {
		return refuse("add --config=FILE", "--allow-literal-secrets is of no use without a file")
	}
	switch {
	case set.Changed("config") && l.config == "":
		return usage(errors.New("--config: empty"))
	case set.Changed("experimental-tls") && !slices.Contains([]string{allDrafts, draft02, draft03}, l.tls):
		return usage(fmt.Errorf("--experimental-tls=%s: neither 0.2 nor 0.3", l.tls))
	case l.tlsRoots != "system" && l.tlsRoots != "none":
		return usage(fmt.Errorf("--tls-roots=%s: neither system nor none", l.tlsRoots))
	case set.Changed("timeout") && l.timeout <= 0:
		return usage(fmt.Errorf("--timeout=%v: not above zero", l.timeout))
	case l.noCache && l.cacheDir != "":
		return usage(errors.New("--no-cache and --cache-dir exclude each other"))
	}
	return l.observeFlags.check(set)
}

// minMemory is one page: no guest starts with less.
const minMemory = 64 << 10

// parseMemory reads --max-memory; empty is 0, the host's default.
func parseMemory(size string) (int64, error) {
	if size == "" {
		return 0, nil
	}
	n, err := config.ParseSize(size)
	if err != nil {
		return 0, refuse("sizes are written 64MiB, 512k or 65536", "--max-memory: %w", err)
	}
	if n < minMemory {
		return 0, refuse("", "--max-memory=%s: less than a page of 64KiB", size)
	}
	return n, nil
}

var grantHints = map[string]string{
	"allow-net":    "--allow-net=HOST[:PORT] or CIDR[:PORT], such as example.org:443 or 10.0.0.0/8",
	"allow-listen": "--allow-listen=ADDR[:PORT], such as 127.0.0.1:8080",
}

func parseGrants(flag string, texts []string, parse func(string) (netgrant.Grant, error)) ([]netgrant.Grant, error) {
	var all []netgrant.Grant
	for _, text := range texts {
		g, err := parse(text)
		if err != nil {
			return nil, refuse(grantHints[flag], "--%s: %s", flag, plain(err))
		}
		all = append(all, g)
	}
	return all, nil
}

// parseDir reads HOST[::GUEST][:ro], where HOST must be a directory.
func parseDir(s string) (rootfs.Mount, error) {
	m, err := rootfs.ParseMount(s)
	if err != nil {
		return m, refuse("--dir=HOST[::GUEST][:ro]", "--dir: %s", plain(err))
	}
	info, err := os.Stat(m.Host)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return m, refuse("make it first: mkdir "+m.Host, "--dir=%s: no directory %s", s, m.Host)
	case err != nil:
		return m, refuse("", "--dir=%s: %w", s, err)
	case !info.IsDir():
		return m, refuse("grant the directory it is in", "--dir=%s: %s is not a directory", s, m.Host)
	}
	return m, nil
}

// parseEnv reads NAME[=VALUE]; without VALUE it is the host's.
func parseEnv(s string) (wasi.Variable, error) {
	name, value, given := strings.Cut(s, "=")
	if name == "" {
		return wasi.Variable{}, refuse("--env=NAME[=VALUE]", "--env: an empty name")
	}
	if !given {
		if value, given = os.LookupEnv(name); !given {
			return wasi.Variable{}, refuse("--env="+name+"=VALUE sets it", "--env=%s: not set here", name)
		}
	}
	return wasi.Variable{Name: name, Value: value}, nil
}
