package bench

import (
	"bufio"
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/wasitls/wasitls/wasitls/wasitlstest/checkpeer"
)

// Serve is the server's process: it prints its address and its certificate
// authority to w and serves until r ends.
func Serve(r io.Reader, w io.Writer) error {
	p, err := checkpeer.Listen()
	if err != nil {
		return err
	}
	defer p.Close()
	p.Lifetime = connectionLifetime
	if _, err := fmt.Fprintf(w, "%s %x\n", p.Addr(), p.CA.Certificate.Raw); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, r)
	return err
}

// server is the server's process as seen by the clients.
type server struct {
	addr  string
	roots *x509.CertPool

	cmd   *exec.Cmd
	stdin io.Closer // its end ends the server
}

func startServer(ctx context.Context, command []string) (*server, error) {
	if len(command) == 0 {
		return nil, errors.New("bench: no command that serves")
	}
	s := &server{cmd: exec.CommandContext(ctx, command[0], command[1:]...)}
	s.cmd.Stderr = os.Stderr
	s.cmd.WaitDelay = serverLimit
	stdin, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.stdin = stdin
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("bench: server: %w", err)
	}
	if err := s.greet(stdout); err != nil {
		return nil, errors.Join(fmt.Errorf("bench: server: %w", err), s.stop())
	}
	return s, nil
}

// greet reads what Serve prints.
func (s *server) greet(stdout io.ReadCloser) error {
	stop := time.AfterFunc(serverLimit, func() { s.cmd.Process.Kill() })
	defer stop.Stop()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return fmt.Errorf("reading its address: %w", err)
	}
	addr, certificate, _ := strings.Cut(strings.TrimSpace(line), " ")
	der, err := hex.DecodeString(certificate)
	if err != nil {
		return err
	}
	ca, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	s.addr, s.roots = addr, x509.NewCertPool()
	s.roots.AddCert(ca)
	return nil
}

func (s *server) stop() error {
	s.stdin.Close()
	kill := time.AfterFunc(serverLimit, func() { s.cmd.Process.Kill() })
	defer kill.Stop()
	return s.cmd.Wait()
}
