package p3_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	wasip3 "github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/internal/guesttest"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/p3"
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
	t.Cleanup(func() { engine.Close() })
	policy := wasitls.Trust(peer.Pool())
	policy.Rules[0].HandshakeTimeout = 3 * time.Second
	client, err := wasitls.NewClient(wasitls.Config{Policy: policy})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{engine: engine, linker: host.NewLinker(), client: client, peer: peer, comps: map[string]*host.Component{}}
	wasip3.Bind(r.linker)
	if err := p3.Bind(r.linker, p3.Options{TLS: true}); err != nil {
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
	t.Cleanup(func() { c.Close() })
	r.comps[name] = c
	return c
}

// run runs a guest and returns what it wrote, and how it ended.
func (r *rig) run(t *testing.T, name string, args ...string) (stdout, stderr string, status int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return r.runContext(ctx, t, name, args...)
}

func (r *rig) runContext(ctx context.Context, t *testing.T, name string, args ...string) (stdout, stderr string, status int, err error) {
	t.Helper()
	s, err := r.engine.NewStore(host.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return r.runIn(ctx, t, s, name, args...)
}

// runIn is runContext in a store of the caller's, which it closes.
func (r *rig) runIn(ctx context.Context, t *testing.T, s *host.Store, name string, args ...string) (stdout, stderr string, status int, err error) {
	t.Helper()
	c := r.component(t, name)
	defer func() {
		if err := s.Close(); err != nil {
			t.Errorf("%s %v: close: %v", name, args, err)
		}
	}()
	var out, errs bytes.Buffer
	err = wasip3.Attach(s, wasip3.Config{
		Command: wasi.Command{Args: append([]string{name}, args...), Streams: stdio.Streams{Stdout: &out, Stderr: &errs}},
		Network: wasi.Network{Policy: netgrant.Policy{All: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	p3.Attach(s, r.client.NewGuest(wasitls.GuestConfig{Name: name, Resolved: wasi.Resolved(s)}))
	in, err := r.linker.Instantiate(ctx, s, c)
	if err != nil {
		t.Fatal(err)
	}
	status, err = wasi.RunCommand(ctx, in)
	return out.String(), errs.String(), status, err
}

// TestTLSCheck runs the checklist from inside a guest: each case is a subtest.
func TestTLSCheck(t *testing.T) {
	r := newRig(t)
	list, _, status, err := r.run(t, "tlscheck-p3", "--list")
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
		ran++
		t.Run(name, func(t *testing.T) {
			if kind == "trap" {
				out, _, _, err := r.run(t, "tlscheck-p3", append(base, "--trap", name)...)
				var trap *host.Trap
				if !errors.As(err, &trap) {
					t.Fatalf("no trap: %v\n%s", err, out)
				}
				return
			}
			out, errs, status, err := r.run(t, "tlscheck-p3", append(base, name)...)
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
	if ran < 30 {
		t.Fatalf("only %d cases", ran)
	}
}
