package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// SIGINT and SIGTERM end the guest, whether it computes or waits, and the
// process says so with the status that shells use.
func TestSignals(t *testing.T) {
	hello := filepath.Join(guestsDir, "hello.wasm.gz")
	for _, c := range []struct {
		name   string
		guest  []string
		signal syscall.Signal
		status int
		says   string
	}{
		{"computing, SIGINT", []string{"testdata/components/loop.wasm"}, syscall.SIGINT, 130, "wasitls: ended by signal: interrupt\n"},
		{"computing, SIGTERM", []string{"testdata/components/loop.wasm"}, syscall.SIGTERM, 143, "wasitls: ended by signal: terminated\n"},
		{"sleeping, SIGINT", []string{hello, "err=ready", "sleep=60000"}, syscall.SIGINT, 130, "wasitls: ended by signal: interrupt\n"},
		{"reading, SIGTERM", []string{hello, "err=ready", "stdin"}, syscall.SIGTERM, 143, "wasitls: ended by signal: terminated\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := os.Stat(c.guest[0]); err != nil {
				t.Skip("the prebuilt guests are not here: ", err)
			}
			p := startCommand(t, "wasitls", append([]string{"run", "--no-cache"}, c.guest...)...)
			if len(c.guest) > 1 {
				if line, err := p.stderr.ReadString('\n'); line != "ready\n" {
					t.Fatalf("%q, %v", line, err)
				}
			} else {
				busy(t, p.Process.Pid)
			}
			sent := time.Now()
			if err := p.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			said, _ := io.ReadAll(p.stderr)
			p.Wait()
			if got := p.ProcessState.ExitCode(); got != c.status || string(said) != c.says {
				t.Errorf("exit status %d, %q; want %d, %q", got, said, c.status, c.says)
			}
			if took := time.Since(sent); took > 5*time.Second {
				t.Errorf("ended after %v", took)
			}
		})
	}
}

// slowEnd is a program that takes its time after a signal.
func slowEnd() {
	ctx, stop := withSignals(context.Background())
	defer stop()
	fmt.Fprintln(os.Stderr, "ready")
	<-ctx.Done()
	fmt.Fprintln(os.Stderr, "ending")
	time.Sleep(time.Minute)
}

// A second signal finds the default action: it ends the process at once.
func TestSecondSignal(t *testing.T) {
	p := startCommand(t, "slow-end")
	for _, want := range []string{"ready\n", "ending\n"} {
		if line, err := p.stderr.ReadString('\n'); line != want {
			t.Fatalf("%q, %v; want %q", line, err, want)
		}
		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	p.Wait()
	if ws, ok := p.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGTERM {
		t.Errorf("ended with %v", p.ProcessState)
	}
}

// process is a running program, with standard input open.
type process struct {
	*exec.Cmd
	stderr *bufio.Reader
}

func startCommand(t *testing.T, name string, args ...string) *process {
	t.Helper()
	cmd := exec.Command(name, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
	t.Cleanup(func() {
		timer.Stop()
		stdin.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	return &process{cmd, bufio.NewReader(stderr)}
}
