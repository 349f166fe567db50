package wasitls_test

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

// TestB is group B of the fault catalogue: the server name. Each row says what
// becomes of the string; none of the rejected ones reaches the peer.
func TestB(t *testing.T) {
	label := func(n int) string { return strings.Repeat("a", n) }
	long := strings.TrimSuffix(strings.Repeat(label(49)+".", 5), ".") // 249 bytes
	for _, row := range []struct {
		id, name string
		want     string // "" if rejected
		ip       bool
	}{
		{"B01 empty", "", "", false},
		{"B02 IPv4", "127.0.0.1", "127.0.0.1", true},
		{"B02 IPv6", "::1", "::1", true},
		{"B02 IPv6 long form", "2001:0DB8:0:0:0:0:0:1", "2001:db8::1", true},
		{"B02 IPv4 mapped into IPv6", "::ffff:192.0.2.7", "192.0.2.7", true},
		{"B03 brackets", "[::1]", "", false},
		{"B03 brackets around IPv4", "[127.0.0.1]", "", false},
		{"B04 zone", "fe80::1%eth0", "", false},
		{"B05 short IPv4", "127.1", "", false},
		{"B05 hexadecimal", "0x7f000001", "", false},
		{"B05 hexadecimal last label", "a.0x1", "", false},
		{"B05 bare 0x", "a.0x", "", false},
		{"B05 decimal", "2130706433", "", false},
		{"B05 leading zero", "127.0.0.01", "", false},
		{"B05 five parts", "1.2.3.4.5", "", false},
		{"B05 out of range", "256.0.0.1", "", false},
		{"B05 address with trailing dot", "127.0.0.1.", "", false},
		{"B06 trailing dot", "server.test.", "server.test", false},
		{"B07 two trailing dots", "server.test..", "", false},
		{"B08 upper case", "SERVER.Test", "server.test", false},
		{"B09 U-label", "bücher.example", "", false},
		{"B10 A-label", "xn--bcher-kva.example", "xn--bcher-kva.example", false},
		{"B11 underscore", "_sip.a_b.example", "_sip.a_b.example", false},
		{"B12 wildcard", "*.example", "", false},
		{"B12 leading hyphen", "-a.example", "", false},
		{"B12 trailing hyphen", "a-.example", "", false},
		{"B12 empty label", "a..b", "", false},
		{"B12 leading dot", ".example", "", false},
		{"B12 only a dot", ".", "", false},
		{"B13 NUL", "server.test\x00.evil.example", "", false},
		{"B13 space", "server test", "", false},
		{"B13 leading space", " server.test", "", false},
		{"B13 control byte", "server.test\r\n", "", false},
		{"B13 invalid UTF-8", "\xff\xfe", "", false},
		{"B14 port", "server.test:443", "", false},
		{"B14 IPv4 and port", "192.0.2.9:443", "", false},
		{"B14 IPv6 and port", "[::1]:443", "", false},
		{"B14 URL", "https://server.test", "", false},
		{"B14 user", "user@server.test", "", false},
		{"B14 path", "server.test/x", "", false},
		{"B15 label of 63", label(63) + ".example", label(63) + ".example", false},
		{"B15 label of 64", label(64) + ".example", "", false},
		{"B15 name of 253", long + ".aaa", long + ".aaa", false},
		{"B15 name of 253 and a dot", long + ".aaa.", long + ".aaa", false},
		{"B15 name of 254", long + ".aaaa", "", false},
		{"B16 64 KiB", label(64 << 10), "", false},
		{"B16 100 MiB", label(100 << 20), "", false},
		{"one label", "localhost", "localhost", false},
		{"digits in a label that is not the last", "1.2.3.example", "1.2.3.example", false},
		{"0x inside a label", "0xyz.example", "0xyz.example", false},
	} {
		t.Run(row.id, func(t *testing.T) {
			name, err := wasitls.ParseServerName(row.name)
			if row.want == "" {
				rejected(t, row.name, err)
				return
			}
			noError(t, err)
			want(t, "name", name.String(), row.want)
			want(t, "is an address", name.IsIP(), row.ip)
		})
	}
}

// rejected checks a refusal, and that a handshake with the name sends nothing.
func rejected(t *testing.T, name string, err error) {
	t.Helper()
	var invalid *wasitls.NameError
	if !errors.As(err, &invalid) {
		t.Fatalf("error is %T: %v", err, err)
	}
	if invalid.Reason == "" || len(err.Error()) > 512 {
		t.Errorf("error text: %q", err)
	}
	watched := wasitlstest.Watch(wasitlstest.Peer{}.Pipe())
	failure := fails(t, config(), watched, name, wasitls.ClassName)
	if !errors.As(failure, &invalid) {
		t.Errorf("cause is %T", failure.Err)
	}
	want(t, "bytes sent", watched.Sent.Load(), 0)
}

func FuzzParseServerName(f *testing.F) {
	for _, s := range []string{"", "a.b", "::1", "127.1", "a\x00b", "xn--a", "A.", "[::1]:1", "fe80::1%1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, err := wasitls.ParseServerName(s)
		if err != nil {
			return
		}
		again, err := wasitls.ParseServerName(name.String())
		if err != nil || again != name {
			t.Errorf("%q became %q, which becomes %q, %v", s, name, again, err)
		}
		if name.IsIP() != (net.ParseIP(name.String()) != nil) {
			t.Errorf("%q: address %v", s, name.IsIP())
		}
	})
}
