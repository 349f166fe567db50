package netgrant

import "testing"

// A grant says how it is written, and writing it so gives the same grant.
func FuzzParseConnect(f *testing.F) {
	for _, s := range []string{"example.com:443", "10.0.0.0/8:1", "[::1]:2", "[fd00::]/8:3", "fd00::/8", "127.1", "h:"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := ParseConnect(s)
		if err != nil {
			return
		}
		if again, err := ParseConnect(g.String()); err != nil || again != g {
			t.Errorf("%q is %v, which is %v, %v", s, g, again, err)
		}
	})
}
