package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// observed is a server and the arguments for a guest that talks to it.
type observed struct {
	dir  string
	args []string
	keys keysOf // as the server has them
}

// keysOf is a key log, for whoever reads it at the end.
type keysOf struct {
	mu sync.Mutex
	bytes.Buffer
}

func (k *keysOf) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Buffer.Write(p)
}

// observe starts a server; flags are for the guest, file by file of o.dir.
func observe(t *testing.T, guest, path string, handle func(*tls.Conn, wasitlstest.Conn), flags func(o *observed) []string) *observed {
	t.Helper()
	component := filepath.Join(guestsDir, guest+".wasm.gz")
	if _, err := os.Stat(component); err != nil {
		t.Skip("the prebuilt guests are not here: ", err)
	}
	o := &observed{dir: t.TempDir()}
	ca := wasitlstest.NewCA()
	config := ca.Server()
	config.KeyLogWriter = &o.keys
	server, err := wasitlstest.Peer{Config: config, Handle: handle}.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	roots := filepath.Join(o.dir, "roots.pem")
	if err := os.WriteFile(roots, ca.PEM(), 0o600); err != nil {
		t.Fatal(err)
	}
	o.args = append([]string{"run", "--no-cache", "--experimental-tls", "--tls-ca=" + roots, "--allow-net=" + server.Addr()}, flags(o)...)
	o.args = append(o.args, component, "https://"+server.Addr()+path)
	return o
}

func (o *observed) file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(o.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// finish waits for a command and returns its exit status and what it has still
// said.
func (p *process) finish() (status int, said string) {
	text, _ := io.ReadAll(p.stderr)
	p.Wait()
	return p.ProcessState.ExitCode(), string(text)
}

// TestNothingPlantedIsTold scrapes the metrics of a guest while it waits for a
// reply, and looks for everything that is the guest's own in all that is told.
func TestNothingPlantedIsTold(t *testing.T) {
	const planted = "planted-4711"
	asked, proceed := make(chan struct{}), make(chan struct{})
	o := observe(t, "https-get", "/"+planted, func(c *tls.Conn, _ wasitlstest.Conn) {
		c.Read(make([]byte, 4<<10))
		close(asked)
		<-proceed
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nSet-Cookie: %s\r\n\r\n%[1]s\n", planted)
		c.CloseWrite()
		io.Copy(io.Discard, c)
	}, func(o *observed) []string {
		return []string{
			"--tls-audit=" + filepath.Join(o.dir, "audit"), "--tls-keylog=" + filepath.Join(o.dir, "keys"),
			"--metrics=127.0.0.1:0", "--env=TOKEN=" + planted,
		}
	})
	t.Setenv("TOKEN", planted)
	p := startCommand(t, "wasitls", o.args...)
	warning, _ := p.stderr.ReadString('\n')
	line, err := p.stderr.ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "wasitls: metrics at ")
	if !ok || !strings.HasPrefix(warning, "wasitls: warning: whoever can read ") {
		t.Fatalf("%q, %q, %v", warning, line, err)
	}
	<-asked
	reply, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reply.Body)
	reply.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"wasitls_connections_open 1",
		`wasitls_handshakes_total{group="X25519MLKEM768",result="connected",resumed="false",version="TLS 1.3"} 1`,
	} {
		if !strings.Contains(string(text), "\n"+line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	close(proceed)
	status, said := p.finish()
	if status != 0 || said != "" {
		t.Errorf("status %d, %q", status, said)
	}
	audited := o.file(t, "audit")
	if strings.Count(audited, "\n") != 2 {
		t.Errorf("the audit log is\n%s", audited)
	}
	for what, told := range map[string]string{
		"metrics": string(text), "audit log": audited, "key log": o.file(t, "keys"), "standard error": warning + line + said,
	} {
		for _, form := range []string{planted, fmt.Sprintf("%x", planted)} {
			if strings.Contains(strings.ToLower(told), form) {
				t.Errorf("%q is in the %s:\n%s", form, what, told)
			}
		}
	}
	if c, err := net.Dial("tcp", strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/metrics")); err == nil {
		c.Close()
		t.Error("metrics are served after the run")
	}
}

// TestKeyLog: the secrets are those that the server has, so that they decrypt
// what was recorded.
func TestKeyLog(t *testing.T) {
	for _, guest := range []string{"https-get", "https-get-p3"} {
		o := observe(t, guest, "/", answer, func(o *observed) []string {
			return []string{"--tls-keylog=" + filepath.Join(o.dir, "keys")}
		})
		if status, said := startCommand(t, "wasitls", o.args...).finish(); status != 0 {
			t.Fatalf("%s: status %d, %s", guest, status, said)
		}
		sorted := func(text string) []string {
			lines := strings.Split(strings.TrimSpace(text), "\n")
			slices.Sort(lines)
			return lines
		}
		o.keys.mu.Lock()
		server := o.keys.String()
		o.keys.mu.Unlock()
		if client := o.file(t, "keys"); !slices.Equal(sorted(client), sorted(server)) || len(sorted(client)) != 4 {
			t.Errorf("%s: the key log is\n%s\nand the server's\n%s", guest, client, server)
		}
	}
}

// TestAuditPipeThatNobodyReads: the guest waits for its event until its time is
// up, and the command a moment longer.
func TestAuditPipeThatNobodyReads(t *testing.T) {
	for _, guest := range []string{"https-get", "https-get-p3"} {
		t.Run(guest, func(t *testing.T) {
			o := observe(t, guest, "/", answer, func(o *observed) []string {
				return []string{"--timeout=300ms", "--tls-audit=" + filepath.Join(o.dir, "pipe")}
			})
			fill(t, filepath.Join(o.dir, "pipe"))
			begin := time.Now()
			status, said := startCommand(t, "wasitls", o.args...).finish()
			if status != exitTrap || !strings.Contains(said, "wasitls: the audit log is incomplete, events lost: ") ||
				!strings.Contains(said, ": nobody reads it\n") || !strings.Contains(said, "guest ran longer than 300ms\n") {
				t.Errorf("status %d\n%s", status, said)
			}
			if took := time.Since(begin); took > 15*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// fill makes a pipe that is full, with somebody who might read it.
func fill(t *testing.T, name string) {
	t.Helper()
	if err := unix.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Open(name, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	for err == nil {
		_, err = unix.Write(fd, make([]byte, 4096))
	}
	if err != unix.EAGAIN {
		t.Fatal(err)
	}
}
