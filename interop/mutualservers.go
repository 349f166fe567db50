package interop

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// MutualServers returns the servers that are set up to ask for a client
// certificate and to say whose it was.
func MutualServers() []Server {
	var list []Server
	for _, s := range Servers() {
		switch s.Name {
		case "openssl s_server":
			s.command = opensslMutual
		case "nginx":
			s.command = nginxMutual
		default:
			continue
		}
		list = append(list, s)
	}
	return append(list, Server{
		Name: "PostgreSQL", Library: "OpenSSL", Package: "postgresql", Program: "/usr/lib/postgresql/*/bin/postgres",
		Version: []string{"psql", "--version"}, command: postgres, ready: postgresReady,
	})
}

// opensslMutual answers every path with a page that shows the client's certificate.
func opensslMutual(program string, s Setup) (Command, error) {
	version, _ := s.openssl()
	return Command{Args: []string{program, "s_server", "-accept", "127.0.0.1:" + s.Port, "-www", "-quiet",
		"-cert", s.Leaf.cert, "-key", s.Leaf.key, "-cert_chain", s.Leaf.above,
		strings.NewReplacer("TLSv", "-tls", ".", "_").Replace(version),
		"-Verify", "1", "-verify_return_error", "-CAfile", s.Clients.ca, "-CRL", s.Clients.crl, "-crl_check"}}, nil
}

func nginxMutual(program string, s Setup) (Command, error) {
	version, _ := s.openssl()
	conf, err := s.write("nginx.conf", fmt.Sprintf(nginxFrame, s.Dir, fmt.Sprintf(`listen 127.0.0.1:%s ssl;
		ssl_certificate %s;
		ssl_certificate_key %s;
		ssl_protocols %s;
		ssl_verify_client on;
		ssl_client_certificate %s;
		ssl_crl %s;
		default_type text/plain;
		location / { return 200 "$ssl_client_s_dn over $ssl_protocol\n"; }`,
		s.Port, s.Leaf.chain, s.Leaf.key, version, s.Clients.ca, s.Clients.crl)))
	return Command{Args: []string{program, "-p", s.Dir, "-e", "stderr", "-c", conf}}, err
}

// The databases of the PostgreSQL server, which differ in what it asks for.
const (
	byCertificate = "postgres"  // a certificate
	byPassword    = "template1" // a certificate and a password
)

// password is the rightful client's.
const password = "correct horse"

// postgres is a cluster of its own for each start.
func postgres(program string, s Setup) (Command, error) {
	home := filepath.Join(s.Dir, "postgres")
	data := filepath.Join(home, "data")
	cert, key := filepath.Join(home, "leaf.pem"), filepath.Join(home, "leaf.key")
	hba := filepath.Join(home, "hba.conf")
	secret := filepath.Join(home, "password")
	chain, err := os.ReadFile(s.Leaf.chain)
	if err != nil {
		return Command{}, err
	}
	private, err := os.ReadFile(s.Leaf.key)
	if err != nil {
		return Command{}, err
	}
	os.RemoveAll(home) // of a start on another port
	as, err := unprivileged(home, map[string]string{
		cert:   string(chain),
		key:    string(private),
		secret: password + "\n",
		hba: fmt.Sprintf("hostssl %s all 127.0.0.1/32 cert\nhostssl %s all 127.0.0.1/32 scram-sha-256 clientcert=verify-full\n",
			byCertificate, byPassword),
	})
	if err != nil {
		return Command{}, err
	}
	args := append(as, program, "-D", data, "-k", home, "-h", "127.0.0.1", "-p", s.Port)
	version, _ := s.openssl()
	for name, value := range map[string]string{
		"ssl": "on", "ssl_cert_file": cert, "ssl_key_file": key, "ssl_ca_file": s.Clients.ca, "ssl_crl_file": s.Clients.crl,
		"ssl_min_protocol_version": version, "ssl_max_protocol_version": version,
		"hba_file": hba, "fsync": "off",
	} {
		args = append(args, "-c", name+"="+value)
	}
	// Its superuser is the client that may come in.
	initdb := []string{filepath.Join(filepath.Dir(program), "initdb"), "-D", data, "-U", rightful, "--pwfile", secret, "-A", "scram-sha-256", "-E", "UTF8", "--no-locale", "--no-sync"}
	return Command{Args: args, Dir: home, Before: [][]string{append(as, initdb...)}}, nil
}

// unprivileged makes a folder with files for a server that refuses to run as
// root, and returns what goes before its command to be another user.
func unprivileged(dir string, files map[string]string) (as []string, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	for name := range files {
		if err := os.Chown(name, uid, gid); err != nil {
			return nil, err
		}
	}
	return []string{"setpriv", "--reuid=" + u.Uid, "--regid=" + u.Gid, "--clear-groups"}, os.Chown(dir, uid, gid)
}

// postgresReady waits until the server takes queries, which is later than that it
// accepts connections. It tells that in a line of its lock file, as to pg_ctl.
func postgresReady(ctx context.Context, s Setup) error {
	file := filepath.Join(s.Dir, "postgres", "data", "postmaster.pid")
	for {
		text, err := os.ReadFile(file)
		if err == nil && strings.HasSuffix(strings.TrimSpace(string(text)), "ready") {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready: %q, %w", text, context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// versions are those that every server is asked in.
var versions = []uint16{tls.VersionTLS12, tls.VersionTLS13}
