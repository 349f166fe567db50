package p3_test

import (
	"bytes"
	"context"
	"os"
	"compress/gzip"
	"io"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/stdio"
)

func TestScratch(t *testing.T) {
	f, err := os.Open(os.Getenv("GUEST"))
	if err != nil { t.Skip(err) }
	z, _ := gzip.NewReader(f)
	b, _ := io.ReadAll(z)
	e, err := host.NewEngine(host.Config{})
	if err != nil { t.Fatal(err) }
	c, err := e.Compile(context.Background(), b)
	if err != nil { t.Fatal(err) }
	for _, i := range c.Imports() { t.Log("import", i.Name, i.Items) }
	for _, i := range c.Exports() { t.Log("export", i.Name, i.Items) }
	l := host.NewLinker()
	p2.Bind(l)
	p3.Bind(l)
	s, err := e.NewStore(host.Limits{})
	if err != nil { t.Fatal(err) }
	var out, er bytes.Buffer
	if err := p3.Attach(s, p3.Config{Command: wasi.Command{Args: []string{"hello"}, Streams: stdio.Streams{Stdout:&out, Stderr:&er}}}); err != nil { t.Fatal(err) }
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	in, err := l.Instantiate(ctx, s, c)
	if err != nil { t.Fatal(err) }
	st, err := wasi.RunCommand(ctx, in)
	t.Log(st, err, out.String(), er.String())
	t.Log(s.Close())
}
