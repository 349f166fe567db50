package interop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Visit is one way to a server that asks who is there.
type Visit struct {
	Addr    string // its host and port
	Version uint16 // the only one that the client takes part in
	Query   *Query // to PostgreSQL; nil asks for a page
	CA      string // file: the authority that the client trusts
	Rule    string // what else the client's rule says, a line of YAML
	Dir     string // a folder for files of this visit alone

	shown *leaf // the client's certificate, if it has one
}

// Query is what PostgreSQL is asked.
type Query struct{ User, Password, Database, SQL string }

// Stage is how far a client got.
type Stage string

// The stages. A refusal of the client's certificate is told in the handshake in
// TLS 1.2, and after it in TLS 1.3, where the client's side of the handshake is
// done before the server has seen the certificate (RFC 8446, section 4.4.2.4).
const (
	InHandshake Stage = "in the handshake"
	AtFirstRead Stage = "at the first read"
	ByAnswer    Stage = "answer"
	Untold      Stage = "" // the client does not tell these apart
)

// Word is what a visitor brings home.
type Word struct {
	Stage Stage
	Text  string // the server's answer, or the error
}

// Visitor goes to servers with a certificate or without.
type Visitor interface {
	// Name is the visitor's heading, unique in a run.
	Name() string
	// Visit goes there once. The error is that the visitor itself failed.
	Visit(ctx context.Context, v Visit) (Word, error)
}

// NativeVisitor is the control: crypto/tls without a guest, and psql.
type NativeVisitor struct{}

// Name implements [Visitor].
func (NativeVisitor) Name() string { return "native" }

// Visit implements [Visitor].
func (NativeVisitor) Visit(ctx context.Context, v Visit) (Word, error) {
	if v.Query != nil {
		return v.psql(ctx)
	}
	text, err := os.ReadFile(v.CA)
	if err != nil {
		return Word{}, err
	}
	config := &tls.Config{ServerName: "localhost", RootCAs: x509.NewCertPool(), MinVersion: v.Version, MaxVersion: v.Version}
	config.RootCAs.AppendCertsFromPEM(text)
	if v.shown != nil {
		pair, err := tls.LoadX509KeyPair(v.shown.chain, v.shown.key)
		if err != nil {
			return Word{}, err
		}
		// Whatever authorities the server names, as the host does it.
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	plain, err := (&net.Dialer{}).DialContext(ctx, "tcp", v.Addr)
	if err != nil {
		return Word{}, err
	}
	defer plain.Close()
	plain.SetDeadline(time.Now().Add(fetchLimit))
	conn := tls.Client(plain, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return Word{InHandshake, err.Error()}, nil
	}
	fmt.Fprintf(conn, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", v.Addr)
	page, err := io.ReadAll(io.LimitReader(conn, bodyLimit))
	if err != nil {
		return Word{AtFirstRead, err.Error()}, nil
	}
	return Word{ByAnswer, string(page)}, nil
}

// psql lets PostgreSQL's own client ask.
func (v Visit) psql(ctx context.Context) (Word, error) {
	host, port, _ := net.SplitHostPort(v.Addr)
	version := map[uint16]string{tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}[v.Version]
	settings := fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=verify-full sslrootcert=%s ssl_min_protocol_version=%[6]s ssl_max_protocol_version=%[6]s",
		host, port, v.Query.User, v.Query.Database, v.CA, version)
	if v.shown != nil {
		settings += fmt.Sprintf(" sslcert=%s sslkey=%s", v.shown.chain, v.shown.key)
	}
	cmd := exec.CommandContext(ctx, "psql", "-XAt", "-c", v.Query.SQL, settings)
	// No other certificate or password than those it is told.
	cmd.Env = append(os.Environ(), "HOME="+v.Dir, "PGPASSFILE=/dev/null", "PGPASSWORD="+v.Query.Password, "LC_ALL=C")
	out, err := visit(ctx, cmd, 2)
	if err != nil {
		return Word{}, err
	}
	return Word{Untold, out}, nil
}

// GuestVisitor runs guests with the command wasitls and a configuration that
// says as whom to answer.
type GuestVisitor struct {
	Label   string
	Command string // the executable wasitls
	Pages   string // the file of a component as [Guest] runs it
	Queries string // that of one that takes HOST:PORT SERVERNAME USER DATABASE QUERY
}

// Name implements [Visitor].
func (g GuestVisitor) Name() string { return g.Label }

// Visit implements [Visitor].
func (g GuestVisitor) Visit(ctx context.Context, v Visit) (Word, error) {
	file := filepath.Join(v.Dir, "wasitls.yaml")
	if err := os.WriteFile(file, []byte(v.policy()), 0o644); err != nil {
		return Word{}, err
	}
	args := []string{"run", "--experimental-tls", "--config=" + file, "--allow-net=" + v.Addr, "--timeout=" + fetchLimit.String()}
	if q := v.Query; q != nil {
		args = append(args, "--env=PGPASSWORD="+q.Password, g.Queries, v.Addr, "localhost", q.User, q.Database, q.SQL)
	} else {
		args = append(args, g.Pages, "https://"+v.Addr+"/")
	}
	out, err := visit(ctx, exec.CommandContext(ctx, g.Command, args...), 1)
	if err != nil {
		return Word{}, err
	}
	// The host's words say where it failed, whatever the guest says around them.
	switch {
	case strings.Contains(out, "wasitls: handshake: "):
		return Word{InHandshake, out}, nil
	case strings.Contains(out, "wasitls: read: "):
		return Word{AtFirstRead, out}, nil
	}
	return Word{ByAnswer, out}, nil
}

// policy is the configuration for a visit.
func (v Visit) policy() string {
	version := strings.TrimPrefix(tls.VersionName(v.Version), "TLS ")
	text := fmt.Sprintf(`tls:
  default: deny
  rules:
    - name: the server
      servers: [localhost]
      roots: {base: none, files: [%q]}
      min-version: "%[2]s"
      max-version: "%[2]s"
`, v.CA, version)
	if v.Rule != "" {
		text += "      " + v.Rule + "\n"
	}
	if v.shown != nil {
		text += fmt.Sprintf(`      identity: me
  identities:
    me: {certificate: %q, key: %q}
`, v.shown.chain, v.shown.key)
	}
	return text
}

// visit runs a program and returns what it printed: on stdout, or on stderr if it
// ended with that status. Any other end is an error.
func visit(ctx context.Context, cmd *exec.Cmd, refused int) (string, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out, errs bounded
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return out.String(), nil
	case errors.As(err, &exit) && exit.ExitCode() == refused && out.Len() == 0 && ctx.Err() == nil:
		return lastLines(errs.String()), nil
	}
	return "", fmt.Errorf("%w: %v, %d bytes on stdout: %s", ErrBroken, err, out.Len(), lastLines(errs.String()))
}
