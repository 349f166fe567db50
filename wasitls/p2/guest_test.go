package p2_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	wasibase "github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	wasi "github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/p2/sockets"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/internal/guesttest"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/p2"
	"github.com/wasitls/wasitls/wasitls/wasitlstest/checkpeer"
)

// rig runs prebuilt guests against one peer.
type rig struct {
	engine *host.Engine
	linker *host.Linker
	client *wasitls.Client
	peer   *checkpeer.Peer
	comps  map[string]*host.Component
}

func newRig(t *testing.T) *rig {
	t.Helper()
	peer, err := checkpeer.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(peer.Close)
	engine, err := host.NewEngine(host.Config{})
	if err != nil {
		t.Fatal(err)
	}
	policy := wasitls.Trust(peer.Pool())
	policy.Rules[0].HandshakeTimeout = 3 * time.Second
	client, err := wasitls.NewClient(wasitls.Config{Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{engine: engine, linker: host.NewLinker(), client: client, peer: peer, comps: map[string]*host.Component{}}
	wasi.Bind(r.linker)
	if err := p2.Bind(r.linker, p2.Options{TLS: true}); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *rig) component(t *testing.T, name string) *host.Component {
	t.Helper()
	if c := r.comps[name]; c != nil {
		return c
	}
	c, err := r.engine.Compile(context.Background(), guesttest.Component(t, name))
	if err != nil {
		t.Fatal(err)
	}
	r.comps[name] = c
	return c
}

// run runs a guest and returns what it wrote, and how it ended.
func (r *rig) run(t *testing.T, name string, args ...string) (stdout, stderr string, status int, err error) {
	t.Helper()
	c := r.component(t, name)
	s, err := r.engine.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("%s %v: close: %v", name, args, err)
		}
	}()
	var out, errs bytes.Buffer
	err = wasi.Attach(s, wasi.Config{
		Command: cli.Config{Args: append([]string{name}, args...), Streams: stdio.Streams{Stdout: &out, Stderr: &errs}},
		Network: sockets.Config{Policy: netgrant.Policy{All: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p2.Attach(s, r.client.NewGuest(wasitls.GuestConfig{Name: name, Resolved: wasibase.Resolved(s)}))
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	in, err := r.linker.Instantiate(ctx, s, c)
	if err != nil {
		t.Fatal(err)
	}
	status, err = cli.RunCommand(ctx, in)
	return out.String(), errs.String(), status, err
}

// TestTLSCheck runs the checklist from inside a guest: each case is a subtest.
func TestTLSCheck(t *testing.T) {
	r := newRig(t)
	list, _, status, err := r.run(t, "tlscheck", "--list")
	if err != nil || status != 0 {
		t.Fatalf("--list: %d, %v", status, err)
	}
	base := append([]string{r.peer.Addr(), "localhost"}, r.peer.Options()...)
	ran := 0
	for line := range strings.Lines(list) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		name, kind := f[0], f[1]
		if kind == "alias" { // another name of a case that is listed too
			if !strings.Contains(list, "\n"+f[2]+" ") {
				t.Errorf("%s is an alias of %s, which is not listed", name, f[2])
			}
			continue
		}
		ran++
		t.Run(name, func(t *testing.T) {
			if kind == "trap" {
				out, _, _, err := r.run(t, "tlscheck", append(base, "--trap", name)...)
				var trap *host.Trap
				if !errors.As(err, &trap) {
					t.Fatalf("no trap: %v\n%s", err, out)
				}
				return
			}
			out, errs, status, err := r.run(t, "tlscheck", append(base, name)...)
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out, errs)
			}
			if strings.Contains(out, " skip ") {
				t.Skip(out)
			}
			if status != 0 || !strings.HasPrefix(out, name+" ok") {
				t.Fatalf("status %d: %s%s", status, out, errs)
			}
		})
	}
	if ran < 60 {
		t.Fatalf("only %d cases", ran)
	}
}
