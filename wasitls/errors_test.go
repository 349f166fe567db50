package wasitls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"unicode"
)

// TestClassify: causes keep what callers match on and lose addresses and paths.
func TestClassify(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 49268}
	reset := &net.OpError{Op: "read", Net: "tcp", Source: address, Addr: address, Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	for _, row := range []struct {
		name  string
		err   error
		class Class
		text  string
		is    error
	}{
		{"reset", &transportError{reset}, ClassTransport, "connection reset by peer", syscall.ECONNRESET},
		{"reset, wrapped", fmt.Errorf("tls: %w", &transportError{reset}), ClassTransport, "connection reset by peer", syscall.ECONNRESET},
		{"file", &transportError{&fs.PathError{Op: "read", Path: "/secret/path", Err: syscall.EIO}}, ClassTransport, "input/output error", syscall.EIO},
		{"closed", &transportError{&net.OpError{Op: "write", Err: net.ErrClosed}}, ClassTransport, "transport closed", nil},
		{"stream closed", &transportError{fmt.Errorf("below: %w", ErrClosed)}, ClassTransport, "transport closed", nil},
		{"stream without permit", &transportError{ErrPermit}, ClassTransport, "transport took less than it had permitted", nil},
		{"deadline", &transportError{&net.OpError{Op: "write", Addr: address, Err: os.ErrDeadlineExceeded}}, ClassTimeout, "deadline exceeded", ErrTimeout},
		{"no progress", &transportError{io.ErrNoProgress}, ClassTransport, "multiple Read calls return no data or error", io.ErrNoProgress},
		{"alert of the peer", &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}, ClassAlert, "remote error: tls: bad certificate", nil},
		{"alert of our own", &net.OpError{Op: "local error", Err: errors.New("tls: bad record MAC")}, ClassProtocol, "local error: tls: bad record MAC", nil},
		{"no TLS", tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake", Conn: &net.TCPConn{}}, ClassProtocol, "tls: first record does not look like a TLS handshake", nil},
		{"roots", &tls.CertificateVerificationError{Err: x509.SystemRootsError{Err: &fs.PathError{Op: "open", Path: "/secret/path", Err: syscall.ENOENT}}},
			ClassCertificate, "x509: failed to load system roots and no roots provided; no such file or directory", syscall.ENOENT},
		{"roots without reason", x509.SystemRootsError{}, ClassCertificate, "x509: failed to load system roots and no roots provided", nil},
		{"authority", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}, ClassCertificate, "tls: failed to verify certificate: x509: certificate signed by unknown authority", nil},
		{"anything", errors.New("tls: something"), ClassProtocol, "tls: something", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			class, err := classify(row.err)
			if class != row.class || err.Error() != row.text {
				t.Errorf("%v: %q, want %v: %q", class, err, row.class, row.text)
			}
			if row.is != nil && !errors.Is(err, row.is) {
				t.Errorf("is not %v", row.is)
			}
			if errors.Is(err, ErrClosed) || errors.Is(err, ErrPermit) {
				t.Errorf("%v would pass for our own", err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), "192.0.2.1") || strings.Contains(e.Error(), "/secret") {
					t.Errorf("tells too much: %v", e)
				}
			}
		})
	}
}

// TestPrintable: what a peer wrote into its certificate cannot forge log lines
// or drive a terminal.
func TestPrintable(t *testing.T) {
	err := &HandshakeError{ClassCertificate, errors.New("x509: certificate is valid for a\nb\x1b[31m\x00\xff" + strings.Repeat("é", 4000))}
	text := err.Error()
	if len(text) > maxErrorText+len("…") {
		t.Errorf("%d bytes", len(text))
	}
	for _, r := range text {
		if !unicode.IsPrint(r) && r != unicode.ReplacementChar {
			t.Errorf("contains %q", r)
		}
	}
}

// TestClassString names every class.
func TestClassString(t *testing.T) {
	seen := map[string]bool{}
	for c := ClassProtocol; c <= ClassCanceled; c++ {
		seen[c.String()] = true
	}
	if len(seen) != int(ClassCanceled)+1 || seen["unknown"] || Class(99).String() != "unknown" {
		t.Errorf("names: %v", seen)
	}
}

// TestQueue: small pieces share a chunk, and nothing is left when all is read.
func TestQueue(t *testing.T) {
	var q queue
	for range 1000 {
		c := newChunk()
		c.fill([]byte("x"))
		q.push(c)
	}
	if len(q.list) != 1 || q.size != 1000 {
		t.Errorf("%d chunks for %d bytes", len(q.list), q.size)
	}
	q.write(make([]byte, 40_000))
	p := make([]byte, 1001)
	if n := q.read(p); n != 1001 || string(p[:3]) != "xxx" || p[1000] != 0 {
		t.Errorf("read %d: %q…", n, p[:3])
	}
	if n := q.skip(1 << 30); n != 39_999 || q.size != 0 || len(q.list) != 0 {
		t.Errorf("skipped %d, left %d in %d chunks", n, q.size, len(q.list))
	}
	if q.popAll(1) != nil {
		t.Error("something is left")
	}
}
