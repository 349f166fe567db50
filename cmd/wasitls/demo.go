package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// demoGuest is the prebuilt component democli: it sends one HTTP request over
// TLS to the address and server name in its arguments, and prints what it gets
// on one line.
//
//go:embed demo/democli.wasm.gz
var demoGuest []byte

// demoTime bounds each case. None takes a tenth of it.
const demoTime = 20 * time.Second

func doDemo(args []string, std stdio.Streams) error {
	if err := noArguments("demo", args); err != nil {
		return err
	}
	ctx, stop := withSignals(context.Background())
	defer stop()
	passed, err := demo(ctx, demoCases(), std.Stdout)
	switch {
	case err != nil:
		return err
	case passed < len(demoCases()):
		return failure{status: exitGuest}
	}
	return nil
}

// demo runs the cases, tells about each, and returns how many passed.
func demo(ctx context.Context, cases []demoCase, out io.Writer) (passed int, err error) {
	eng, err := host.NewEngine(host.Config{})
	if err != nil {
		return 0, err
	}
	defer eng.Close()
	wasm, err := readComponent(bytes.NewReader(demoGuest), maxComponent)
	if err != nil {
		return 0, err
	}
	c, err := compile(ctx, eng, "democli", wasm)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	for _, one := range cases {
		saw, err := one.run(ctx, eng, c)
		if err != nil {
			return passed, fmt.Errorf("demo: %s: %w", one.name, err)
		}
		verdict := "FAIL"
		if strings.Contains(saw, one.want) {
			verdict = "ok"
			passed++
		}
		fmt.Fprintf(out, "%-4s  %-15s  expected %s; saw: %s\n", verdict, one.name, one.expected, saw)
	}
	_, err = fmt.Fprintf(out, "%d passed, %d failed\n", passed, len(cases)-passed)
	return passed, err
}

// run starts the case's server, runs the guest against it, and returns what
// the guest saw, or why it was not started.
func (d demoCase) run(ctx context.Context, eng *host.Engine, c *host.Component) (string, error) {
	ctx, cancel := withTimeout(ctx, demoTime)
	defer cancel()
	server, offer, err := d.start()
	if err != nil {
		return "", err
	}
	defer server.Close()
	var stdout, stderr bytes.Buffer
	peer, err := netgrant.ParseConnect(server.Addr())
	if err != nil {
		return "", err
	}
	g := guest{
		args:    []string{"democli", server.Addr(), d.serverName()},
		streams: stdio.Streams{Stdout: &stdout, Stderr: &stderr},
		network: netgrant.Policy{Connect: []netgrant.Grant{peer}},
		tls:     offer,
	}
	err = g.run(ctx, eng, c)
	if cause := context.Cause(ctx); cause != nil {
		return "", cause
	}
	if said := strings.TrimSpace(stdout.String() + stderr.String()); said != "" {
		return printable(said), nil
	}
	if err != nil {
		return "not started: " + printable(err.Error()), nil
	}
	return "nothing", nil
}
