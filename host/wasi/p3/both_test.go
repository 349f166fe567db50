package p3_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/internal/wasitest"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

// A component that imports 0.2 and 0.3 finds one command line, one standard
// output and one network: the addresses that 0.2 has resolved for a granted
// name are granted in 0.3.
func TestBothVersions(t *testing.T) {
	_, port := wasitest.Upper(t)
	for _, c := range []struct{ name, granted, out string }{
		{"granted", "localhost:" + port, "0.2 found 127.0.0.1\n0.3 connected\n"},
		{"another port", "localhost:1", "0.2 found 127.0.0.1\n0.3: connect: access-denied\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			store := wasitest.Store(t)
			defer store.Close()
			var out bytes.Buffer
			config := wasi.Config{
				Command: wasi.Command{
					Args:    []string{"both-p3", "localhost", port},
					Streams: stdio.Streams{Stdout: &out},
				},
				Network: wasitest.Network(t, c.granted, ""),
			}
			if err := p2.Attach(store, config); err != nil {
				t.Fatal(err)
			}
			if err := p3.Attach(store, config); err != nil {
				t.Fatal(err)
			}
			l := host.NewLinker()
			p2.Bind(l)
			p3.Bind(l)
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			in, err := l.Instantiate(ctx, store, wasitest.Compile(t, "both-p3"))
			if err != nil {
				t.Fatal(err)
			}
			status, err := wasi.RunCommand(ctx, in)
			if err != nil || status != 0 || out.String() != c.out {
				t.Errorf("%d, %v, %q", status, err, out.String())
			}
		})
	}
}
