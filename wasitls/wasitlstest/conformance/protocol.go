package conformance

import (
	"bytes"
	"crypto/rsa"
	"crypto/tls"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestC is group C of the fault catalogue as far as a peer without TLS can
// play it: what comes instead of a proper handshake.
func (s suite) TestC(t *testing.T) {
	for _, row := range []struct {
		id, answer string
		class      wasitls.Class
		text       string
	}{
		{"C01 HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", wasitls.ClassProtocol, "does not look like a TLS handshake"},
		{"C02 SSH", "SSH-2.0-OpenSSH_9.2\r\n", wasitls.ClassProtocol, "does not look like a TLS handshake"},
		{"C02 noise", "\x00\xff\x13\x37\x00\x00\x00\x00\x00\x00\x00\x00", wasitls.ClassProtocol, "does not look like a TLS handshake"},
		{"C03 SSLv2", "\x80\x2e\x01\x03\x01\x00\x00", wasitls.ClassProtocol, "unsupported SSLv2"},
		{"C04 record of 65535", "\x16\x03\x03\xff\xff", wasitls.ClassProtocol, "oversized record"},
		{"C04 record one too long", "\x16\x03\x03\x48\x01" + strings.Repeat("a", 100), wasitls.ClassProtocol, "oversized record"},
		{"C05 message of 16 MiB", "\x16\x03\x03\x00\x04\x02\xff\xff\xff", wasitls.ClassProtocol, "exceeds maximum"},
		{"C06 empty handshake records", strings.Repeat("\x16\x03\x03\x00\x00", 40), wasitls.ClassProtocol, "unexpected message"},
		{"C07 warning storm", strings.Repeat("\x15\x03\x03\x00\x02\x01\x5a", 40), wasitls.ClassProtocol, "too many ignored records"},
		{"C12 fatal alert", "\x15\x03\x03\x00\x02\x02\x28", wasitls.ClassAlert, "remote error: tls: handshake failure"},
		{"C12 unknown alert", "\x15\x03\x03\x00\x02\x02\xc8", wasitls.ClassAlert, "alert(200)"},
		// crypto/tls says EOF here.
		{"C13 close_notify", "\x15\x03\x03\x00\x02\x01\x00", wasitls.ClassAlert, "close_notify instead of"},
		{"C14 application data", "\x17\x03\x03\x00\x01a", wasitls.ClassProtocol, "does not look like a TLS handshake"},
		{"D01 end before any byte", "", wasitls.ClassTruncated, "closed the connection during the handshake"},
		{"D01 end after one byte", "\x16", wasitls.ClassTruncated, "closed the connection during the handshake"},
		{"D07 end within a record", "\x16\x03\x03\x00\x04\x02", wasitls.ClassTruncated, "closed the connection during the handshake"},
	} {
		s.run(t, row.id, func(t *testing.T) {
			peer := wasitlstest.Peer{Handle: wasitlstest.Plain(row.answer)}
			s.words(t, fails(t, s.config(), peer.Pipe(), wasitlstest.Name, row.class), row.text)
		})
	}
}

// TestC_Hello is the part of group C that needs a ServerHello with a fault.
func (s suite) TestC_Hello(t *testing.T) {
	retry := func(group byte, more ...byte) wasitlstest.Hello {
		extensions := append(bytes.Clone(wasitlstest.TLS13), wasitlstest.Extension(51, []byte{0, group})...)
		return wasitlstest.Hello{Random: wasitlstest.RetryRandom, Extensions: append(extensions, more...)}
	}
	cookie := wasitlstest.Extension(44, []byte("\x00\x06cookie"))
	const p384, x25519 = 24, 29
	old := func(tail string, extensions []byte) wasitlstest.Hello {
		h := wasitlstest.Hello{Suite: tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, Extensions: extensions}
		copy(h.Random[32-len(tail):], tail)
		return h
	}
	for _, row := range []struct {
		id     string
		hellos []wasitlstest.Hello
		text   string
	}{
		{"C16 second HelloRetryRequest", []wasitlstest.Hello{retry(p384, cookie...), retry(p384)}, "two HelloRetryRequest"},
		{"C16 retry with a group that was offered", []wasitlstest.Hello{retry(x25519)}, "unnecessary HelloRetryRequest"},
		{"C18 downgrade from TLS 1.3", []wasitlstest.Hello{old("DOWNGRD\x01", nil)}, "downgrade attempt"},
		{"C24 ALPN that was not offered", []wasitlstest.Hello{old("", wasitlstest.Extension(16, []byte("\x00\x03\x02h2")))}, "unrequested ALPN"},
		{"C19 suite that was not offered", []wasitlstest.Hello{{Suite: tls.TLS_RSA_WITH_RC4_128_SHA}}, "unconfigured cipher suite"},
	} {
		s.run(t, row.id, func(t *testing.T) {
			client := make(chan []byte, 1)
			peer := wasitlstest.Peer{Handle: func(_ *tls.Conn, below wasitlstest.Conn) {
				hello, _ := wasitlstest.Answer(below, row.hellos...)
				client <- hello
				io.Copy(io.Discard, below)
			}}
			s.words(t, fails(t, s.config(), peer.Pipe(), wasitlstest.Name, wasitls.ClassProtocol), row.text)
			hello := <-client
			if len(row.hellos) > 1 && !bytes.Contains(hello, []byte("cookie")) {
				t.Error("the second ClientHello does not echo the cookie")
			}
		})
	}
}

// TestC26UnknownExtension documents crypto/tls: an extension in a ServerHello
// that nobody asked for is passed over, where RFC 8446, section 4.1.3 wants
// unsupported_extension. The handshake then waits for the rest.
func (s suite) TestC26UnknownExtension(t *testing.T) {
	c := s.config()
	c.Policy.Rules[0].HandshakeTimeout = 200 * time.Millisecond
	peer := wasitlstest.Peer{Handle: func(_ *tls.Conn, below wasitlstest.Conn) {
		wasitlstest.Answer(below, wasitlstest.Hello{
			Suite:      tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			Extensions: wasitlstest.Extension(0x4242, nil),
		})
		io.Copy(io.Discard, below)
	}}
	fails(t, c, peer.Pipe(), wasitlstest.Name, wasitls.ClassTimeout)
}

// TestC15HelloRetryRequest: crypto/tls offers key shares for X25519MLKEM768 and X25519.
func (s suite) TestC15HelloRetryRequest(t *testing.T) {
	for _, group := range []tls.CurveID{tls.CurveP256, tls.CurveP384, tls.CurveP521} {
		server := good().Clone()
		server.CurvePreferences = []tls.CurveID{group}
		server.MinVersion = tls.VersionTLS13
		conn := connect(t, s.config(), wasitlstest.Peer{Config: server}.Pipe())
		want(t, "group", conn.Conn.State().Group, group)
	}
}

// TestC17OldVersions: nothing below TLS 1.2 is spoken.
func (s suite) TestC17OldVersions(t *testing.T) {
	server := good().Clone()
	server.MinVersion, server.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	fails(t, s.config(), wasitlstest.Peer{Config: server}.Pipe(), wasitlstest.Name, wasitls.ClassAlert)
	s.words(t, fails(t, s.config(), wasitlstest.Peer{Handle: func(_ *tls.Conn, below wasitlstest.Conn) {
		wasitlstest.Answer(below, wasitlstest.Hello{Extensions: wasitlstest.Extension(43, []byte{3, 2})})
		io.Copy(io.Discard, below)
	}}.Pipe(), wasitlstest.Name, wasitls.ClassProtocol), "unsupported protocol version")
}

// TestC19NothingInCommon: the server has only suites without forward secrecy.
func (s suite) TestC19NothingInCommon(t *testing.T) {
	server := ca().Server(wasitlstest.RSA(2048))
	server.MaxVersion = tls.VersionTLS12
	server.CipherSuites = []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
	s.words(t, fails(t, s.config(), wasitlstest.Peer{Config: server}.Pipe(), wasitlstest.Name, wasitls.ClassAlert), "handshake failure")
}

// TestC23BadSignature: a CertificateVerify that the key of the certificate did not make.
func (s suite) TestC23BadSignature(t *testing.T) {
	key := hollow{&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 2047, 1), E: 65537}}
	peer := wasitlstest.Peer{Config: ca().Server(wasitlstest.Key(key))}
	s.words(t, fails(t, s.config(), peer.Pipe(), wasitlstest.Name, wasitls.ClassProtocol), "invalid signature")
}

// TestC23Corruption changes single bits of the server's first flight.
func (s suite) TestC23Corruption(t *testing.T) {
	for _, n := range []int{3, 12, 80, 100, 200, 500, 800, 1000} {
		s.run(t, fmt.Sprint(n), func(t *testing.T) {
			c := s.config()
			c.Policy.Rules[0].HandshakeTimeout = time.Second // a changed length may make both wait
			conn, err := guest(t, c).Start(wasitlstest.Flip(wasitlstest.Peer{Config: good()}.Pipe(), n), wasitlstest.Name).Wait(timeout(t))
			if err == nil {
				closeNow(t, conn)
				t.Fatal("handshake succeeded")
			}
			checkText(t, err)
		})
	}
}

// afterwards runs a peer that misuses TLS 1.3 after the handshake, and returns
// what the client reads.
func (s suite) afterwards(t *testing.T, misuse func(r *wasitlstest.Records, tc *tls.Conn) error) (string, error) {
	t.Helper()
	peer := wasitlstest.RecordsPeer(good(), func(r *wasitlstest.Records, tc *tls.Conn, below wasitlstest.Conn) {
		if err := misuse(r, tc); err == nil {
			io.Copy(io.Discard, tc)
		}
	})
	return readAll(t, connect(t, s.config(), peer.Pipe()))
}

// hello sends a record of data, so that tests see that data comes first.
func hello(r *wasitlstest.Records) error {
	return r.Write(wasitlstest.RecordApplicationData, []byte("hello"))
}

func flood(r *wasitlstest.Records, n int, one func() error) error {
	if err := hello(r); err != nil {
		return err
	}
	for range n {
		if err := one(); err != nil {
			return err
		}
	}
	return r.CloseNotify()
}

// TestC_AfterHandshake is the part of group C that needs records of TLS 1.3
// made by hand. Text is "" for a clean end. Data that came before a fault is
// always delivered first.
func (s suite) TestC_AfterHandshake(t *testing.T) {
	for _, row := range []struct {
		id, text string
		misuse   func(r *wasitlstest.Records, tc *tls.Conn) error
	}{
		{"C08 some empty records", "", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 10, func() error { return r.Write(wasitlstest.RecordApplicationData, nil) })
		}},
		{"C08 empty records for ever", "too many ignored records", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 1000, func() error { return r.Write(wasitlstest.RecordApplicationData, nil) })
		}},
		{"C09 some KeyUpdates", "", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 10, func() error { return r.KeyUpdate(false) })
		}},
		{"C09 KeyUpdates for ever", "too many non-advancing records", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 1000, func() error { return r.KeyUpdate(false) })
		}},
		{"C09 requested KeyUpdates for ever", "too many non-advancing records", func(r *wasitlstest.Records, tc *tls.Conn) error {
			go io.Copy(io.Discard, tc)
			return flood(r, 1000, func() error { return r.KeyUpdate(true) })
		}},
		{"C11 some tickets", "", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 10, func() error { return r.Ticket(100) })
		}},
		{"C11 tickets for ever", "too many non-advancing records", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 1000, func() error { return r.Ticket(100) })
		}},
		{"C11 large ticket", "", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 1, func() error { return r.Ticket(16_000) })
		}},
		{"C12 fatal alert", "remote error: tls: internal error", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 1, func() error { return r.Write(wasitlstest.RecordAlert, []byte{2, 80}) })
		}},
		{"C21 CertificateRequest", "unexpected", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 1, func() error {
				return r.Write(wasitlstest.RecordHandshake, []byte{13, 0, 0, 11, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3})
			})
		}},
		{"C23 record too long inside", "record overflow", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 1, func() error { return r.Write(wasitlstest.RecordApplicationData, make([]byte, 16<<10+1)) })
		}},
		{"C23 unknown content type", "unexpected message", func(r *wasitlstest.Records, _ *tls.Conn) error {
			return flood(r, 1, func() error { return r.Write(99, []byte("x")) })
		}},
	} {
		s.run(t, row.id, func(t *testing.T) {
			data, err := s.afterwards(t, row.misuse)
			want(t, "data", data, "hello")
			if row.text == "" {
				noError(t, err)
				return
			}
			class := wasitls.ClassProtocol
			if strings.HasPrefix(row.text, "remote error") {
				class = wasitls.ClassAlert
			}
			streamError(t, err, class, "")
			s.words(t, err, row.text)
		})
	}
}

// TestC10KeyUpdateWhileWritingIsBlocked: answering a KeyUpdate needs the write
// side, which the peer does not serve. Nothing deadlocks: the guest is not
// held up, memory is bounded, and everything can be dropped.
func (s suite) TestC10KeyUpdateWhileWritingIsBlocked(t *testing.T) {
	blocked, proceed := make(chan struct{}), make(chan struct{})
	peer := wasitlstest.RecordsPeer(good(), func(r *wasitlstest.Records, tc *tls.Conn, _ wasitlstest.Conn) {
		<-blocked
		r.KeyUpdate(true)
		hello(r)
		<-proceed
		io.Copy(io.Discard, tc)
	})
	conn := connect(t, s.config(), peer.Pipe())
	fill(t, conn.Conn.Output())
	close(blocked)
	time.Sleep(20 * time.Millisecond)
	want(t, "ready for reading", conn.Conn.Input().Ready(), false)
	close(proceed)
	p := make([]byte, 5)
	_, err := io.ReadFull(conn, p)
	noError(t, err)
	want(t, "data", string(p), "hello")
}

// fill writes until nothing more is accepted.
func fill(t *testing.T, out *wasitls.Output) (accepted int) {
	t.Helper()
	for quiet := 0; quiet < 20; {
		n, err := out.Permit()
		noError(t, err)
		if n == 0 {
			quiet++
			time.Sleep(time.Millisecond)
			continue
		}
		quiet = 0
		noError(t, out.Write(make([]byte, n)))
		accepted += n
	}
	return accepted
}

// TestC22CorruptRecord: data first, then the failure, then closed (P2-45).
func (s suite) TestC22CorruptRecord(t *testing.T) {
	data, err := readAll(t, s.to(t, wasitlstest.CorruptRecord("hello")))
	want(t, "data", data, "hello")
	streamError(t, err, wasitls.ClassProtocol, "")
	s.words(t, err, "bad record MAC")
}

// TestDefaults pins what crypto/tls offers for the go line of our go.mod:
// GODEBUG defaults follow it, and an older line would lose the post-quantum
// key exchange or bring back old versions.
func (s suite) TestDefaults(t *testing.T) {
	hello := make(chan *tls.ClientHelloInfo, 1)
	server := good().Clone()
	server.GetConfigForClient = func(h *tls.ClientHelloInfo) (*tls.Config, error) {
		hello <- h
		return nil, nil
	}
	conn := connect(t, s.config(), wasitlstest.Peer{Config: server}.Pipe())
	h := <-hello
	want(t, "versions", fmt.Sprint(h.SupportedVersions), fmt.Sprint([]uint16{tls.VersionTLS13, tls.VersionTLS12}))
	want(t, "first group", h.SupportedCurves[0], tls.X25519MLKEM768)
	want(t, "ALPN protocols", len(h.SupportedProtos), 0)
	// C25: ECH and its retries are not used; neither are early data (42) and
	// post-handshake authentication (49, see C21).
	for _, id := range []uint16{0xfe0d, 42, 49} {
		want(t, fmt.Sprintf("extension %d", id), slices.Contains(h.Extensions, id), false)
	}
	for _, suite := range h.CipherSuites {
		for _, insecure := range tls.InsecureCipherSuites() {
			if suite == insecure.ID {
				t.Errorf("offers %s", insecure.Name)
			}
		}
	}
	state := conn.Conn.State()
	want(t, "version", state.Version, tls.VersionTLS13)
	want(t, "group", state.Group, tls.X25519MLKEM768)
	want(t, "name", state.ServerName, wasitlstest.Name)
	want(t, "certificates", len(state.PeerCertificates), 1)
}

// TestC20Renegotiation documents crypto/tls: it refuses with the warning
// no_renegotiation and then gives the connection up. What came before is
// delivered.
func (s suite) TestC20Renegotiation(t *testing.T) {
	conn := connect(t, s.config(), wasitlstest.Renegotiate(ca(), "hello").Pipe())
	data, err := readAll(t, conn)
	want(t, "data", data, "hello")
	streamError(t, err, wasitls.ClassProtocol, "")
	s.words(t, err, "no renegotiation")
}
