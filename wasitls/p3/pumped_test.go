package p3_test

import (
	"strings"
	"testing"
)

// TestPumpedByGuest: every byte on either side of TLS passes through the
// guest, in both directions of several connections at once, one of them TLS
// within TLS.
func TestPumpedByGuest(t *testing.T) {
	r := newRig(t)
	r.component(t, "tlspump-p3") // for all subtests
	for _, tt := range []struct{ what, bytes, chunk string }{
		{"megabytes", "4194304", "32768"},
		{"less than a record", "300000", "1000"},
		{"a byte at a time", "3000", "1"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			out, errs, status, err := r.run(t, "tlspump-p3", r.peer.Addr(), "localhost", "--bytes", tt.bytes, "--chunk", tt.chunk)
			for _, name := range []string{"echo", "send", "sink", "nested"} {
				if !strings.Contains(out, name+" ok "+tt.bytes+" bytes") {
					t.Errorf("%s failed", name)
				}
			}
			if err != nil || status != 0 || t.Failed() {
				t.Errorf("status %d, %v\n%s%s", status, err, out, errs)
			}
		})
	}
}

// TestPumpedByGuestRefused: a guest that moves the bytes itself has no say in
// which certificate is good, and is told why.
func TestPumpedByGuestRefused(t *testing.T) {
	r := newRig(t)
	out, errs, status, err := r.run(t, "tlspump-p3", r.peer.Addr(), "wrong.example", "--bytes", "1")
	if err != nil || status != 1 || strings.Count(out, " FAIL handshake: wasitls: handshake: ") != 4 || !strings.Contains(out, "x509: ") {
		t.Errorf("status %d, %v\n%s%s", status, err, out, errs)
	}
}
