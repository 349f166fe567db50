// Command interop runs HTTPS clients against the TLS servers of this machine and
// prints what came of it. See the package interop for what it checks.
package main

import (
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
	"github.com/wasitls/wasitls/interop/internal/stored"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// prebuilt are the guests that run when none is named, each under its file's name.
const prebuilt = "testdata/guests/https-get*.wasm.gz"

// prebuiltPython runs pythonScript beside them, if it is there.
const (
	prebuiltPython = "testdata/guests/python.wasm.gz"
	pythonScript   = "guests/python/apps/https_get.py"
)

// prebuiltMail are those that send mails, prebuiltQueries those that ask PostgreSQL.
const (
	prebuiltMail    = "testdata/guests/smtp-*.wasm.gz"
	prebuiltQueries = "testdata/guests/pg-query*.wasm.gz"
)

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
	parts, err := o.runs(dir)
	if err != nil {
		return complain(stderr, 2, err)
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	start := time.Now()
	reports, err := runAll(ctx, parts, stdout)
	if err != nil {
		return complain(stderr, 1, err)
	}
	fmt.Fprintf(stdout, "took %.1f s\n", time.Since(start).Seconds())
	if o.md != "" {
		if err := writePage(o.md, reports); err != nil {
			return complain(stderr, 1, err)
		}
	}
	status := 0
	for _, r := range reports {
		status = max(status, o.verdict(r, stderr))
	}
	return status
}

// part is what has servers and something to do with them.
type part interface {
	Run(ctx context.Context) (*interop.Report, error)
}

// runAll runs the parts one after the other and prints the outcomes.
func runAll(ctx context.Context, parts []part, stdout io.Writer) ([]*interop.Report, error) {
	var reports []*interop.Report
	for _, p := range parts {
		r, err := p.Run(ctx)
		if err != nil {
			return nil, err
		}
		if err := r.WriteText(stdout); err != nil {
			return nil, err
		}
		reports = append(reports, r)
	}
	return reports, nil
}

// verdict complains of what must fail the run and returns the exit status.
func (o options) verdict(r *interop.Report, stderr io.Writer) int {
	status := 0
	for _, f := range r.Failures() {
		status = complain(stderr, 1, fmt.Errorf("✕ %s", f))
	}
	for _, s := range r.Missing() {
		fmt.Fprintf(stderr, "interop: ? not installed: %s\n", s)
		if o.require {
			status = 1
		}
	}
	return status
}

// runs are what the flags ask for; unpacked guests go to dir. A list of servers or
// cases leaves out the parts that have none of them.
func (o options) runs(dir string) ([]part, error) {
	servers, err := names(o.servers, serverName, interop.Servers(), interop.MailServers(), interop.Mutual().Servers)
	if err != nil {
		return nil, err
	}
	cases, err := names(o.cases, caseName, interop.Cases(), interop.MailCases(), []interop.Case{{Name: mutualCase}, {Name: revocationCase}})
	if err != nil {
		return nil, err
	}
	m := interop.Matrix{Servers: among(servers, serverName, interop.Servers()), Cases: among(cases, caseName, interop.Cases()), Parallel: o.parallel}
	mail := interop.Mail{Servers: among(servers, serverName, interop.MailServers()), Cases: among(cases, caseName, interop.MailCases())}
	if m.Exceptions, err = interop.Expectations(); err != nil {
		return nil, err
	}
	if m.Clients, err = o.clients(dir); err != nil {
		return nil, err
	}
	if mail.Clients, err = o.mailClients(dir); err != nil {
		return nil, err
	}
	visitors, err := o.visitors(dir)
	if err != nil {
		return nil, err
	}
	var parts []part
	if len(m.Servers) > 0 && len(m.Cases) > 0 {
		parts = append(parts, m)
	}
	if len(mail.Servers) > 0 && len(mail.Cases) > 0 {
		parts = append(parts, mail)
	}
	meet := func(name string, m interop.Meeting, visitors []interop.Visitor) {
		m.Servers, m.Visitors, m.Parallel = among(servers, serverName, m.Servers), visitors, o.parallel
		if len(m.Servers) > 0 && len(m.Visitors) > 0 && slices.Contains(cases, name) {
			parts = append(parts, m)
		}
	}
	meet(mutualCase, interop.Mutual(), append([]interop.Visitor{interop.NativeVisitor{}}, visitors...))
	meet(revocationCase, interop.Revocation(), visitors)
	if parts == nil {
		return nil, fmt.Errorf("none of these servers has one of these cases")
	}
	return parts, nil
}

// What -cases calls the meetings.
const (
	mutualCase     = "client-certificate"
	revocationCase = "revoked-server"
)

func serverName(s interop.Server) string { return s.Name }
func caseName(c interop.Case) string     { return c.Name }

// names returns the names in a list, each of which one of the groups must have; an
// empty list means all.
func names[T any](list string, name func(T) string, groups ...[]T) ([]string, error) {
	var all []string
	for _, t := range slices.Concat(groups...) {
		all = append(all, name(t))
	}
	if list == "" {
		return all, nil
	}
	asked := strings.Split(list, ",")
	for _, n := range asked {
		if !slices.Contains(all, n) {
			return nil, fmt.Errorf("no %q", n)
		}
	}
	return asked, nil
}

// among returns those of a group that have one of the names.
func among[T any](names []string, name func(T) string, group []T) []T {
	var kept []T
	for _, t := range group {
		if slices.Contains(names, name(t)) {
			kept = append(kept, t)
		}
	}
	return kept
}

// clients are the control and the guests that fetch pages.
func (o options) clients(dir string) ([]interop.Client, error) {
	all := []interop.Client{interop.Native{}}
	err := o.each(dir, o.guests, prebuilt, func(name, file string) error {
		if slices.ContainsFunc(all, func(c interop.Client) bool { return c.Name() == name }) {
			return fmt.Errorf("two clients are called %s", name)
		}
		all = append(all, interop.Guest{Label: name, Command: o.command, Component: file})
		return nil
	})
	if _, absent := os.Stat(prebuiltPython); err == nil && absent == nil && o.guests == nil && !o.native {
		all = append(all, interop.Guest{Label: "python", Command: o.command, Component: filepath.Dir(prebuiltPython), Script: pythonScript})
	}
	return all, err
}

// mailClients are the control and the guests that send mails: the prebuilt ones,
// unless guests are named.
func (o options) mailClients(dir string) ([]interop.MailClient, error) {
	all := []interop.MailClient{interop.NativeMail{}}
	if o.guests != nil {
		return all, nil
	}
	err := o.each(dir, nil, prebuiltMail, func(name, file string) error {
		all = append(all, interop.GuestMail{Label: name, Command: o.command, Component: file})
		return nil
	})
	return all, err
}

// visitors are the prebuilt guests that show client certificates, none if others
// are named.
func (o options) visitors(dir string) ([]interop.Visitor, error) {
	if o.guests != nil || o.native {
		return nil, nil
	}
	files := map[string]string{}
	for _, pattern := range []string{prebuilt, prebuiltQueries} {
		err := o.each(dir, nil, pattern, func(name, file string) error {
			files[name] = file
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return []interop.Visitor{
		interop.GuestVisitor{Label: "0.2", Command: o.command, Pages: files["https-get"], Queries: files["pg-query"]},
		interop.GuestVisitor{Label: "0.3", Command: o.command, Pages: files["https-get-p3"], Queries: files["pg-query-p3"]},
	}, nil
}

// each calls add with the name and the component's file of every guest to run:
// those named, else those like pattern, else none.
func (o options) each(dir string, named []string, pattern string, add func(name, file string) error) error {
	guests, err := o.files(named, pattern)
	if err != nil {
		return err
	}
	for _, g := range guests {
		name, file, _ := strings.Cut(g, "=")
		if _, err := os.Stat(o.command); err != nil {
			return fmt.Errorf("the command that runs guests: %w", err)
		}
		if file, err = component(file, dir); err != nil {
			return err
		}
		if err := add(name, file); err != nil {
			return err
		}
	}
	return nil
}

// files are the guests to run, as NAME=FILE.
func (o options) files(named []string, pattern string) ([]string, error) {
	if o.native || named != nil {
		return named, nil
	}
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	if files == nil {
		return nil, fmt.Errorf("no guest like %s here: run from the repository's root, name one with -guest, or give -native", pattern)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".wasm.gz") + "=" + f
	}
	return files, nil
}

// component returns the file that holds the component: file, or what it unpacks to.
func component(file, dir string) (string, error) {
	if filepath.Ext(file) != ".gz" {
		_, err := os.Stat(file)
		return file, err
	}
	unpacked := filepath.Join(dir, strings.TrimSuffix(filepath.Base(file), ".gz"))
	return unpacked, stored.Unpack(file, unpacked)
}

func writePage(file string, reports []*interop.Report) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := interop.WriteMarkdown(f, reports); err != nil {
		return err
	}
	return f.Close()
}

func complain(w io.Writer, status int, err error) int {
	fmt.Fprintf(w, "interop: %v\n", err)
	return status
}
