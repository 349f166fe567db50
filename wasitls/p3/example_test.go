package p3_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/host/wasi/netgrant"
	"github.com/wasitls/wasitls/host/wasi/p2"
	"github.com/wasitls/wasitls/host/wasi/p3"
	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
	tlsp2 "github.com/wasitls/wasitls/wasitls/p2"
	tlsp3 "github.com/wasitls/wasitls/wasitls/p3"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// run runs a command, of WASI 0.2 or 0.3, that may connect to one server, over TLS by the client's policy.
func run(ctx context.Context, wasm []byte, server string, client *wasitls.Client, args ...string) (int, error) {
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
	linker, err := offers()
	if err != nil {
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
	grants := wasi.Config{
		Command: wasi.Command{Args: args, Streams: stdio.Streams{Stdout: os.Stdout, Stderr: os.Stderr}},
		Network: wasi.Network{Policy: netgrant.Policy{Connect: []netgrant.Grant{peer}}},
	}
	if err := errors.Join(p2.Attach(store, grants), p3.Attach(store, grants)); err != nil {
		return 0, err
	}
	user := client.NewGuest(wasitls.GuestConfig{Name: args[0], Resolved: wasi.Resolved(store)})
	tlsp2.Attach(store, user)
	tlsp3.Attach(store, user)
	instance, err := linker.Instantiate(ctx, store, component)
	if err != nil {
		return 0, err
	}
	return wasi.RunCommand(ctx, instance)
}

// offers returns a linker with WASI and wasi:tls in both versions.
func offers() (*host.Linker, error) {
	linker := host.NewLinker()
	p2.Bind(linker)
	p3.Bind(linker)
	return linker, errors.Join(
		tlsp2.Bind(linker, tlsp2.Options{TLS: true}),
		tlsp3.Bind(linker, tlsp3.Options{TLS: true}))
}

// Two guests, one for each version, send a request over TLS to a server in
// this process.
func Example() {
	authority := wasitlstest.NewCA()
	server, err := wasitlstest.Peer{Config: authority.Server(), Handle: reply}.Listen()
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()

	client, err := wasitls.NewClient(wasitls.Config{Policy: wasitls.Trust(authority.Pool())})
	if err != nil {
		log.Fatal(err)
	}
	status, err := run(context.Background(), guest("democli"), server.Addr(), client,
		"democli", server.Addr(), wasitlstest.Name)
	fmt.Println(status, err)
	status, err = run(context.Background(), guest("https-get-p3"), server.Addr(), client,
		"https-get-p3", "https://"+server.Addr()+"/")
	fmt.Println(status, err)
	// Output:
	// HTTP/1.1 200 OK, 13 bytes
	// 0 <nil>
	// HTTP 200
	// hello, guest
	// 0 <nil>
}

func reply(t *tls.Conn, _ wasitlstest.Conn) {
	t.Read(make([]byte, 4<<10))
	io.WriteString(t, "HTTP/1.1 200 OK\r\n\r\nhello, guest\n")
	t.CloseWrite()
	io.Copy(io.Discard, t)
}

// guest returns a guest of `wasitls demo`.
func guest(name string) []byte {
	f, err := os.Open("../../cmd/wasitls/demo/" + name + ".wasm.gz")
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
