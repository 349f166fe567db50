package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// SIGHUP reads the policy again while a guest runs: a good one is in force for
// the next connection, a bad one leaves the old one as it was.
func TestReload(t *testing.T) {
	const policy = "tls:\n  default: deny\n  rules:\n    - {name: %s, servers: 127.0.0.1, action: %s%s}\n"
	cache := filepath.Join(t.TempDir(), "cache")
	for _, c := range []struct {
		name, file string
		says       string // on SIGHUP
		status     int
		ends       string // what the guest says of its second connection
	}{
		{"good", fmt.Sprintf(policy, "closed", "deny", ""), `^wasitls: the policy was read again$`, 1, `rule "closed"`},
		{"bad", "tls:\n  default: never\n  rules: []\n", `^wasitls: the policy stays as it was: \S+/wasitls.yaml:2: tls.default: must be one of allow, deny; \S+:3: tls.rules: is an empty list$`, 0, ""},
		{"none", "workload: {}\n", `^wasitls: the policy stays as it was: \S+/wasitls.yaml: no section tls any more$`, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			get := filepath.Join(guestsDir, "https-get.wasm.gz")
			if _, err := os.Stat(get); err != nil {
				t.Skip("the prebuilt guests are not here: ", err)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "wasitls.yaml")
			write := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			ca := wasitlstest.NewCA()
			arrived, goOn := make(chan bool, 1), make(chan bool)
			first, err := wasitlstest.Peer{Config: ca.Server(), Handle: func(c *tls.Conn, below wasitlstest.Conn) {
				arrived <- true
				<-goOn
				answer(c, below)
			}}.Listen()
			if err != nil {
				t.Fatal(err)
			}
			defer first.Close()
			second, err := wasitlstest.Peer{Config: ca.Server(), Handle: answer}.Listen()
			if err != nil {
				t.Fatal(err)
			}
			defer second.Close()
			write("ca.pem", string(ca.PEM()))
			write("wasitls.yaml", fmt.Sprintf(policy, "open", "allow", ", roots: {base: none, files: ca.pem}"))

			p := startCommand(t, "wasitls", "run", "--cache-dir="+cache, "--experimental-tls", "--config="+file, "--allow-net="+first.Addr(), "--allow-net="+second.Addr(),
				get, "https://"+first.Addr()+"/", "https://"+second.Addr()+"/")
			proceed := sync.OnceFunc(func() { close(goOn) })
			defer proceed() // before first.Close, which waits for the handler
			select {
			case <-arrived:
			case <-time.After(25 * time.Second):
				p.Process.Kill()
				said, _ := io.ReadAll(p.stderr)
				t.Fatalf("the guest does not connect: %s", said)
			}
			limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", p.Process.Pid))
			if err != nil || !regexp.MustCompile(`(?m)^Max core file size +0 +0 `).Match(limits) {
				t.Errorf("core dumps are on: %v\n%s", err, limits)
			}
			write("wasitls.yaml", c.file)
			if err := p.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			line, err := p.stderr.ReadString('\n')
			if !regexp.MustCompile(c.says).MatchString(strings.TrimSpace(line)) {
				t.Errorf("says %q, %v; want %s", line, err, c.says)
			}
			proceed()
			rest := new(strings.Builder)
			p.stderr.WriteTo(rest)
			p.Wait()
			if got := p.ProcessState.ExitCode(); got != c.status || !strings.Contains(rest.String(), c.ends) {
				t.Errorf("exit status %d, %q; want %d, %q", got, rest, c.status, c.ends)
			}
		})
	}
}
