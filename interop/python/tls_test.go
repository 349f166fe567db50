package python

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/host"
	"github.com/wasitls/wasitls/host/wasi"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

func write(tb testing.TB, name, text string) {
	tb.Helper()
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
}

func read(tb testing.TB, name string) string {
	tb.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

// serve starts an HTTPS server and returns its address with the name localhost.
func serve(tb testing.TB, c *tls.Config, options ...func(*http.Server)) string {
	tb.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello over %s", tls.VersionName(r.TLS.Version))
	})
	mux.HandleFunc("/port", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })
	mux.HandleFunc("/post", func(w http.ResponseWriter, r *http.Request) { io.Copy(w, r.Body) })
	mux.HandleFunc("/zeros/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.ParseInt(r.PathValue("n"), 10, 64)
		w.Header().Set("Content-Length", strconv.FormatInt(n, 10))
		io.CopyN(w, zeros{}, n)
	})
	mux.HandleFunc("/truncated", func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(buffered, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort")
		buffered.Flush()
		conn.(*tls.Conn).NetConn().Close()
	})
	s := httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are what the cases ask for
	for _, option := range options {
		option(s.Config)
	}
	s.TLS = c
	s.StartTLS()
	tb.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// run runs a script with the packages, trusting ca.
func run(tb testing.TB, ca *wasitlstest.CA, script string, args ...string) Outcome {
	tb.Helper()
	r := Run{Args: append([]string{script}, args...), Mounts: scripts(), Roots: ca.Pool()}
	return r.WithPackages(tb).Do(tb)
}

// TestRequests: unmodified requests over both versions of TLS.
func TestRequests(t *testing.T) {
	ca := wasitlstest.NewCA()
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			c := ca.Server()
			c.MinVersion, c.MaxVersion = version, version
			at := serve(t, c)
			ip := strings.Replace(at, "localhost", "127.0.0.1", 1)
			got := good(t, run(t, ca, "/apps/get.py", at+"/", ip+"/zeros/1000000"))
			if want := fmt.Sprintf("%s/ 200 18 bytes\n%s/zeros/1000000 200 1000000 bytes\n", at, ip); got != want {
				t.Errorf("printed %s, not %s", got, want)
			}
			got = good(t, run(t, ca, "/apps/session.py", at+"/port", "20"))
			if !strings.HasPrefix(got, "20 requests, ") {
				t.Errorf("printed %s", got)
			}
			got = good(t, run(t, ca, "/apps/download.py", at+"/zeros/20000000"))
			if !strings.HasPrefix(got, "20000000 bytes, ") {
				t.Errorf("printed %s", got)
			}
			u, _ := url.Parse(at)
			got = good(t, run(t, ca, "/apps/fetch_async.py", u.Hostname(), u.Port(), "/", "/port", "/zeros/100000"))
			if strings.Count(got, "HTTP/1.0 200 OK") != 3 {
				t.Errorf("printed %s", got)
			}
		})
	}
}

// TestFailures: what goes wrong is the exception that it is natively.
func TestFailures(t *testing.T) {
	ca := wasitlstest.NewCA()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	closed := serve(t, ca.Server())
	for _, c := range []struct{ name, url, want string }{
		{"expired", serve(t, ca.Server(wasitlstest.Expired())), "SSLError SSLCertVerificationError CERTIFICATE_VERIFY_FAILED\n10 certificate has expired\n"},
		{"not yet valid", serve(t, ca.Server(wasitlstest.NotYetValid())), "SSLError SSLCertVerificationError CERTIFICATE_VERIFY_FAILED\n9 certificate is not yet valid\n"},
		{"another name", serve(t, ca.Server(wasitlstest.Names("other.test"))), "SSLError SSLCertVerificationError CERTIFICATE_VERIFY_FAILED\n62 Hostname mismatch, certificate is not valid for 'localhost'.\n"},
		{"untrusted", serve(t, wasitlstest.NewCA().Server()), "SSLError SSLCertVerificationError CERTIFICATE_VERIFY_FAILED\n20 unable to get local issuer certificate\n"},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), "SSLError SSLError WRONG_VERSION_NUMBER\n"},
		{"truncated", closed + "/truncated", "ChunkedEncodingError ProtocolError None\n"},
		{"silent", silent(t), "ReadTimeout ReadTimeoutError None\n"},
		{"nobody listens", "https://localhost:1/", "ConnectionError NewConnectionError None\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := good(t, run(t, ca, "/test/fails.py", c.url)); got != c.want {
				t.Errorf("printed %s, not %s", got, c.want)
			}
		})
	}
}

// silent returns the address of a server that never says anything.
func silent(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return "https://" + l.Addr().String()
}

// TestRefused: what wasi:tls cannot express is refused, never left out.
func TestRefused(t *testing.T) {
	ca := wasitlstest.NewCA()
	got := good(t, run(t, ca, "/test/refused.py", serve(t, ca.Server())))
	lines := strings.Split(strings.TrimSpace(got), "\n")
	if len(lines) < 11 {
		t.Errorf("only %d cases", len(lines))
	}
	for _, line := range lines {
		if !strings.HasSuffix(line, " refused") {
			t.Error(line)
		}
	}
}

// TestHostTrust: the environment may say that the host's roots are meant.
func TestHostTrust(t *testing.T) {
	ca := wasitlstest.NewCA()
	at := serve(t, ca.Server())
	for _, c := range []struct{ code, trust, want string }{
		{"requests.get(url, verify=__import__('certifi').where())", "", "200"},
		{"requests.get(url, verify='/apps/get.py')", "host", "200"},
		{"requests.get(url, verify=False)", "", "200"},
		{"requests.get(url, verify='/apps/none.pem')", "host", "OSError"},
	} {
		r := Run{
			Args:   []string{"-c", fmt.Sprintf("import requests; url = %q\ntry: print(%s.status_code)\nexcept Exception as e: print(type(e).__name__)", at, c.code)},
			Env:    []wasi.Variable{{Name: "WASI_TLS_TRUST", Value: c.trust}},
			Mounts: scripts(), Roots: ca.Pool(),
		}
		if got := good(t, r.WithPackages(t).Do(t)); got != c.want+"\n" {
			t.Errorf("%s: %s", c.code, got)
		}
	}
	// Without verification by the guest the host verifies all the same.
	r := Run{Args: []string{"-W", "ignore", "-c", fmt.Sprintf("import requests\ntry: requests.get(%q, verify=False)\nexcept requests.exceptions.SSLError: print('verified')", at)}, Roots: x509.NewCertPool()}
	if got := good(t, r.WithPackages(t).Do(t)); got != "verified\n" {
		t.Error(got)
	}
}

// TestHandlesReleased: sockets that are closed leave no handle, however far they got. A guest
// that left one for each connection would have far more than it may.
func TestHandlesReleased(t *testing.T) {
	ca := wasitlstest.NewCA()
	r := Run{
		Args:   []string{"/test/sequence.py", serve(t, ca.Server()), silent(t)},
		Mounts: scripts(), Roots: ca.Pool(),
		Limits: host.Limits{Handles: 40},
	}
	if got := good(t, r.WithPackages(t).Do(t)); got != "ok\n" {
		t.Error(got)
	}
}

// TestIdleClose: the pool notices that the server has closed an idle connection.
func TestIdleClose(t *testing.T) {
	ca := wasitlstest.NewCA()
	at := serve(t, ca.Server(), func(s *http.Server) { s.IdleTimeout = 200 * time.Millisecond })
	if got := good(t, run(t, ca, "/test/idle.py", at+"/port")); got != "1 2\n" {
		t.Errorf("connections for five requests, and for six: %s", got)
	}
}

// TestSockets: readiness and time limits of an SSLSocket.
func TestSockets(t *testing.T) {
	ca := wasitlstest.NewCA()
	u, _ := url.Parse(serve(t, ca.Server()))
	want := `session tickets are no data: True
timeout: The read operation timed out
would block
can write: True
can read: True
8 b'HTTP/1.0'
end: b'' peer: True
certificate: (('DNS', 'localhost'),) None
`
	if got := good(t, run(t, ca, "/test/sockets.py", u.Hostname(), u.Port())); got != want {
		t.Errorf("printed\n%s\nnot\n%s", got, want)
	}
}
