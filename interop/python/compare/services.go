package compare

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/wasitls/wasitls/interop/internal/process"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// service is a real server, which one script needs.
type service struct {
	peer    string // its name for the cases
	script  string
	Package string // the Debian package
	program string
	command func(program, dir, port string, pem certFiles) (process.Command, error)
}

// certFiles are a certificate with its chain, and its key.
type certFiles struct{ cert, key string }

func services() []service {
	return []service{
		{"redis", "clients_redis", "redis-server", "redis-server", redis},
		{"mqtt", "clients_mqtt", "mosquitto", "mosquitto", mosquitto},
		{"mysql", "clients_mysql", "mariadb-server", "mariadbd", mariadb},
	}
}

// pythonServices are those that native Python runs, from packages.
func (b *bench) pythonServices() []service {
	serve := func(script, packages string, secure bool) func(program, dir, port string, pem certFiles) (process.Command, error) {
		return func(program, dir, port string, pem certFiles) (process.Command, error) {
			args := []string{"/usr/bin/env", "PYTHONPATH=" + packages, program, filepath.Join(b.dir, "lib", script), port}
			if secure {
				args = append(args, pem.cert, pem.key)
			}
			return process.Command{Args: args}, nil
		}
	}
	return []service{
		{"httpbin", "suite_requests", "", b.Native, serve("serve_httpbin.py", b.httpbin, false)},
		{"httpbin-secure", "suite_requests", "", b.Native, serve("serve_httpbin.py", b.httpbin, true)},
		{"websockets", "clients_websockets", "", b.Native, serve("serve_websockets.py", b.site, true)},
	}
}

// find returns a program, also one that is not for users.
func find(program string) (string, error) {
	if p, err := exec.LookPath(program); err == nil {
		return p, nil
	}
	return exec.LookPath(filepath.Join("/usr/sbin", program))
}

// Packages returns the Debian packages of the servers that are not installed.
func Packages() []string {
	var list []string
	for _, s := range services() {
		if _, err := find(s.program); err != nil {
			list = append(list, s.Package)
		}
	}
	return list
}

// startServices starts the servers of the scripts that run. Those that are not
// installed stay away: their scripts are skipped.
func (b *bench) startServices(ctx context.Context, a *authority, wanted func(script string) bool) error {
	dir := filepath.Join(b.dir, "certs")
	pem := certFiles{filepath.Join(dir, "service.pem"), filepath.Join(dir, "service.key")}
	if err := writeLeaf(a.trusted.Leaf(wasitlstest.Names("localhost", "127.0.0.1")), pem); err != nil {
		return err
	}
	for _, s := range slices.Concat(services(), b.pythonServices()) {
		program, err := find(s.program)
		if err != nil || !wanted(s.script) {
			continue
		}
		home := filepath.Join(b.dir, s.peer)
		if err := os.Mkdir(home, 0o755); err != nil {
			return err
		}
		run, err := process.OnPort(ctx, home, func(port string) (process.Command, error) { return s.command(program, home, port, pem) })
		if err != nil {
			return fmt.Errorf("%s: %w", s.program, err)
		}
		b.peers.addresses[s.peer] = run.Addr
		b.peers.ends = append(b.peers.ends, run.Stop)
	}
	return nil
}

func redis(program, dir, port string, pem certFiles) (process.Command, error) {
	return process.Command{Args: []string{program, "--bind", "127.0.0.1", "--port", "0", "--tls-port", port,
		"--tls-cert-file", pem.cert, "--tls-key-file", pem.key, "--tls-ca-cert-file", pem.cert, "--tls-auth-clients", "no",
		"--save", "", "--dir", dir}}, nil
}

func mosquitto(program, dir, port string, pem certFiles) (process.Command, error) {
	conf := filepath.Join(dir, "mosquitto.conf")
	text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous true\npersistence false\ncertfile %s\nkeyfile %s\n", port, pem.cert, pem.key)
	if os.Getuid() == 0 { // it would give up root before it reads the key
		text += "user root\n"
	}
	return process.Command{Args: []string{program, "-c", conf}}, os.WriteFile(conf, []byte(text), 0o644)
}

// mariadb makes a database with one user, who must use TLS.
func mariadb(program, dir, port string, pem certFiles) (process.Command, error) {
	var as []string
	if os.Getuid() == 0 { // which the server does not want to be
		if err := giveTo("mysql", dir, pem.cert, pem.key); err != nil {
			return process.Command{}, err
		}
		as = []string{"--user=mysql"}
	}
	data, setup := filepath.Join(dir, "data"), filepath.Join(dir, "setup.sql")
	if err := os.WriteFile(setup, []byte(`CREATE DATABASE IF NOT EXISTS test;
CREATE OR REPLACE USER tester@'%' IDENTIFIED BY 'secret' REQUIRE SSL;
GRANT ALL ON test.* TO tester@'%';
`), 0o644); err != nil {
		return process.Command{}, err
	}
	install, err := exec.LookPath("mariadb-install-db")
	if err != nil {
		return process.Command{}, err
	}
	return process.Command{
		Before: [][]string{append([]string{install, "--no-defaults", "--datadir=" + data, "--skip-test-db", "--auth-root-authentication-method=normal", "--force"}, as...)},
		Args: append([]string{program, "--no-defaults", "--datadir=" + data, "--socket=" + filepath.Join(dir, "socket"), "--pid-file=" + filepath.Join(dir, "pid"),
			"--bind-address=127.0.0.1", "--port=" + port, "--ssl-cert=" + pem.cert, "--ssl-key=" + pem.key, "--init-file=" + setup,
			"--skip-name-resolve", "--innodb-buffer-pool-size=16M", "--max-allowed-packet=16M"}, as...),
	}, nil
}

// giveTo makes a user the owner of files.
func giveTo(name string, paths ...string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	var errs []error
	for _, path := range paths {
		errs = append(errs, os.Chown(path, uid, -1))
	}
	return errors.Join(errs...)
}
