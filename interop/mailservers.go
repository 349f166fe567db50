package interop

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
)

// MailServers returns the servers that speak SMTP with STARTTLS.
func MailServers() []Server {
	return []Server{
		{Name: "exim", Library: "GnuTLS", Package: "exim4-daemon-light", Program: "exim4", Version: []string{"/usr/sbin/exim4", "-bV"}, command: exim},
	}
}

// MailCases returns what is tried with them. The leaf "" is a server that does not
// offer STARTTLS.
func MailCases() []Case {
	v13, v12 := uint16(tls.VersionTLS13), uint16(tls.VersionTLS12)
	all := []Case{
		{Name: "starttls-1.3", About: "STARTTLS to TLS 1.3 only, ECDSA P-256 leaf", Version: v13, Leaf: "ecdsa"},
		{Name: "starttls-1.2", About: "STARTTLS to TLS 1.2 only, RSA 2048 leaf", Version: v12, Leaf: "rsa"},
		{Name: "starttls-64KiB", About: "STARTTLS, a mail of 64 KiB", Version: v13, Leaf: "ecdsa", Size: 64 << 10},
		{Name: "starttls-ip", About: "STARTTLS, the server is named by its address", Version: v13, Leaf: "ecdsa", Host: "127.0.0.1"},
		{Name: "starttls-untrusted", About: "STARTTLS, the chain ends in a root that the client does not trust", Version: v13, Leaf: "untrusted", Refused: []string{"x509: certificate signed by unknown authority"}},
		{Name: "starttls-wrong-name", About: "STARTTLS, the certificate is for another name", Version: v13, Leaf: "wrong-name", Refused: []string{"x509: certificate is valid for other.example, not localhost"}},
		{Name: "no-starttls", About: "the server does not offer STARTTLS", Refused: []string{"the server does not offer STARTTLS"}},
	}
	for i := range all {
		if all[i].Host == "" {
			all[i].Host = "localhost"
		}
		if all[i].Size == 0 {
			all[i].Size = smallBody
		}
	}
	return all
}

// exim takes every mail into its spool and leaves it there: nothing runs its
// queue, and there is no way out of it.
func exim(program string, s Setup) (Command, error) {
	// It gives up root before it reads and writes these.
	for name, mode := range map[string]os.FileMode{"spool": 0o777, "exim-log": 0o777} {
		dir := filepath.Join(s.Dir, name)
		if err := os.MkdirAll(dir, mode); err != nil {
			return Command{}, err
		}
		if err := os.Chmod(dir, mode); err != nil {
			return Command{}, err
		}
	}
	security := "tls_advertise_hosts =\n"
	if s.Case.Leaf != "" {
		pem, err := os.ReadFile(s.Leaf.both) // of the run alone
		if err != nil {
			return Command{}, err
		}
		file, err := s.write("leaf.pem", string(pem))
		if err != nil {
			return Command{}, err
		}
		version := map[uint16]string{tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"}[s.Case.Version]
		security = fmt.Sprintf("tls_advertise_hosts = *\ntls_certificate = %[1]s\ntls_privatekey = %[1]s\ntls_require_ciphers = NORMAL:-VERS-ALL:+VERS-TLS%[2]s\n", file, version)
	}
	conf, err := s.write("exim.conf", fmt.Sprintf(`primary_hostname = mail.invalid
spool_directory = %[1]s/spool
log_file_path = %[1]s/exim-log/%%slog
local_interfaces = 127.0.0.1
daemon_smtp_ports = %[2]s
keep_environment =
host_lookup =
rfc1413_query_timeout = 0s
queue_only = true
acl_smtp_rcpt = accept
%[3]sbegin routers
nowhere:
	driver = redirect
	data = :fail: no mail leaves here
`, s.Dir, s.Port, security))
	return Command{Args: []string{program, "-C", conf, "-bdf", "-oP", filepath.Join(s.Dir, "exim.pid")}}, err
}
