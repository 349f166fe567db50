package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
)

func doRun(args []string, std stdio.Streams) error {
	line, err := parseRun(args)
	if err != nil {
		return err
	}
	g, err := line.guest(std)
	if err != nil {
		return err
	}
	return line.run(g)
}

// run runs the component as the guest that the line describes.
func (l *runLine) run(g *guest) (err error) {
	wasm, err := loadComponent(l.component)
	if err != nil {
		return err
	}
	if g.watch, err = l.observe(g.streams); err != nil {
		return err
	}
	defer func() { err = g.watch.end(err) }()
	if l.tls != "" {
		client, err := wasitls.NewClient(g.watch.on(wasitls.Config{Policy: g.policy}))
		if err != nil {
			return err
		}
		g.tls = &tlsOffer{client, l.tls}
	}
	ctx, stop := withSignals(context.Background())
	defer stop()
	if l.config != "" && g.tls != nil {
		defer reloader{l.config, l.literals, g.tls.client, g.streams.Stderr}.start()()
	}
	eng, err := newEngine(l.cacheDir, l.noCache, g.streams.Stderr)
	if err != nil {
		return err
	}
	defer eng.Close()
	c, err := compile(ctx, eng, l.component, wasm)
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := withTimeout(ctx, l.timeout)
	defer cancel()
	g.watch.begin(ctx)
	return g.run(ctx, eng, c)
}

// newEngine makes an engine that keeps compiled code in dir, by default in the
// user's cache directory. The default one is a convenience: where it cannot be
// used, a line on stderr says so and nothing is kept.
func newEngine(dir string, noCache bool, stderr io.Writer) (*host.Engine, error) {
	if noCache {
		return host.NewEngine(host.Config{})
	}
	if dir != "" {
		eng, err := host.NewEngine(host.Config{CacheDir: dir})
		if err != nil {
			return nil, refuse("--no-cache does without one", "--cache-dir=%s: %w", dir, err)
		}
		return eng, nil
	}
	eng, err := host.NewEngine(host.Config{CacheDir: defaultCache()})
	if err != nil {
		fmt.Fprintf(stderr, "wasitls: warning: compiled code is not kept: %s\n", printable(plain(err)))
		return host.NewEngine(host.Config{})
	}
	return eng, nil
}

// defaultCache is the folder in which things are kept unless the user names
// another, empty without a home directory.
func defaultCache() string {
	user, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(user, "wasitls")
}

func compile(ctx context.Context, eng *host.Engine, name string, wasm []byte) (*host.Component, error) {
	c, err := eng.Compile(ctx, wasm)
	var invalid *host.InvalidError
	if errors.As(err, &invalid) {
		return nil, refuse("", "%s: invalid component: %w", name, invalid.Err)
	}
	if err != nil {
		return nil, outcome(ctx, err)
	}
	return c, nil
}
