// Command python runs Python programs natively and in the guest and compares what
// came of them. See the package interop/python/compare for what it checks.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/wasitls/wasitls/interop/bench"
	"github.com/wasitls/wasitls/interop/python/compare"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the flags.
type options struct {
	compare.Config
	guests   string
	scripts  string
	md       string
	packages bool
	require  bool
	verbose  bool
	speed    int
	timeout  time.Duration
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("python", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.Native, "native", "", "the native Python (default python3.13 in PATH or of pyenv)")
	f.StringVar(&o.Command, "wasitls", "bin/wasitls", "the built command that runs guests")
	f.StringVar(&o.guests, "guests", "testdata/guests", "the folder with python.wasm.gz and python313.zip.gz")
	f.StringVar(&o.scripts, "scripts", "", "only these scripts, separated by commas")
	f.StringVar(&o.md, "md", "", "write what came of it into this page, between its marks")
	f.BoolVar(&o.require, "require", false, "fail if a server is not installed")
	f.BoolVar(&o.packages, "packages", false, "only print the Debian packages of the servers that are not installed")
	f.IntVar(&o.speed, "speed", 0, "measure both Pythons in so many rounds, and compare nothing else")
	f.BoolVar(&o.verbose, "v", false, "print every case")
	f.DurationVar(&o.timeout, "timeout", 10*time.Minute, "end the run after this time")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if o.scripts != "" {
		o.Scripts = strings.Split(o.scripts, ",")
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

// run returns the exit status: 0 if everything came out as expected, 1 if not, 2
// for wrong usage, 3 if there is no native Python to compare with.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err != nil {
		return complain(stderr, 2, err)
	}
	if o.packages {
		for _, name := range compare.Packages() {
			fmt.Fprintln(stdout, name)
		}
		return 0
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "wasitls-guests-")
	if err != nil {
		return complain(stderr, 1, err)
	}
	defer os.RemoveAll(dir)
	if err := o.Find(ctx, o.guests, dir); err != nil {
		if errors.Is(err, compare.ErrNoPython) {
			return complain(stderr, 3, err)
		}
		return complain(stderr, 1, err)
	}
	if o.speed > 0 {
		return measure(ctx, o, stdout, stderr)
	}
	start := time.Now()
	report, err := compare.Run(ctx, o.Config)
	if err != nil {
		return complain(stderr, 1, err)
	}
	if err := report.WriteText(stdout, o.verbose); err != nil {
		return complain(stderr, 1, err)
	}
	fmt.Fprintf(stdout, "took %.1f s\n", time.Since(start).Seconds())
	if o.md != "" {
		if err := writePage(o.md, report); err != nil {
			return complain(stderr, 1, err)
		}
	}
	if len(report.Failures()) > 0 || o.require && len(report.Skipped) > 0 {
		return 1
	}
	return 0
}

// measure prints the table of speeds, or writes it into a page.
func measure(ctx context.Context, o options, stdout, stderr io.Writer) int {
	report, err := compare.Speed(ctx, o.Config, o.speed)
	if err == nil {
		err = report.WriteText(stdout)
	}
	if err == nil && o.md != "" {
		err = bench.SpliceFile(o.md, "make bench-python", report.Markdown("make bench-python"))
	}
	if err != nil {
		return complain(stderr, 1, err)
	}
	return 0
}

func writePage(file string, report *compare.Report) error {
	var part bytes.Buffer
	if err := report.WriteMarkdown(&part); err != nil {
		return err
	}
	return bench.SpliceFile(file, "make python-cases", part.String())
}

func complain(w io.Writer, status int, err error) int {
	fmt.Fprintf(w, "python: %v\n", err)
	return status
}
