package main

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

var update = flag.Bool("update", false, "write what the scripts' cmp commands compare")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wasitls": main, "slow-end": slowEnd})
}

// guestsDir holds the prebuilt guests, in a module of its own that is not here
// when this one was downloaded.
const guestsDir = "../../testdata/guests"

// TestScripts runs testdata/script. Beside testscript's own commands there are
//
//	status N [ARG...]   run wasitls ARG..., which must exit with N
//	serve NAME [KIND]   start a TLS server with a throw-away CA: its address goes
//	                    to $NAME, the CA's certificate to $WORK/NAME.pem, and a
//	                    client certificate of it with its key to NAME-client.pem,
//	                    NAME-client.key and NAME-client.p12
func TestScripts(t *testing.T) {
	guests, err := filepath.Abs(guestsDir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(guests); err != nil {
		t.Skip("the prebuilt guests are not here: ", err)
	}
	components, err := filepath.Abs("testdata/components")
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("GUESTS", guests)
			e.Setenv("COMPONENTS", components)
			e.Setenv("XDG_CACHE_HOME", cache)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"serve":  serve,
		},
	})
}

func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: status N [ARG...]")
	}
	err := ts.Exec("wasitls", args[1:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit status %d, want %s", got, args[0])
	}
}

// kinds are the servers that serve starts.
var kinds = map[string]func(*wasitlstest.CA) wasitlstest.Peer{
	"good": func(ca *wasitlstest.CA) wasitlstest.Peer {
		return wasitlstest.Peer{Config: ca.Server(), Handle: answer}
	},
	"expired": func(ca *wasitlstest.CA) wasitlstest.Peer {
		return wasitlstest.Peer{Config: ca.Server(wasitlstest.Expired()), Handle: answer}
	},
	"tls1.2": func(ca *wasitlstest.CA) wasitlstest.Peer {
		c := ca.Server()
		c.MaxVersion = tls.VersionTLS12
		return wasitlstest.Peer{Config: c, Handle: answer}
	},
	"mtls": func(ca *wasitlstest.CA) wasitlstest.Peer {
		c := ca.Server()
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ca.Pool()
		return wasitlstest.Peer{Config: c, Handle: answer}
	},
	"truncated": func(ca *wasitlstest.CA) wasitlstest.Peer {
		return wasitlstest.Peer{Config: ca.Server(), Handle: wasitlstest.Truncate("HTTP/1.1 200 OK\r\n\r\nhalf of")}
	},
	"mute": func(ca *wasitlstest.CA) wasitlstest.Peer { // after the handshake
		return wasitlstest.Peer{Config: ca.Server(), Handle: func(c *tls.Conn, _ wasitlstest.Conn) { io.Copy(io.Discard, c) }}
	},
	"silent": func(*wasitlstest.CA) wasitlstest.Peer {
		return wasitlstest.Peer{Handle: wasitlstest.Silent}
	},
}

func serve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: serve NAME [KIND]")
	}
	make := kinds[strings.Join(append(args[1:], "good")[:1], "")]
	if make == nil {
		ts.Fatalf("no kind of server %q", args[1])
	}
	ca := wasitlstest.NewCA()
	server, err := make(ca).Listen()
	ts.Check(err)
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.Addr())
	_, port, _ := strings.Cut(server.Addr(), ":")
	ts.Setenv(args[0]+"_PORT", port)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pem"), ca.PEM(), 0o644))
	writeClient(ts, args[0]+"-client", ca)
}

// planted is the password of PKCS#12 files. No output may have it.
const planted = "planted-hunter2"

func writeClient(ts *testscript.TestScript, name string, ca *wasitlstest.CA) {
	client := ca.Leaf(wasitlstest.Usage(x509.ExtKeyUsageClientAuth))
	leaf, err := x509.ParseCertificate(client.Certificate[0])
	ts.Check(err)
	key, err := x509.MarshalPKCS8PrivateKey(client.PrivateKey)
	ts.Check(err)
	bag, err := pkcs12.Modern.Encode(client.PrivateKey, leaf, nil, planted)
	ts.Check(err)
	for suffix, text := range map[string][]byte{
		".pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf.Raw}),
		".key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		".p12": bag,
	} {
		ts.Check(os.WriteFile(ts.MkAbs(name+suffix), text, 0o600))
	}
}
