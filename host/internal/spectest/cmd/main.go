// Command cmd runs a folder of component-model tests and prints how many
// commands passed, failed and were skipped, by chapter and in total.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"github.com/wasitls/wasitls/host/internal/spectest"
)

func main() {
	expect := flag.String("expect", "", "file of expectations: commands that fail or whose chapters are not run, with reasons")
	verbose := flag.Bool("v", false, "print every skipped command too")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: spectest [-expect FILE] [-v] DIR")
		os.Exit(2)
	}
	ok, err := run(flag.Arg(0), *expect, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "spectest:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(dir, expect string, verbose bool) (bool, error) {
	e, err := spectest.ReadExpectations(expect)
	if err != nil {
		return false, err
	}
	out, err := spectest.Run(context.Background(), dir, e.Skip)
	if err != nil {
		return false, err
	}
	return spectest.Report(os.Stdout, out, e, verbose), nil
}
