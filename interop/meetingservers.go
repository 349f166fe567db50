package interop

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// meetingServers are OpenSSL's server and nginx as a [Meeting] needs them.
func meetingServers() []Server {
	var list []Server
	for _, s := range Servers() {
		switch s.Name {
		case "openssl s_server":
			s.command = opensslMeeting
		case "nginx":
			s.command = nginxMeeting
		default:
			continue
		}
		list = append(list, s)
	}
	return list
}

func postgreSQL() Server {
	return Server{
		Name: "PostgreSQL", Library: "OpenSSL", Package: "postgresql", Program: "/usr/lib/postgresql/*/bin/postgres",
		Version: []string{"psql", "--version"}, command: postgres, ready: postgresReady,
	}
}

// opensslMeeting answers every path with a page that shows the client's certificate.
func opensslMeeting(program string, s Setup) (Command, error) {
	version, _ := s.openssl()
	args := []string{program, "s_server", "-accept", "127.0.0.1:" + s.Port, "-www", "-quiet",
		"-cert", s.Leaf.cert, "-key", s.Leaf.key, "-cert_chain", s.Leaf.above,
		strings.NewReplacer("TLSv", "-tls", ".", "_").Replace(version)}
	if s.Staple != "" {
		args = append(args, "-status_file", s.Staple)
	}
	if s.Clients != nil {
		args = append(args, "-Verify", "1", "-verify_return_error", "-CAfile", s.Clients.ca, "-CRL", s.Clients.crl, "-crl_check")
	}
	return Command{Args: args}, nil
}

// nginxMeeting answers every path with the subject of the client's certificate.
func nginxMeeting(program string, s Setup) (Command, error) {
	version, _ := s.openssl()
	var more string
	if s.Staple != "" {
		more = fmt.Sprintf("ssl_stapling on;\n\t\tssl_stapling_file %s;\n\t\t", s.Staple)
	}
	if s.Clients != nil {
		more += fmt.Sprintf("ssl_verify_client on;\n\t\tssl_client_certificate %s;\n\t\tssl_crl %s;\n\t\t", s.Clients.ca, s.Clients.crl)
	}
	conf, err := s.write("nginx.conf", fmt.Sprintf(nginxFrame, s.Dir, fmt.Sprintf(`listen 127.0.0.1:%s ssl;
		ssl_certificate %s;
		ssl_certificate_key %s;
		ssl_protocols %s;
		%sdefault_type text/plain;
		location / { return 200 "$ssl_client_s_dn over $ssl_protocol\n"; }`,
		s.Port, s.Leaf.chain, s.Leaf.key, version, more)))
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
	args := slices.Concat(as, []string{program, "-D", data, "-k", home, "-h", "127.0.0.1", "-p", s.Port})
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
	return Command{Args: args, Dir: home, Before: [][]string{slices.Concat(as, initdb)}}, nil
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
