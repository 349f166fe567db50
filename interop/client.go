package interop

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Native is the control: net/http on this machine's crypto/tls, without a guest.
type Native struct{}

// Name implements [Client].
func (Native) Name() string { return "native" }

// Get implements [Client].
func (Native) Get(ctx context.Context, url, caFile string) (Result, error) {
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return Result{}, fmt.Errorf("%w: no certificate in %s", ErrBroken, caFile)
	}
	t := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, DisableKeepAlives: true}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	resp, err := (&http.Client{Transport: t}).Do(req)
	if err != nil {
		return Result{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, bodyLimit))
	return Result{Status: resp.StatusCode, Body: body}, err
}

// Guest runs a component with the command wasitls. The component takes a URL and
// prints "HTTP " and the status in a line, then the body; if it cannot, it prints
// why on stderr and exits with 1.
type Guest struct {
	Label     string
	Command   string // the executable wasitls
	Component string // the component's file
	// Script is set for Python's guest: a script that does what a component
	// would, run with python.wasm.gz and its library in the folder Component.
	Script string
}

// Name implements [Client].
func (g Guest) Name() string { return g.Label }

// Get implements [Client].
func (g Guest) Get(ctx context.Context, page, caFile string) (Result, error) {
	u, err := url.Parse(page)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	flags := []string{"--experimental-tls", "--allow-net=" + u.Host, "--tls-roots=none", "--tls-ca=" + caFile, "--timeout=" + fetchLimit.String()}
	args := append(append([]string{"run"}, flags...), g.Component, page)
	if g.Script != "" {
		args = append(append([]string{"python", "--python=" + g.Component}, flags...), g.Script, page)
	}
	cmd := exec.CommandContext(ctx, g.Command, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out, errs bounded
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return parseReply(out.Bytes())
	case ctx.Err() != nil:
		return Result{}, fmt.Errorf("%w: no end within %v: %s", ErrBroken, fetchLimit, lastLines(errs.String()))
	case errors.As(err, &exit) && exit.ExitCode() == 1 && out.Len() == 0:
		return Result{}, errors.New(lastLines(errs.String()))
	default:
		return Result{}, fmt.Errorf("%w: %v, %d bytes on stdout: %s", ErrBroken, err, out.Len(), lastLines(errs.String()))
	}
}

// parseReply reads "HTTP STATUS", a line feed and the body.
func parseReply(out []byte) (Result, error) {
	line, body, found := bytes.Cut(out, []byte("\n"))
	text, isHTTP := strings.CutPrefix(string(line), "HTTP ")
	status, err := strconv.Atoi(strings.TrimSpace(text))
	if !found || !isHTTP || err != nil {
		return Result{}, fmt.Errorf("%w: stdout begins with %.60q, want a line HTTP STATUS", ErrBroken, out)
	}
	return Result{Status: status, Body: body}, nil
}

// lastLines keeps what a table can hold of a program's complaint.
func lastLines(s string) string {
	s = strings.TrimSpace(s)
	return s[max(0, len(s)-logTail):]
}

// bounded keeps the first bodyLimit bytes written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	b.Buffer.Write(p[:min(len(p), bodyLimit-b.Len())])
	return len(p), nil
}
