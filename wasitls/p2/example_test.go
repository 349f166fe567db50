package p2_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	wasi "github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p2/cli"
	"github.com/wasitls/wasitls/host/wasi/p2/sockets"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/p2"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// run runs a command component that may connect to one server over TLS.
func run(ctx context.Context, wasm []byte, server string, roots *x509.CertPool, args ...string) (int, error) {
	// Once for a process: an engine, the code, what guests are offered.
	engine, err := host.NewEngine(host.Config{})
	if err != nil {
		return 0, err
	}
	defer engine.Close()
	component, err := engine.Compile(ctx, wasm)
	if err != nil {
		return 0, err
	}
	defer component.Close()
	client, err := wasitls.NewClient(wasitls.Config{Policy: wasitls.Trust(roots)})
	if err != nil {
		return 0, err
	}
	linker := host.NewLinker()
	wasi.Bind(linker)
	if err := p2.Bind(linker, p2.Options{TLS: true}); err != nil {
		return 0, err
	}

	// Once for a guest: a store, with what this guest is granted.
	store, err := engine.NewStore(host.Limits{MemoryBytes: 64 << 20})
	if err != nil {
		return 0, err
	}
	defer store.Close()
	peer, err := netgrant.ParseConnect(server)
	if err != nil {
		return 0, err
	}
	err = wasi.Attach(store, wasi.Config{
		Command: cli.Config{Args: args, Streams: stdio.Streams{Stdout: os.Stdout, Stderr: os.Stderr}},
		Network: sockets.Config{Policy: netgrant.Policy{Connect: []netgrant.Grant{peer}}},
	})
	if err != nil {
		return 0, err
	}
	p2.Attach(store, client.NewGuest(wasitls.GuestConfig{}))
	instance, err := linker.Instantiate(ctx, store, component)
	if err != nil {
		return 0, err
	}
	return cli.RunCommand(ctx, instance)
}

// A guest sends a request over TLS to a server in this process.
func Example() {
	authority := wasitlstest.NewCA()
	server, err := wasitlstest.Peer{Config: authority.Server(), Handle: reply}.Listen()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	status, err := run(context.Background(), guest(), server.Addr(), authority.Pool(),
		"democli", server.Addr(), wasitlstest.Name)
	fmt.Println(status, err)
	// Output:
	// HTTP/1.1 200 OK, 12 bytes
	// 0 <nil>
}

func reply(t *tls.Conn, _ wasitlstest.Conn) {
	t.Read(make([]byte, 4<<10))
	io.WriteString(t, "HTTP/1.1 200 OK\r\n\r\nhello, guest")
	t.CloseWrite()
	io.Copy(io.Discard, t)
}

// guest returns the guest of `wasitls demo`.
func guest() []byte {
	f, err := os.Open("../../cmd/wasitls/demo/democli.wasm.gz")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		log.Fatal(err)
	}
	wasm, err := io.ReadAll(r)
	if err != nil {
		log.Fatal(err)
	}
	return wasm
}
