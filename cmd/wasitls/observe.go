package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/pflag"

	"github.com/wasitls/wasitls/host/wasi/stdio"
	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/audit"
	"github.com/wasitls/wasitls/wasitls/metrics"
)

// observeFlags say where to tell what becomes of a guest's connections.
type observeFlags struct {
	audit   string // a file, or - for standard output
	metrics string // an address to serve them at
	keylog  string // a file
}

// observeNames are the names of the flags. All need wasi:tls.
var observeNames = []string{"tls-audit", "metrics", "tls-keylog"}

func (f *observeFlags) flags(set *pflag.FlagSet) {
	set.StringVar(&f.audit, "tls-audit", "", "")
	set.StringVar(&f.metrics, "metrics", "", "")
	set.StringVar(&f.keylog, "tls-keylog", "", "")
}

// check refuses flags that are empty, of a variable that was not set perhaps:
// whoever asked for a log wants one.
func (f *observeFlags) check(set *pflag.FlagSet) error {
	for _, name := range observeNames {
		if set.Changed(name) && set.Lookup(name).Value.String() == "" {
			return usageOf(set.Name(), fmt.Errorf("--%s: empty", name))
		}
	}
	return nil
}

// observer tells what becomes of the connections of a run. Nil tells nobody.
type observer struct {
	stderr io.Writer
	log    *audit.Log // nil without
	out    *patient   // of log
	keys   *keyLog    // nil without
	tell   func(wasitls.Event)
	open   sync.WaitGroup // connections
	opened []io.Closer
}

// observe opens what the flags name. It must be ended.
func (f *observeFlags) observe(std stdio.Streams) (*observer, error) {
	o := &observer{stderr: std.Stderr}
	err := o.start(f, std.Stdout)
	if err != nil {
		o.close()
		return nil, err
	}
	return o, nil
}

func (o *observer) start(f *observeFlags, stdout io.Writer) error {
	if f.audit != "" {
		if err := o.openAudit(f.audit, stdout); err != nil {
			return err
		}
	}
	if f.keylog != "" {
		if err := o.openKeyLog(f.keylog); err != nil {
			return err
		}
	}
	if f.metrics != "" {
		return o.serve(f.metrics)
	}
	return nil
}

func (o *observer) openAudit(name string, stdout io.Writer) error {
	to := stdout
	if name != "-" {
		file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
		if err != nil {
			return refuse("--tls-audit=- writes to standard output", "--tls-audit=%s: %w", name, withoutPath(err))
		}
		o.opened = append(o.opened, file)
		to = file
	}
	o.out = &patient{w: to}
	o.log = audit.New(o.out)
	o.tell = audit.Join(o.tell, o.log.Event)
	return nil
}

// openKeyLog opens a file that nobody else can read. It never waits for
// somebody to read it, as a pipe would: crypto/tls writes one line at a time.
func (o *observer) openKeyLog(name string) error {
	fail := func(hint, format string, args ...any) error {
		return refuse(hint, "--tls-keylog=%s: %w", name, fmt.Errorf(format, args...))
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return fail("", "%w", withoutPath(err))
	}
	o.opened = append(o.opened, file)
	info, err := file.Stat()
	switch {
	case err != nil:
		return fail("", "%w", withoutPath(err))
	case !info.Mode().IsRegular():
		return fail("name a file of your own", "not a file")
	case info.Mode().Perm()&0o077 != 0:
		return fail("chmod 600 "+name, "others can read or write it (mode %04o)", info.Mode().Perm())
	}
	o.keys = &keyLog{w: file}
	fmt.Fprintf(o.stderr, "wasitls: warning: whoever can read %s can decrypt this guest's connections\n", printable(name))
	return nil
}

func (o *observer) serve(address string) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return refuse("--metrics=ADDR:PORT, such as 127.0.0.1:9090, which nothing else listens on", "--metrics=%s: %w", address, err)
	}
	registry := prometheus.NewRegistry()
	m, err := metrics.New(registry)
	if err != nil {
		listener.Close()
		return err
	}
	o.opened = append(o.opened, metrics.Serve(listener, registry))
	o.tell = audit.Join(o.tell, m.Event)
	if _, port, err := net.SplitHostPort(address); err == nil && port == "0" {
		fmt.Fprintf(o.stderr, "wasitls: metrics at http://%s/metrics\n", listener.Addr())
	}
	return nil
}

// on adds what is observed to a configuration.
func (o *observer) on(c wasitls.Config) wasitls.Config {
	if o == nil {
		return c
	}
	if o.tell != nil {
		c.Audit = o.event
	}
	if o.keys != nil {
		c.KeyLog = o.keys
	}
	return c
}

func (o *observer) event(e wasitls.Event) {
	if e.Kind == wasitls.Connected {
		o.open.Add(1)
	}
	o.tell(e)
	if e.Kind == wasitls.Closed {
		o.open.Done()
	}
}

// begin begins a run that ends with ctx: from then on nobody waits for long
// for a reader of the audit log.
func (o *observer) begin(ctx context.Context) {
	if o != nil && o.out != nil {
		o.out.over = ctx.Done()
	}
}

// end waits for the events of connections that are ending, closes everything,
// and returns how the run ended, which is err unless that is nil and something
// could not be told.
func (o *observer) end(err error) error {
	o.open.Wait()
	var failures []error
	if o.log != nil {
		failures = append(failures, o.log.Err())
	}
	if o.keys != nil {
		failures = append(failures, o.keys.failure())
	}
	incomplete := errors.Join(append(failures, o.close())...)
	switch {
	case incomplete == nil:
		return err
	case err == nil:
		return failure{err: incomplete, status: exitGuest}
	}
	say(o.stderr, incomplete)
	return err
}

func (o *observer) close() error {
	var failures []error
	for _, c := range o.opened {
		failures = append(failures, c.Close())
	}
	return errors.Join(failures...)
}

// patient is a writer that waits for a reader as long as the run lasts, and
// then for stdio.CloseGrace. It is for one writer at a time.
type patient struct {
	w     io.Writer
	over  <-chan struct{}
	stuck bool
}

var errNotTaken = errors.New("nobody reads it")

// Write implements io.Writer. What a write does that was given up ends when
// the file is closed, or with the process.
func (p *patient) Write(b []byte) (int, error) {
	if p.stuck {
		return 0, errNotTaken
	}
	var n int
	done := make(chan error, 1)
	b = bytes.Clone(b)
	go func() {
		written, err := p.w.Write(b)
		n = written
		done <- err
	}()
	select {
	case err := <-done:
		return n, err
	case <-p.over:
	}
	grace := time.NewTimer(stdio.CloseGrace)
	defer grace.Stop()
	select {
	case err := <-done:
		return n, err
	case <-grace.C:
		p.stuck = true
		return 0, errNotTaken
	}
}

// keyLog keeps the first failure to itself: crypto/tls would end the
// connection, and a disk that is full must not.
type keyLog struct {
	mu  sync.Mutex
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (k *keyLog) Write(b []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := k.w.Write(b); k.err == nil {
		k.err = err
	}
	return len(b), nil
}

func (k *keyLog) failure() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		return nil
	}
	return fmt.Errorf("the key log is incomplete: %w", withoutPath(k.err))
}
