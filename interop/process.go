package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// running is a started server. stop ends it and everything it started.
type running struct {
	addr string
	log  func() string // what the server wrote, for a failure
	stop func()
}

// start brings the server up on a free loopback port and returns once it accepts
// connections. The port is chosen before the server binds it, so a server that
// loses the race is started again on another.
func (s Server) start(ctx context.Context, program string, setup Setup) (*running, error) {
	var errs []error
	for range startTries {
		r, err := s.startOnce(ctx, program, setup)
		if err == nil {
			return r, nil
		}
		errs = append(errs, err)
		if ctx.Err() != nil || !strings.Contains(strings.ToLower(err.Error()), "address already in use") {
			break
		}
	}
	return nil, errs[len(errs)-1]
}

func (s Server) startOnce(ctx context.Context, program string, setup Setup) (*running, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	if s.serve != nil {
		return startInside(ctx, l, func(ctx context.Context) error { return s.serve(ctx, l, setup) }), nil
	}
	l.Close()
	_, setup.Port, _ = net.SplitHostPort(addr)
	cmd, err := s.command(program, setup)
	if err != nil {
		return nil, err
	}
	return startProcess(ctx, cmd, setup.Dir, addr)
}

// startInside runs a server of this process on l.
func startInside(ctx context.Context, l net.Listener, serve func(context.Context) error) *running {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- serve(ctx) }()
	return &running{
		addr: l.Addr().String(),
		log:  func() string { return "" },
		stop: sync.OnceFunc(func() {
			cancel()
			l.Close()
			<-done
		}),
	}
}

// startProcess runs cmd as a process group of its own with its output in a file.
func startProcess(ctx context.Context, cmd Command, dir, addr string) (*running, error) {
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
	r := &running{
		addr: addr,
		log:  func() string { return tail(out) },
		stop: sync.OnceFunc(func() {
			endGroup(p.Process.Pid, ended)
			out.Close()
		}),
	}
	if err := accepts(ctx, addr, ended); err != nil {
		text := r.log()
		r.stop()
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
