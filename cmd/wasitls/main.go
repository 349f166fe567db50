// Command wasitls runs WebAssembly components that do TLS through wasi:tls.
//
// See `wasitls help`, or help.go for the same text.
package main

import (
	"errors"
	"io"
	"os"

	"github.com/wasitls/wasitls/host/wasi/stdio"
)

func main() { os.Exit(doMain(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// command is a subcommand: its help and what it does. An error it returns is
// told to the user by report.
type command struct {
	help string
	do   func(args []string, std stdio.Streams) error
}

func commands() map[string]command {
	return map[string]command{
		"run":     {runHelp, doRun},
		"python":  {pythonHelp, doPython},
		"inspect": {inspectHelp, doInspect},
		"explain": {explainHelp, doExplain},
		"demo":    {demoHelp, doDemo},
		"version": {versionHelp, doVersion},
	}
}

// doMain is the command: it returns the exit status.
func doMain(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return report(dispatch(args, stdio.Streams{Stdin: stdin, Stdout: stdout, Stderr: stderr}), stderr)
}

func dispatch(args []string, std stdio.Streams) error {
	if len(args) == 0 {
		return refuse("wasitls help lists the commands", "no command")
	}
	name, rest := args[0], args[1:]
	all := commands()
	switch name {
	case "help", "-h", "--help":
		return showHelp(all, rest, std.Stdout)
	case "--version":
		name = "version"
	}
	c, ok := all[name]
	if !ok {
		return refuse("wasitls help lists the commands", "unknown command %q", name)
	}
	err := c.do(rest, std)
	if errors.Is(err, errHelp) {
		_, err = io.WriteString(std.Stdout, c.help)
	}
	return err
}

func showHelp(all map[string]command, args []string, out io.Writer) error {
	text := mainHelp
	if len(args) > 0 {
		c, ok := all[args[0]]
		if !ok {
			return refuse("wasitls help lists the commands", "no help on %q", args[0])
		}
		text = c.help
	}
	_, err := io.WriteString(out, text)
	return err
}
