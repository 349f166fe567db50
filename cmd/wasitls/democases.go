package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/wasitls/wasitls/host/wasi/rootfs"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// demoCase is a server and what the guest must see of it.
type demoCase struct {
	guest    *demoGuest
	name     string
	expected string // what should happen, in words
	want     string // what the guest says then, among other things

	leaf      []wasitlstest.Option // of the server's certificate
	config    func(*tls.Config)
	handle    func(*tls.Conn, wasitlstest.Conn) // nil: answer
	ask       string                            // the server name to ask for; empty: wasitlstest.Name
	plain     bool                              // the server knows no TLS
	untrusted bool                              // the guest's roots do not have the server's
	flagless  bool                              // without --experimental-tls
}

func demoCases() []demoCase {
	return append(on(demoGuest02, demoCases02()), on(demoGuest03, demoCases03())...)
}

func on(g *demoGuest, cases []demoCase) []demoCase {
	for i := range cases {
		cases[i].guest = g
	}
	return cases
}

func demoCases02() []demoCase {
	return []demoCase{
		{
			name: "TLS 1.3", expected: "a reply over TLS 1.3",
			want:   "HTTP/1.1 200 TLS 1.3, 13 bytes",
			config: func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 },
		},
		{
			name: "TLS 1.2", expected: "a reply over TLS 1.2",
			want:   "HTTP/1.1 200 TLS 1.2, 13 bytes",
			config: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 },
		},
		{
			name: "wrong name", expected: "a certificate error",
			want: "x509: certificate is valid for",
			ask:  "other.test",
		},
		{
			name: "expired", expected: "a certificate error",
			want: "x509: certificate has expired",
			leaf: []wasitlstest.Option{wasitlstest.Expired()},
		},
		{
			name: "untrusted", expected: "a certificate error",
			want:      "x509: certificate signed by unknown authority",
			untrusted: true,
		},
		{
			name: "plaintext peer", expected: "a handshake error",
			want:   "does not look like a TLS handshake",
			plain:  true,
			handle: wasitlstest.Plain("HTTP/1.1 400 Bad Request\r\n\r\n"),
		},
		{
			name: "truncated reply", expected: "an error, not a short reply",
			want:   "without sending close_notify",
			handle: wasitlstest.Truncate("HTTP/1.1 200 OK\r\n\r\nhalf of"),
		},
		{
			name: "no flag", expected: "a refusal before it starts",
			want:     "component imports wasi:tls/types@0.2.0-draft",
			flagless: true,
		},
	}
}

// demoCases03 asks for the server's address: its guest takes a URL.
func demoCases03() []demoCase {
	return []demoCase{
		{
			name: "TLS 1.3", expected: "a reply over TLS 1.3",
			want:   "HTTP 200 hello, guest",
			config: func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 },
		},
		{
			name: "wrong name", expected: "a certificate error",
			want: "x509: certificate is valid for",
			leaf: []wasitlstest.Option{wasitlstest.Names("192.0.2.1")},
		},
		{
			name: "truncated reply", expected: "an error, not a short reply",
			want:   "without sending close_notify",
			handle: wasitlstest.Truncate("HTTP/1.1 200 OK\r\n\r\nhalf of"),
		},
		{
			name: "no flag", expected: "a refusal before it starts",
			want:     "component imports wasi:tls/client@0.3.0-draft",
			flagless: true,
		},
	}
}

// askInPython is the script of the demo: stock urllib on stock ssl.
const askInPython = `
import sys, urllib.request
with urllib.request.urlopen(sys.argv[1], timeout=10) as reply:
    print("HTTP", reply.status, reply.read().decode())
`

// demoCasesPython are for the Python guest, none where it is not at hand. done
// removes what they need.
func demoCasesPython() (cases []demoCase, done func(), err error) {
	home, err := findPython("")
	if err != nil {
		return nil, func() {}, nil
	}
	packed, err := os.ReadFile(filepath.Join(home, pythonGuest))
	if err != nil {
		return nil, nil, err
	}
	l := pythonLine{runLine: runLine{noCache: true}}
	library, done, err := l.library(filepath.Join(home, pythonLibrary+".gz"))
	if err != nil {
		return nil, nil, err
	}
	python := &demoGuest{
		name: "python", draft: draft02, packed: packed,
		args:   func(_ demoCase, addr string) []string { return []string{"-c", askInPython, "https://" + addr + "/"} },
		mounts: []rootfs.Mount{{Host: library, Guest: guestLibrary, ReadOnly: true}},
	}
	return on(python, []demoCase{{
		name: "Python", expected: "a reply to stock urllib",
		want: "HTTP 200 hello, guest",
	}}), done, nil
}

func (d demoCase) serverName() string {
	if d.ask != "" {
		return d.ask
	}
	return wasitlstest.Name
}

// start starts the server, and returns what the guest is offered.
func (d demoCase) start() (*wasitlstest.Server, *tlsOffer, error) {
	ca := wasitlstest.NewCA()
	peer := wasitlstest.Peer{Handle: answer}
	if d.handle != nil {
		peer.Handle = d.handle
	}
	if !d.plain {
		peer.Config = ca.Server(d.leaf...)
	}
	if d.config != nil {
		d.config(peer.Config)
	}
	server, err := peer.Listen()
	if err != nil || d.flagless {
		return server, nil, err
	}
	trusted := ca
	if d.untrusted {
		trusted = wasitlstest.NewCA().Intermediate()
	}
	client, err := wasitls.NewClient(wasitls.Config{Policy: wasitls.Trust(trusted.Pool())})
	return server, &tlsOffer{client: client}, err
}

// answer reads a request and replies with the version of TLS that the server
// has agreed on.
func answer(t *tls.Conn, _ wasitlstest.Conn) {
	if _, err := t.Read(make([]byte, 4<<10)); err != nil {
		return
	}
	version := tls.VersionName(t.ConnectionState().Version)
	fmt.Fprintf(t, "HTTP/1.1 200 %s\r\nConnection: close\r\n\r\nhello, guest\n", version)
	t.CloseWrite()
	io.Copy(io.Discard, t)
}
