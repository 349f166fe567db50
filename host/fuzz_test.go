package host_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/internal/wt/wat"
)

// FuzzComponent takes anything for a component file: compiles it, links it
// with nothing, instantiates it and calls what it exports. Whatever happens
// must be an error, soon.
func FuzzComponent(f *testing.F) {
	for _, text := range []string{
		"(component)", looper, greeter, dtorChain,
		hostile("", "", "", ""), crossingOf("(type $L (list (tuple u8 string)))", 3),
	} {
		b, err := wat.Module(text)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	files, _ := filepath.Glob("testdata/fuzz/*.wasm")
	if len(files) == 0 {
		f.Fatal("no seeds in testdata/fuzz")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	e, err := host.NewEngine(host.Config{StackBytes: 64 << 10})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		start := time.Now()
		runAnything(t, e, b)
		if d := time.Since(start); d > 10*time.Second {
			t.Errorf("it took %v", d)
		}
	})
}

func runAnything(t *testing.T, e *host.Engine, b []byte) {
	c, err := e.Compile(context.Background(), b)
	if err != nil {
		return
	}
	defer c.Close()
	s, err := e.NewStore(host.Limits{MemoryBytes: 4 << 20, TableElements: 1 << 10, Handles: 1 << 10, Instances: 100, LiftBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	c.Imports()
	in, err := host.NewLinker().Instantiate(ctx, s, c)
	if err != nil {
		return
	}
	for _, x := range c.Exports() {
		switch x.Kind {
		case "func":
			in.Call(ctx, "", x.Name)
			in.Call(ctx, "", x.Name, "text")
		case "instance":
			for _, item := range x.Items {
				in.Call(ctx, x.Name, item)
			}
		}
	}
}
