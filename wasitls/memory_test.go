package wasitls_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// idleLimit is what an idle connection may cost, in bytes of heap and stacks.
const idleLimit = 24 << 10

const serverEnv = "WASITLS_TEST_SERVER"

// TestIdleMemory measures an idle connection that has carried data, beside a
// native one, with the server in another process:
//
//	go test -run TestIdleMemory -v ./wasitls
//
// After a bulk transfer crypto/tls keeps a buffer for records, which a native
// client pays for, too; only the ordinary case has a limit.
func TestIdleMemory(t *testing.T) {
	if os.Getenv(serverEnv) != "" {
		serveForIdle(t)
		return
	}
	addr, roots := startServer(t)
	c := guest(t, wasitls.Config{Policy: wasitls.Trust(roots)})
	dial := func() net.Conn {
		below, err := net.Dial("tcp", addr)
		noError(t, err)
		return below
	}
	openNative := func() io.ReadWriteCloser {
		return tls.Client(dial(), &tls.Config{RootCAs: roots, ServerName: wasitlstest.Name})
	}
	openConn := func() io.ReadWriteCloser {
		conn, err := c.Start(dial(), wasitlstest.Name).Wait(timeout(t))
		noError(t, err)
		return wasitlstest.NewBlocking(conn)
	}
	for _, n := range []int{100, 100_000} {
		native := idle(t, openNative, n)
		ours := idle(t, openConn, n)
		t.Logf("idle after %d bytes: native %d bytes, conn %d", n, native, ours)
		if n == 100 && ours > idleLimit {
			t.Errorf("more than %d bytes", idleLimit)
		}
	}
}

// idle returns the heap and stacks of a connection after n bytes each way.
func idle(t *testing.T, open func() io.ReadWriteCloser, n int) uint64 {
	t.Helper()
	const connections = 300
	one := func() io.Closer {
		c := open()
		exchange(t, c, n)
		return c
	}
	one().Close() // for what is needed once
	before := measure()
	var held []io.Closer
	for range connections {
		held = append(held, one())
	}
	after := measure()
	for _, c := range held {
		c.Close()
	}
	return (after.HeapInuse + after.StackInuse - before.HeapInuse - before.StackInuse) / connections
}

// exchange sends n bytes and gets them back.
func exchange(t *testing.T, b io.ReadWriter, n int) {
	t.Helper()
	_, err := b.Write(make([]byte, n))
	noError(t, err)
	_, err = io.ReadFull(b, make([]byte, n))
	noError(t, err)
}

func measure() runtime.MemStats {
	var m runtime.MemStats
	for range 3 { // sync.Pool keeps for two
		runtime.GC()
	}
	debug.FreeOSMemory()
	runtime.ReadMemStats(&m)
	return m
}

// startServer runs this test in another process, as echo server.
func startServer(t *testing.T) (addr string, roots *x509.CertPool) {
	ctx, cancel := context.WithCancel(context.Background())
	server := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestIdleMemory$")
	server.Env = append(os.Environ(), serverEnv+"=1")
	server.Stderr = os.Stderr
	stdout, err := server.StdoutPipe()
	noError(t, err)
	stdin, err := server.StdinPipe() // its end ends the server
	noError(t, err)
	noError(t, server.Start())
	t.Cleanup(func() {
		stdin.Close()
		io.Copy(io.Discard, stdout)
		server.Wait()
		cancel()
	})
	lines := bufio.NewReader(stdout)
	_, err = fmt.Fscanln(lines, &addr)
	noError(t, err)
	var certificate string
	_, err = fmt.Fscanln(lines, &certificate)
	noError(t, err)
	der := make([]byte, len(certificate)/2)
	_, err = fmt.Sscanf(certificate, "%x", &der)
	noError(t, err)
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return addr, roots
}

// serveForIdle is the other process.
func serveForIdle(t *testing.T) {
	server, err := wasitlstest.Peer{Config: good(), Handle: wasitlstest.Echo}.Listen()
	noError(t, err)
	fmt.Println(server.Addr())
	fmt.Printf("%x\n", ca().Certificate.Raw)
	io.Copy(io.Discard, os.Stdin)
	server.Close()
}
