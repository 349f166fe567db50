package interop

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/wasitls/wasitls/interop/internal/process"
)

// Server is one row: how a TLS server is found and started.
type Server struct {
	Name    string
	Library string // the TLS library inside
	Package string // the Debian package to install; empty for the one compiled in
	Program string // the executable, looked up in PATH and the sbin folders, or a pattern of its path

	// Version is a command that prints the server's version.
	Version []string
	// OwnPage says that the server answers every path with a page of its own
	// that repeats the request; the body is then looked through, not compared.
	OwnPage bool

	// command writes what the program needs into s.Dir and says how to start it.
	command func(program string, s Setup) (Command, error)
	// ready, if not nil, waits until the server does more than accept connections.
	ready func(ctx context.Context, s Setup) error
	// serve is a server inside this process, instead of Program and command.
	serve func(ctx context.Context, l net.Listener, s Setup) error
}

// Setup is what a server must be for one case.
type Setup struct {
	Case    Case
	Leaf    leaf
	Port    string
	Dir     string      // a folder of this start alone
	Docs    string      // the folder to serve files from
	Path    string      // the path of the page, "/name"
	Backend string      // host:port of a plain HTTP server with the same page, for proxies
	Staple  string      // file: the OCSP response that it staples; empty for none
	Clients *identities // how it knows clients, if it asks for their certificates
}

// Command is how to start a server.
type Command = process.Command

var errNotInstalled = errors.New("interop: not installed")

// find returns the server's executable, or errNotInstalled.
func (s Server) find() (string, error) {
	if s.serve != nil {
		return "", nil
	}
	if strings.HasPrefix(s.Program, "/") {
		found, _ := filepath.Glob(s.Program)
		if found == nil {
			return "", errNotInstalled
		}
		return found[len(found)-1], nil
	}
	if p, err := exec.LookPath(s.Program); err == nil {
		return p, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/sbin"} {
		if p, err := exec.LookPath(filepath.Join(dir, s.Program)); err == nil {
			return p, nil
		}
	}
	return "", errNotInstalled
}

var versionNumber = regexp.MustCompile(`\d+\.\d+(\.\d+)*[a-z]?`)

// version asks for the version; a server that does not say gives "".
func (s Server) version(ctx context.Context) string {
	if s.serve != nil {
		return goVersion()
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	// Several programs print it to stderr, or exit with a status of their own.
	out, _ := exec.CommandContext(ctx, s.Version[0], s.Version[1:]...).CombinedOutput()
	return versionNumber.FindString(string(out))
}

// start brings the server up and returns once it accepts connections.
func (s Server) start(ctx context.Context, program string, setup Setup) (*process.Running, error) {
	if s.serve == nil {
		r, err := process.OnPort(ctx, setup.Dir, func(port string) (Command, error) {
			setup.Port = port
			return s.command(program, setup)
		})
		if err != nil || s.ready == nil {
			return r, err
		}
		ctx, cancel := context.WithTimeout(ctx, probeLimit)
		defer cancel()
		if err := s.ready(ctx, setup); err != nil {
			text := r.Log()
			r.Stop()
			return nil, fmt.Errorf("%s: %w\n%s", s.Name, err, text)
		}
		return r, nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return startInside(ctx, l, func(ctx context.Context) error { return s.serve(ctx, l, setup) }), nil
}

// startInside runs a server of this process on l.
func startInside(ctx context.Context, l net.Listener, serve func(context.Context) error) *process.Running {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- serve(ctx) }()
	return &process.Running{
		Addr: l.Addr().String(),
		Log:  func() string { return "" },
		Stop: sync.OnceFunc(func() {
			cancel()
			l.Close()
			<-done
		}),
	}
}

// write puts a file of the server's configuration into its folder.
func (s Setup) write(name, text string) (string, error) {
	file := filepath.Join(s.Dir, name)
	return file, os.WriteFile(file, []byte(text), 0o644)
}

// openssl is the version and group as OpenSSL's configuration commands name them.
func (s Setup) openssl() (version, group string) {
	version = map[uint16]string{tls.VersionTLS11: "TLSv1.1", tls.VersionTLS12: "TLSv1.2", tls.VersionTLS13: "TLSv1.3"}[s.Case.Version]
	if s.Case.Group == tls.CurveP384 {
		group = "P-384"
	}
	return version, group
}

// weak says that OpenSSL's security level must be lowered for the case: TLS 1.1
// signs with MD5 and SHA-1.
func (s Setup) weak() bool { return s.Case.Version == tls.VersionTLS11 }

// oldCiphers is an OpenSSL cipher list that includes those of TLS 1.1.
const oldCiphers = "ALL:@SECLEVEL=0"

// when returns text if cond holds.
func when(cond bool, text string) string {
	if cond {
		return text
	}
	return ""
}
