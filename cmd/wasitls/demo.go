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
	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// demoGuest is a prebuilt component that sends one HTTP request over TLS and
// prints what it gets.
type demoGuest struct {
	name   string
	draft  string
	packed []byte
	args   func(c demoCase, addr string) []string // after its name
	mounts []rootfs.Mount
}

//go:embed demo/democli.wasm.gz
var democli []byte

//go:embed demo/https-get-p3.wasm.gz
var httpsGetP3 []byte

// The guests of the demo: one for each draft of wasi:tls.
var (
	demoGuest02 = &demoGuest{name: "democli", draft: draft02, packed: democli,
		args: func(c demoCase, addr string) []string { return []string{addr, c.serverName()} }}
	demoGuest03 = &demoGuest{name: "https-get-p3", draft: draft03, packed: httpsGetP3,
		args: func(_ demoCase, addr string) []string { return []string{"https://" + addr + "/"} }}
)

// demoTime bounds each case. None takes a tenth of it.
const demoTime = 20 * time.Second

func doDemo(args []string, std stdio.Streams) error {
	if err := noArguments("demo", args); err != nil {
		return err
	}
	ctx, stop := withSignals(context.Background())
	defer stop()
	python, done, err := demoCasesPython()
	if err != nil {
		return err
	}
	defer done()
	cases := append(demoCases(), python...)
	passed, err := demo(ctx, cases, std.Stdout)
	switch {
	case err != nil:
		return err
	case passed < len(cases):
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
	compiled := map[*demoGuest]*host.Component{}
	for _, one := range cases {
		c := compiled[one.guest]
		if c == nil {
			if c, err = one.guest.compile(ctx, eng); err != nil {
				return passed, err
			}
			defer c.Close()
			compiled[one.guest] = c
		}
		saw, err := one.run(ctx, eng, c)
		if err != nil {
			return passed, fmt.Errorf("demo: %s: %w", one.name, err)
		}
		verdict := "FAIL"
		if strings.Contains(saw, one.want) {
			verdict = "ok"
			passed++
		}
		fmt.Fprintf(out, "%-4s  %s  %-15s  expected %s; saw: %s\n", verdict, one.guest.draft, one.name, one.expected, saw)
	}
	_, err = fmt.Fprintf(out, "%d passed, %d failed\n", passed, len(cases)-passed)
	return passed, err
}

func (g *demoGuest) compile(ctx context.Context, eng *host.Engine) (*host.Component, error) {
	wasm, err := readComponent(bytes.NewReader(g.packed), maxComponent)
	if err != nil {
		return nil, err
	}
	return compile(ctx, eng, g.name, wasm)
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
		args:    append([]string{d.guest.name}, d.guest.args(d, server.Addr())...),
		streams: stdio.Streams{Stdout: &stdout, Stderr: &stderr},
		mounts:  d.guest.mounts,
		network: netgrant.Policy{Connect: []netgrant.Grant{peer}},
		tls:     offer,
	}
	err = g.run(ctx, eng, c)
	if cause := context.Cause(ctx); cause != nil {
		return "", cause
	}
	if said := strings.TrimSpace(stdout.String() + stderr.String()); said != "" {
		return printable(strings.ReplaceAll(said, "\n", " ")), nil
	}
	if err != nil {
		return "not started: " + printable(err.Error()), nil
	}
	return "nothing", nil
}
