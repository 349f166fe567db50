// Command bench measures what TLS through a guest costs, against a native Go
// client. See the package bench for what it measures and how.
package main

import (
	"compress/gzip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime/pprof"
	"strings"
	"syscall"

	"github.com/wasitls/wasitls/interop/bench"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// guests is where the prebuilt guests are, seen from the repository's root.
const guests = "testdata/guests"

// serveFlag makes the command the server of the measurements.
const serveFlag = "-serve"

type options struct {
	quick          bool
	only           string
	md, cpuprofile string
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.quick, "quick", false, "measure little: whether it works, not how fast")
	f.StringVar(&o.only, "only", "", "only the measures whose names match this regular expression")
	f.StringVar(&o.md, "md", "", "write the table into this page, between its marks")
	f.StringVar(&o.cpuprofile, "cpuprofile", "", "write a CPU profile of both clients to this file")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, nil
}

// run returns the exit status: 0, 1 if something could not be measured, 2 for
// wrong usage.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == serveFlag {
		return status(stderr, 1, bench.Serve(stdin, stdout))
	}
	o, err := parse(args, stderr)
	if err != nil {
		return status(stderr, 2, err)
	}
	only, err := regexp.Compile(o.only)
	if err != nil {
		return status(stderr, 2, err)
	}
	self, err := os.Executable()
	if err != nil {
		return status(stderr, 1, err)
	}
	report, err := profiled(o.cpuprofile, func() (*bench.Report, error) {
		return bench.Run(ctx, bench.Options{
			Component: component,
			Server:    []string{self, serveFlag},
			Quick:     o.quick,
			Only:      only,
			Log:       stderr,
		})
	})
	if report != nil {
		err = errors.Join(err, report.WriteText(stdout))
	}
	if err == nil && o.md != "" {
		err = bench.SpliceFile(o.md, "make bench", report.Markdown(strings.Join(append([]string{"go run ./interop/cmd/bench"}, args...), " ")))
	}
	return status(stderr, 1, err)
}

func status(stderr io.Writer, failed int, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "bench: %s\n", strings.TrimPrefix(err.Error(), "bench: "))
	return failed
}

// profiled runs f, with a CPU profile to file if that is not empty.
func profiled(file string, f func() (*bench.Report, error)) (_ *bench.Report, err error) {
	if file == "" {
		return f()
	}
	out, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if err := pprof.StartCPUProfile(out); err != nil {
		return nil, err
	}
	defer pprof.StopCPUProfile()
	return f()
}

// component returns a prebuilt guest.
func component(name string) ([]byte, error) {
	f, err := os.Open(filepath.Join(guests, name+".wasm.gz"))
	if err != nil {
		return nil, fmt.Errorf("%w (run from the repository's root)", err)
	}
	defer f.Close()
	packed, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return io.ReadAll(packed)
}
