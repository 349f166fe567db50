// Package process starts servers as processes on loopback, and ends them with
// all that they started.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Every wait is bounded by one of these.
const (
	// startLimit is how long a server may take until it accepts a connection.
	startLimit = 15 * time.Second
	// startTries is how often a server is started when its port was taken
	// between the choice and its own bind.
	startTries = 3
	// portTries is how many ports are looked at for one that is free.
	portTries = 20
	// stopLimit is how long a server may take to end by itself before it is killed.
	stopLimit = 500 * time.Millisecond
	// logTail is how many bytes of a server's log a failure shows.
	logTail = 1500
)

// Command is how to start a server.
type Command struct {
	Args   []string
	Dir    string     // the working folder; empty for that of the start
	Before [][]string // commands that must succeed first
}

// Running is a started server.
type Running struct {
	Addr string
	Log  func() string // what the server wrote, for a failure
	Stop func()        // ends it and everything it started
}

// OnPort starts a server on a free loopback port, with its files in dir, and
// returns once it accepts connections. The port is chosen before the server binds
// it, so a server that loses the race is started again on another.
func OnPort(ctx context.Context, dir string, command func(port string) (Command, error)) (*Running, error) {
	var last error
	for range startTries {
		r, err := onPort(ctx, dir, command)
		if err == nil {
			return r, nil
		}
		last = err
		if ctx.Err() != nil || !strings.Contains(strings.ToLower(err.Error()), "address already in use") {
			break
		}
	}
	return nil, last
}

func onPort(ctx context.Context, dir string, command func(port string) (Command, error)) (*Running, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	addr := net.JoinHostPort("127.0.0.1", port)
	cmd, err := command(port)
	if err != nil {
		return nil, err
	}
	return start(ctx, cmd, dir, addr)
}

// freePort returns a port that nobody listens on. It is below those from which the
// system takes one for whoever does not care, such as every client (ip(7),
// ip_local_port_range): between this choice and the server's bind, one of them
// could come to belong to another program, which then seems to be the server.
func freePort() (string, error) {
	const low, high = 16384, 32768
	var last error
	for range portTries {
		port := strconv.Itoa(low + rand.IntN(high-low))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return "", last
}

// start runs cmd as a process group of its own with its output in a file.
func start(ctx context.Context, cmd Command, dir, addr string) (*Running, error) {
	out, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for _, args := range cmd.Before {
		if err := prepare(ctx, args, dir); err != nil {
			out.Close()
			return nil, err
		}
	}
	p := exec.Command(cmd.Args[0], cmd.Args[1:]...)
	p.Dir, p.Env, p.Stdout, p.Stderr = cmd.Dir, environment(dir), out, out
	if p.Dir == "" {
		p.Dir = dir
	}
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.Start(); err != nil {
		out.Close()
		return nil, err
	}
	ended := make(chan struct{})
	go func() { p.Wait(); close(ended) }()
	r := &Running{
		Addr: addr,
		Log:  func() string { return tail(out) },
		Stop: sync.OnceFunc(func() {
			endGroup(p.Process.Pid, ended)
			out.Close()
		}),
	}
	if err := accepts(ctx, addr, ended); err != nil {
		text := r.Log()
		r.Stop()
		return nil, fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Args[0]), err, text)
	}
	return r, nil
}

// prepare runs a command that a server needs before it can start.
func prepare(ctx context.Context, args []string, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	p := exec.CommandContext(ctx, args[0], args[1:]...)
	p.Dir, p.Env = dir, environment(dir)
	if out, err := p.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", args[0], err, out)
	}
	return nil
}

// environment keeps the machine's OpenSSL policy and the user's settings from
// deciding what a case offers.
func environment(dir string) []string {
	return append(os.Environ(), "OPENSSL_CONF=/dev/null", "LC_ALL=C", "HOME="+dir)
}

// endGroup ends a process group: first politely, so that a server can take back
// what it holds in the system, then for certain.
func endGroup(pid int, ended <-chan struct{}) {
	syscall.Kill(-pid, syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(stopLimit):
	}
	syscall.Kill(-pid, syscall.SIGKILL)
	<-ended
}

var errEnded = errors.New("the server ended before it accepted a connection")

// accepts waits until addr accepts a connection. A server tells nobody else when
// it is ready, so this tries until it does, ends, or startLimit is over.
func accepts(ctx context.Context, addr string, ended <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	var d net.Dialer
	for {
		c, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			c.Close()
			return nil
		}
		select {
		case <-ended:
			return errEnded
		case <-ctx.Done():
			return fmt.Errorf("no connection within %v: %w", startLimit, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// tail returns the last logTail bytes of a log.
func tail(f *os.File) string {
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	b := make([]byte, min(info.Size(), logTail))
	n, _ := f.ReadAt(b, info.Size()-int64(len(b)))
	return string(bytes.TrimSpace(b[:n]))
}
