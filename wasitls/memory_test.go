package wasitls_test

import (
	"bufio"
	"context"
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

// TestIdleMemory measures an idle connection that has carried data, with the
// server in another process:
//
//	go test -run TestIdleMemory -v ./wasitls
func TestIdleMemory(t *testing.T) {
	if os.Getenv(serverEnv) != "" {
		serveForIdle(t)
		return
	}
	addr, roots := startServer(t)
	c := client(t, wasitls.Config{Roots: roots})
	connections := 500
	dial := func() *wasitlstest.Blocking {
		below, err := net.Dial("tcp", addr)
		noError(t, err)
		conn, err := c.Start(below, wasitlstest.Name).Wait(timeout(t))
		noError(t, err)
		b := wasitlstest.NewBlocking(conn)
		exchange(t, b, 100)
		return b
	}
	dial().Close() // what is needed once
	before := measure()
	var open []*wasitlstest.Blocking
	for range connections {
		open = append(open, dial())
	}
	after := measure()
	for _, b := range open {
		b.Close()
	}
	per := func(a, b uint64) uint64 { return (a - b) / uint64(connections) }
	heap, stack := per(after.HeapInuse, before.HeapInuse), per(after.StackInuse, before.StackInuse)
	t.Logf("idle connection: %d bytes of heap, %d of stacks", heap, stack)
	if heap+stack > idleLimit {
		t.Errorf("more than %d bytes", idleLimit)
	}
}

// exchange sends n bytes and gets them back.
func exchange(t *testing.T, b *wasitlstest.Blocking, n int) {
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
