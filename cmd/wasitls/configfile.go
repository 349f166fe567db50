package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/config"
)

// loadConfig reads the file of --config. What it names may be secret: a core
// dump of this process must not have it.
func loadConfig(name string, literalSecrets bool) (*config.File, error) {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return nil, refuse("", "core dumps cannot be turned off: %w", err)
	}
	file, err := config.Load(name, config.Options{AllowLiteralSecrets: literalSecrets})
	if err != nil {
		return nil, failure{err: err}
	}
	return file, nil
}

// file reads the file of --config, nil if there is none.
func (l *runLine) file() (*config.File, error) {
	if l.config == "" {
		return nil, nil
	}
	file, err := loadConfig(l.config, l.literals)
	if err == nil && file.Policy != nil && l.tls == "" {
		return nil, refuse("add --experimental-tls", "%s:%d: tls: is of no use without wasi:tls", l.config, file.Line("tls"))
	}
	return file, err
}

// policy returns what the guest may do with TLS: what the file says, or what
// the flags do.
func (l *runLine) policy(file *config.File) (*wasitls.Policy, error) {
	if file != nil && file.Policy != nil {
		return file.Policy, nil
	}
	roots, err := loadRoots(l.tlsRoots, l.tlsCA)
	return wasitls.Trust(roots), err
}

// reloader reads the file of --config again on SIGHUP.
type reloader struct {
	file     string
	literals bool // secrets may stand in it
	client   *wasitls.Client
	stderr   io.Writer
}

// start begins to listen for SIGHUP. It returns a function that ends that and
// waits until a reload in progress has ended.
func (r reloader) start() (stop func()) {
	arrived := make(chan os.Signal, 1)
	signal.Notify(arrived, syscall.SIGHUP)
	end, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-arrived:
				r.reload()
			case <-end:
				return
			}
		}
	}()
	return func() {
		signal.Stop(arrived)
		close(end)
		<-done
	}
}

// reload replaces the policy, or tells on one line why it stays.
func (r reloader) reload() {
	file, err := loadConfig(r.file, r.literals)
	if err == nil && file.Policy == nil {
		err = fmt.Errorf("%s: no section tls any more", r.file)
	}
	if err == nil {
		err = r.client.SetPolicy(file.Policy)
	}
	if err != nil {
		say(r.stderr, fmt.Errorf("the policy stays as it was: %w", err))
		return
	}
	say(r.stderr, errors.New("the policy was read again"))
}
