// Command interop runs HTTPS clients against the TLS servers of this machine and
// prints what came of it. See the package interop for what it checks.
package main

import (
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/wasitls/wasitls/interop"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// prebuilt are the guests that run when none is named, each under its file's name.
const prebuilt = "testdata/guests/https-get*.wasm.gz"

// options are the flags.
type options struct {
	command  string
	guests   []string // NAME=FILE
	native   bool
	servers  string
	cases    string
	md       string
	require  bool
	packages bool
	parallel int
	timeout  time.Duration
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("interop", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.command, "wasitls", "bin/wasitls", "the built command that runs guests")
	f.Func("guest", "a client: NAME=FILE, a component or one packed with gzip, repeatable (default "+prebuilt+")", func(s string) error {
		if name, file, ok := strings.Cut(s, "="); !ok || name == "" || file == "" {
			return fmt.Errorf("want NAME=FILE")
		}
		o.guests = append(o.guests, s)
		return nil
	})
	f.BoolVar(&o.native, "native", false, "run only the control, without a guest")
	f.StringVar(&o.servers, "servers", "", "only these servers, separated by commas")
	f.StringVar(&o.cases, "cases", "", "only these cases, separated by commas")
	f.StringVar(&o.md, "md", "", "write the page to this file")
	f.BoolVar(&o.require, "require", false, "fail if a server is not installed")
	f.BoolVar(&o.packages, "packages", false, "only print the Debian packages of the servers that are not installed")
	f.IntVar(&o.parallel, "parallel", 2, "servers at the same time")
	f.DurationVar(&o.timeout, "timeout", 5*time.Minute, "end the run after this time")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

// run returns the exit status: 0 if everything came out as expected, 1 if not, 2
// for wrong usage.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err != nil {
		return complain(stderr, 2, err)
	}
	if o.packages {
		for _, name := range interop.Packages() {
			fmt.Fprintln(stdout, name)
		}
		return 0
	}
	dir, err := os.MkdirTemp("", "wasitls-guests-")
	if err != nil {
		return complain(stderr, 1, err)
	}
	defer os.RemoveAll(dir)
	m, err := o.matrix(dir)
	if err != nil {
		return complain(stderr, 2, err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	start := time.Now()
	report, err := m.Run(ctx)
	if err != nil {
		return complain(stderr, 1, err)
	}
	if err := report.WriteText(stdout); err != nil {
		return complain(stderr, 1, err)
	}
	fmt.Fprintf(stdout, "took %.1f s\n", time.Since(start).Seconds())
	if o.md != "" {
		if err := writePage(o.md, report); err != nil {
			return complain(stderr, 1, err)
		}
	}
	status := 0
	for _, f := range report.Failures() {
		status = complain(stderr, 1, fmt.Errorf("✕ %s", f))
	}
	for _, s := range report.Missing() {
		fmt.Fprintf(stderr, "interop: ? not installed: %s\n", s)
		if o.require {
			status = 1
		}
	}
	return status
}

// matrix is what the flags ask for; unpacked guests go to dir.
func (o options) matrix(dir string) (interop.Matrix, error) {
	m := interop.Matrix{Clients: []interop.Client{interop.Native{}}, Parallel: o.parallel}
	var err error
	if m.Exceptions, err = interop.Expectations(); err != nil {
		return m, err
	}
	if m.Servers, err = pick(interop.Servers(), o.servers, func(s interop.Server) string { return s.Name }); err != nil {
		return m, err
	}
	if m.Cases, err = pick(interop.Cases(), o.cases, func(c interop.Case) string { return c.Name }); err != nil {
		return m, err
	}
	guests, err := o.clients()
	if err != nil {
		return m, err
	}
	for _, g := range guests {
		name, file, _ := strings.Cut(g, "=")
		client := interop.Guest{Label: name, Command: o.command}
		if _, err := os.Stat(o.command); err != nil {
			return m, fmt.Errorf("the command that runs guests: %w", err)
		}
		if client.Component, err = component(file, dir); err != nil {
			return m, err
		}
		if slices.ContainsFunc(m.Clients, func(c interop.Client) bool { return c.Name() == name }) {
			return m, fmt.Errorf("two clients are called %s", name)
		}
		m.Clients = append(m.Clients, client)
	}
	return m, nil
}

// clients are the guests to run, as NAME=FILE.
func (o options) clients() ([]string, error) {
	if o.native || o.guests != nil {
		return o.guests, nil
	}
	files, err := filepath.Glob(prebuilt)
	if err != nil {
		return nil, err
	}
	if files == nil {
		return nil, fmt.Errorf("no guest like %s here: run from the repository's root, name one with -guest, or give -native", prebuilt)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".wasm.gz") + "=" + f
	}
	return files, nil
}

// component returns the file that holds the component: file, or what it unpacks to.
func component(file, dir string) (string, error) {
	in, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer in.Close()
	if filepath.Ext(file) != ".gz" {
		return file, nil
	}
	packed, err := gzip.NewReader(in)
	if err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	unpacked := filepath.Join(dir, strings.TrimSuffix(filepath.Base(file), ".gz"))
	out, err := os.Create(unpacked)
	if err != nil {
		return "", err
	}
	defer out.Close()
	if _, err := io.Copy(out, packed); err != nil {
		return "", fmt.Errorf("%s: %w", file, err)
	}
	return unpacked, out.Close()
}

// pick keeps the elements whose names are in the list; an empty list keeps all.
func pick[T any](all []T, list string, name func(T) string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var kept []T
	for want := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(t T) bool { return name(t) == want })
		if i < 0 {
			return nil, fmt.Errorf("no %q", want)
		}
		kept = append(kept, all[i])
	}
	return kept, nil
}

func writePage(file string, r *interop.Report) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := r.WriteMarkdown(f); err != nil {
		return err
	}
	return f.Close()
}

func complain(w io.Writer, status int, err error) int {
	fmt.Fprintf(w, "interop: %v\n", err)
	return status
}
