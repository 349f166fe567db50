package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/wasitls/wasitls/host/wasi/stdio"
)

const (
	modulePath = "github.com/wasitls/wasitls"
	enginePath = "github.com/bytecodealliance/wasmtime-go/v44"
)

func doVersion(args []string, std stdio.Streams) error {
	if err := noArguments("version", args); err != nil {
		return err
	}
	own, engine := "(unknown)", "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		own, engine = versions(info)
	}
	_, err := fmt.Fprintf(std.Stdout, "wasitls %s\n%s %s/%s\nlibwasmtime %s\nwasi 0.2, 0.3\nwasi:tls 0.2.0-draft, 0.3.0-draft (experimental)\nwasi:config 0.2.0-rc.1 (experimental)\n",
		own, runtime.Version(), runtime.GOOS, runtime.GOARCH, engine)
	return err
}

// versions returns this module's version and that of the module whose
// libwasmtime is linked.
func versions(info *debug.BuildInfo) (own, engine string) {
	own, engine = info.Main.Version, "(unknown)"
	for _, m := range info.Deps {
		switch m.Path {
		case modulePath:
			own = m.Version
		case enginePath:
			engine = m.Version
		}
	}
	return own, engine
}

// noArguments parses the command line of a command that takes none.
func noArguments(name string, args []string) error {
	set := newFlagSet(name)
	if err := set.Parse(args); err != nil {
		return usageOf(name, err)
	}
	if set.NArg() > 0 {
		return usageOf(name, fmt.Errorf("%s takes no arguments, not %q", name, set.Arg(0)))
	}
	return nil
}
