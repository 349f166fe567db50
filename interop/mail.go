package interop

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// MailClient hands a mail to an SMTP server, over TLS after STARTTLS.
type MailClient interface {
	// Name is the client's heading, unique in a run.
	Name() string
	// Send delivers text to addr, a host and a port, trusting only the
	// certificates in caFile. Errors are as those of [Client].
	Send(ctx context.Context, addr, caFile, text string) error
}

// The addresses in the mails. No mail leaves the servers.
const sender, recipient = "sender@from.invalid", "recipient@to.invalid"

// NativeMail is the control: net/smtp on this machine's crypto/tls.
type NativeMail struct{}

// Name implements [MailClient].
func (NativeMail) Name() string { return "native" }

// Send implements [MailClient].
func (NativeMail) Send(ctx context.Context, addr, caFile, text string) error {
	pem, err := os.ReadFile(caFile)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		return fmt.Errorf("%w: no certificate in %s: %v", ErrBroken, caFile, err)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(fetchLimit))
	host, _, _ := net.SplitHostPort(addr)
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return err
	}
	if offered, _ := c.Extension("STARTTLS"); !offered {
		return errors.New("the server does not offer STARTTLS")
	}
	if err := c.StartTLS(&tls.Config{RootCAs: roots, ServerName: host}); err != nil {
		return err
	}
	if err := errors.Join(c.Mail(sender), c.Rcpt(recipient)); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\r\n%s\r\n", text)
	return errors.Join(w.Close(), c.Quit())
}

// GuestMail runs a component with the command wasitls. The component takes the
// server and the options --from, --to and --text, and says "accepted" in a line
// when the server took the mail; if it did not, it prints why on stderr and
// exits with 1.
type GuestMail struct {
	Label     string
	Command   string // the executable wasitls
	Component string // the component's file
}

// Name implements [MailClient].
func (g GuestMail) Name() string { return g.Label }

// Send implements [MailClient].
func (g GuestMail) Send(ctx context.Context, addr, caFile, text string) error {
	cmd := exec.CommandContext(ctx, g.Command, "run", "--experimental-tls", "--allow-net="+addr,
		"--tls-roots=none", "--tls-ca="+caFile, "--timeout="+fetchLimit.String(),
		g.Component, addr, "--from", sender, "--to", recipient, "--text", text)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out, errs bounded
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	accepted := strings.Contains(out.String(), "\naccepted ")
	var exit *exec.ExitError
	switch {
	case err == nil && accepted && strings.HasPrefix(out.String(), "plain "):
		return nil
	case errors.As(err, &exit) && exit.ExitCode() == 1 && !accepted && ctx.Err() == nil:
		return errors.New(lastLines(errs.String()))
	default:
		return fmt.Errorf("%w: %v, stdout %q: %s", ErrBroken, err, lastLines(out.String()), lastLines(errs.String()))
	}
}

// Mail is what to run beside a [Matrix]: mail servers × cases × clients.
type Mail struct {
	Servers []Server
	Cases   []Case
	Clients []MailClient
}

// Run starts every server in every case and lets every client send it a mail. A
// mail of which nobody can know the text must be found in the server's spool, as
// received over TLS; when it must be refused, nothing may be found there. The
// error is for the run itself; failures are in the report.
func (m Mail) Run(ctx context.Context) (*Report, error) {
	dir, certs, err := newDir()
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	r := &Report{Servers: m.Servers, Cases: m.Cases, Versions: map[string]string{}, mail: true}
	for _, c := range m.Clients {
		r.Clients = append(r.Clients, c.Name())
	}
	for _, s := range m.Servers {
		program, err := s.find()
		if err == nil {
			r.Versions[s.Name] = s.version(ctx)
		}
		for _, c := range m.Cases {
			for _, client := range m.Clients {
				cell := Cell{Server: s.Name, Case: c.Name, Client: client.Name()}
				if err == nil {
					cell.Mark, cell.Detail = outcome(m.one(ctx, s, program, c, client, filepath.Join(dir, fmt.Sprint("run", len(r.Cells))), certs))
				}
				r.Cells = append(r.Cells, cell)
			}
		}
	}
	return r, ctx.Err()
}

func outcome(err error) (Mark, string) {
	if err != nil {
		return Fail, err.Error()
	}
	return Pass, ""
}

// one starts a server of its own for a case and a client, so that what is in its
// spool is that client's.
func (m Mail) one(ctx context.Context, s Server, program string, c Case, client MailClient, dir string, certs *pki) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	run, err := s.start(ctx, program, Setup{Case: c, Leaf: certs.leaves[c.Leaf], Dir: dir})
	if err != nil {
		return err
	}
	defer run.Stop()
	p, err := newPage(filepath.Join(dir, "page"), c.Size)
	if err != nil {
		return err
	}
	text := string(p.body)
	ctx, cancel := context.WithTimeout(ctx, fetchLimit)
	defer cancel()
	_, port, _ := net.SplitHostPort(run.Addr)
	err = client.Send(ctx, net.JoinHostPort(c.Host, port), certs.root, text)
	arrived := spooled(filepath.Join(dir, "spool"), strings.TrimSpace(text))
	switch {
	case errors.Is(err, ErrBroken):
	case c.Refused != nil:
		if err = refused(c, Result{}, err); err == nil && arrived != "" {
			err = fmt.Errorf("refused, and yet in the spool: %s", arrived)
		}
	case err == nil && arrived != tls.VersionName(c.Version):
		err = fmt.Errorf("sent, and in the spool as by %q, want %s", arrived, tls.VersionName(c.Version))
	}
	if err != nil {
		return errors.New(detail(err, run.Log()))
	}
	return nil
}

// spooled says by which version of TLS a mail with that text came into exim's
// spool, "plain" for none; it is empty if there is no mail at all.
func spooled(spool, text string) string {
	bodies, _ := filepath.Glob(filepath.Join(spool, "input", "*-D"))
	if len(bodies) == 0 {
		return ""
	}
	body, err := os.ReadFile(bodies[0])
	if err != nil || len(bodies) > 1 || !strings.Contains(strings.ReplaceAll(string(body), "\r", ""), text) {
		return "another mail"
	}
	head, err := os.ReadFile(strings.TrimSuffix(bodies[0], "-D") + "-H")
	if err != nil {
		return "a mail without head"
	}
	_, version, over := strings.Cut(string(head), "\n-tls_ver TLS")
	if !over {
		return "plain"
	}
	version, _, _ = strings.Cut(version, "\n")
	return "TLS " + version
}
