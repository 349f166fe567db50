package bench

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/p2/clocks"
	wasiio "github.com/wasitls/wasitls/host/wasi/p2/io"
	"github.com/wasitls/wasitls/host/wasi/p2/random"
	"github.com/wasitls/wasitls/host/wasi/p2/sockets"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/p2"
	tlsp3 "github.com/wasitls/wasitls/wasitls/p3"
)

// guestHost runs guests in this process, through the public packages.
type guestHost struct {
	load     func(name string) ([]byte, error)
	client   *wasitls.Client
	cache    string
	engine   *host.Engine
	programs map[string]*host.Program
}

func newGuestHost(cache string, roots *x509.CertPool, load func(string) ([]byte, error)) (*guestHost, error) {
	engine, err := host.NewEngine(host.Config{CacheDir: cache})
	if err != nil {
		return nil, err
	}
	client, err := wasitls.NewClient(wasitls.Config{Policy: wasitls.Trust(roots)})
	if err != nil {
		return nil, err
	}
	return &guestHost{load: load, client: client, cache: cache, engine: engine, programs: map[string]*host.Program{}}, nil
}

func (h *guestHost) close() error { return h.engine.Close() }

// linker offers what the guests of the measures import. first, if not nil, is
// called when a guest asks for its arguments, which they do before all else.
func (h *guestHost) linker(args []string, first func()) (*host.Linker, error) {
	l := host.NewLinker()
	wasiio.Bind(l)
	clocks.Bind(l)
	random.Bind(l)
	cli.Bind(l)
	sockets.Bind(l)
	if first != nil {
		l.Interface("wasi:cli/environment@"+cli.Version).Func("get-arguments",
			host.Func(func(*host.Call, *host.None) ([]string, error) {
				first()
				return args, nil
			}))
	}
	if err := bindP3(l); err != nil {
		return nil, err
	}
	return l, p2.Bind(l, p2.Options{TLS: true})
}

// program returns a guest ready to be instantiated.
func (h *guestHost) program(ctx context.Context, name string) (*host.Program, error) {
	if p := h.programs[name]; p != nil {
		return p, nil
	}
	l, err := h.linker(nil, nil)
	if err != nil {
		return nil, err
	}
	p, err := h.link(ctx, h.engine, l, name)
	if err == nil {
		h.programs[name] = p
	}
	return p, err
}

func (h *guestHost) link(ctx context.Context, e *host.Engine, l *host.Linker, name string) (*host.Program, error) {
	wasm, err := h.load(name)
	if err != nil {
		return nil, err
	}
	c, err := e.Compile(ctx, wasm)
	if err != nil {
		return nil, err
	}
	return l.Link(c)
}

// newStore makes a store with what a guest is granted: the network of this machine.
func (h *guestHost) newStore(e *host.Engine, args []string, stdout, stderr io.Writer) (*host.Store, error) {
	s, err := e.NewStore(host.Limits{})
	if err != nil {
		return nil, err
	}
	wasiio.Attach(s)
	cli.Attach(s, cli.Config{Args: args, Streams: stdio.Streams{Stdout: stdout, Stderr: stderr}})
	sockets.Attach(s, sockets.Config{Policy: netgrant.Policy{All: true}})
	guest := h.client.NewGuest(wasitls.GuestConfig{Name: "bench", Resolved: wasi.Resolved(s)})
	p2.Attach(s, guest)
	tlsp3.Attach(s, guest)
	return s, nil
}

// run runs a guest to its end; what it prints goes to stdout.
func (h *guestHost) run(ctx context.Context, name string, stdout io.Writer, args ...string) (err error) {
	p, err := h.program(ctx, name)
	if err != nil {
		return err
	}
	var complaint strings.Builder
	s, err := h.newStore(h.engine, append([]string{name}, args...), stdout, &complaint)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	in, err := p.Instantiate(ctx, s)
	if err != nil {
		return err
	}
	status, err := cli.RunCommand(ctx, in)
	if err == nil && status != 0 {
		return fmt.Errorf("exit status %d: %s", status, strings.TrimSpace(complaint.String()))
	}
	return err
}

// line is what tlsbench prints.
type line struct {
	Mode                                 string
	Bytes, Calls, Count, Connections, NS int
	HandshakesNS                         int `json:"handshakes_ns"`
	P50NS                                int `json:"p50_ns"`
	P99NS                                int `json:"p99_ns"`
}

// guestP2 makes most measures of WASI 0.2 and wasi:tls 0.2.
const guestP2 = "tlsbench"

// tlsbench runs a guest to its end and returns what it says.
func (b *bench) tlsbench(ctx context.Context, guest string, args ...string) (line, error) {
	var out strings.Builder
	if err := b.host.run(ctx, guest, &out, args...); err != nil {
		return line{}, err
	}
	return parseLine(out.String(), args[0])
}

func parseLine(text, mode string) (line, error) {
	var l line
	if err := json.Unmarshal([]byte(text), &l); err != nil || l.Mode != mode {
		return l, fmt.Errorf("tlsbench %s said %q", mode, text)
	}
	return l, nil
}

// running is a guest that was left running.
type running struct {
	lines *bufio.Reader
	stop  func() error
}

// leave starts a guest and returns while it runs. stop ends it.
func (b *bench) leave(ctx context.Context, guest string, args ...string) *running {
	ctx, cancel := context.WithCancelCause(ctx)
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := b.host.run(ctx, guest, in, args...)
		in.CloseWithError(errors.Join(io.EOF, err))
		ended <- err
	}()
	return &running{bufio.NewReader(out), func() error {
		cancel(errEnough)
		out.Close()
		if err := <-ended; !errors.Is(err, errEnough) {
			return err
		}
		return nil
	}}
}

// errEnough is why a guest that would wait for ever is ended.
var errEnough = errors.New("bench: enough")
