package wasitls

import (
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFind compares the index with trying one pattern after the other, which is
// what Policy.Rules promises.
func TestFind(t *testing.T) {
	texts := []string{
		"*", "a.test", "b.test", "*.test", "*.a.test", "test", "a.b.test", "*.b.test",
		"192.0.2.7", "192.0.2.0/24", "192.0.0.0/8", "0.0.0.0/0", "2001:db8::/32", "2001:db8::1", "::/0",
	}
	var names []ServerName
	for _, text := range []string{"a.test", "b.test", "test", "a.a.test", "b.a.test", "a.b.test", "c", "192.0.2.7", "192.1.1.1", "9.9.9.9", "2001:db8::1", "2001:db8::2", "::1"} {
		name, err := ParseServerName(text)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		p := &Policy{Default: Deny}
		for range 1 + random.IntN(9) {
			var r Rule
			for range 1 + random.IntN(3) {
				r.Servers = append(r.Servers, texts[random.IntN(len(texts))])
			}
			p.Rules = append(p.Rules, r)
		}
		rules, err := compile(p, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			got := -1
			if r := rules.find(name); r != nil {
				got = r.place
			}
			if want := firstMatch(t, p, name); got != want {
				t.Fatalf("%s by %+v: rule %d, want %d", name, p.Rules, got, want)
			}
		}
	}
}

func firstMatch(t *testing.T, p *Policy, name ServerName) int {
	addr, _ := netip.ParseAddr(name.host) // or zero
	return slices.IndexFunc(p.Rules, func(r Rule) bool {
		return slices.ContainsFunc(r.Servers, func(text string) bool {
			parsed, err := parsePattern(text)
			if err != nil {
				t.Fatal(err)
			}
			return parsed.matches(name, addr)
		})
	})
}

// FuzzPattern: a pattern that is accepted matches what its text says. For names
// that is what crypto/x509 makes of the same text in a certificate, and for
// addresses what package net does.
func FuzzPattern(f *testing.F) {
	for _, row := range [][2]string{
		{"*", "a.test"}, {"*", "::1"}, {"a.test", "A.TEST."}, {"*.test", "a.test"}, {"*.test", "b.a.test"}, {"*.test", "test"},
		{"*.a.test.", "b.a.test"}, {"192.0.2.0/24", "192.0.2.7"}, {"192.0.2.0/24", "192.0.3.7"}, {"192.0.2.7", "::ffff:192.0.2.7"},
		{"::/0", "192.0.2.7"}, {"0.0.0.0/0", "::1"}, {"2001:db8::/32", "2001:db8::7"}, {"*.*.test", "a.b.test"}, {"a*.test", "ab.test"},
		{"10.0.0.1/8", "10.0.0.1"}, {"*.1.2.3.4", "a"}, {"_a.test", "_a.test"}, {"::1/128", "::1"}, {"::ffff:0:0/96", "192.0.2.7"}, {"", ""},
	} {
		f.Add(row[0], row[1])
	}
	f.Fuzz(func(t *testing.T, text, server string) {
		p, err := parsePattern(text)
		if err != nil {
			return
		}
		name, err := ParseServerName(server)
		if err != nil {
			return
		}
		addr, _ := netip.ParseAddr(name.host)
		got := p.matches(name, addr)
		if want := says(t, text, name); got != want {
			t.Errorf("%q matches %q: %v, want %v", text, name, got, want)
		}
		var x index
		r := &rule{}
		x.add(p, r)
		if found := x.find(name) == r; found != got {
			t.Errorf("%q by index matches %q: %v, want %v", text, name, found, got)
		}
	})
}

// says tells without package netip whether a pattern's text says that it
// matches a name.
func says(t *testing.T, text string, name ServerName) bool {
	_, ranged, err := net.ParseCIDR(text)
	ip, only := net.ParseIP(name.host), net.ParseIP(text)
	switch {
	case text == "*":
		return true
	case err == nil: // package net takes an IPv4 address for one of IPv6 as well
		return ip != nil && (ip.To4() == nil) == (len(ranged.IP) == net.IPv6len) && ranged.Contains(ip)
	case ip != nil || only != nil:
		return ip != nil && only != nil && ip.Equal(only)
	}
	certificate := x509.Certificate{DNSNames: []string{strings.ToLower(strings.TrimSuffix(text, "."))}}
	return certificate.VerifyHostname(name.host) == nil
}

// BenchmarkFind looks the last of 1,000 rules up, by patterns of each kind.
func BenchmarkFind(b *testing.B) {
	for kind, format := range map[string]string{
		"exact": "host-%d.example", "below": "*.zone-%d.example", "range": "10.0.%[2]d.%[3]d/32",
	} {
		p := &Policy{Default: Deny}
		for i := range 1000 {
			text := fmt.Sprintf(format, i, i>>8, i&0xff)
			if kind != "range" {
				text = fmt.Sprintf(format, i)
			}
			p.Rules = append(p.Rules, Rule{Servers: []string{text}})
		}
		last := map[string]string{"exact": "host-999.example", "below": "a.zone-999.example", "range": "10.0.3.231"}[kind]
		rules, err := compile(p, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		name, err := ParseServerName(last)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				if rules.find(name) == nil {
					b.Fatal("not found")
				}
			}
		})
	}
}
