package config_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/config"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/internal/guesttest"
)

// run runs a guest with words, and returns what it prints.
func run(t *testing.T, guest string, o config.Options, attach func(*host.Store), words ...string) (string, error) {
	t.Helper()
	eng, err := host.NewEngine(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer eng.Close()
	c, err := eng.Compile(context.Background(), guesttest.Component(t, guest))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	l := host.NewLinker()
	p2.Bind(l)
	p3.Bind(l)
	config.Bind(l, o)
	s, err := eng.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var out bytes.Buffer
	err = p2.Attach(s, wasi.Config{Command: wasi.Command{
		Args: append([]string{guest}, words...), Streams: stdio.Streams{Stdout: &out},
	}})
	if err != nil {
		t.Fatal(err)
	}
	attach(s)
	in, err := l.Instantiate(context.Background(), s, c)
	if err != nil {
		return "", err
	}
	status, err := wasi.RunCommand(context.Background(), in)
	if status != 0 {
		t.Errorf("status %d", status)
	}
	return out.String(), err
}

// guests are of WASI 0.2 and of 0.3.
var guests = []string{"configured", "configured-p3"}

func TestStore(t *testing.T) {
	values := []config.Entry{{Key: "b", Value: "2"}, {Key: "a", Value: "first"}, {Key: "", Value: "no key"}, {Key: "a", Value: "ünï\n"}}
	for _, c := range []struct {
		name   string
		attach func(*host.Store)
		words  []string
		want   string
	}{
		{"all", func(s *host.Store) { config.Attach(s, values) }, []string{"all"}, "config =no key\nconfig a=ünï\n\nconfig b=2\n"},
		{"one", func(s *host.Store) { config.Attach(s, values) }, []string{"get=b", "get=", "get=A"}, "config b=2\nconfig =no key\nconfig A has no value\n"},
		{"twice attached", func(s *host.Store) { config.Attach(s, values[:1]); config.Attach(s, values) }, []string{"all"}, "config b=2\n"},
		{"none", func(s *host.Store) { config.Attach(s, nil) }, []string{"all", "get=a"}, "config a has no value\n"},
		{"not attached", func(*host.Store) {}, []string{"all", "get=a"}, "config a has no value\n"},
	} {
		for _, guest := range guests {
			t.Run(c.name+", "+guest, func(t *testing.T) {
				got, err := run(t, guest, config.Options{Config: true}, c.attach, c.words...)
				if err != nil || got != c.want {
					t.Errorf("%q, %v; want %q", got, err, c.want)
				}
			})
		}
	}
}

func TestOffByDefault(t *testing.T) {
	for _, guest := range guests {
		_, err := run(t, guest, config.Options{}, func(*host.Store) {}, "all")
		var missing *host.MissingImportError
		if !errors.As(err, &missing) || missing.Import != config.Interface {
			t.Errorf("%s: %v", guest, err)
		}
	}
}
