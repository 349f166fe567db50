package config

import "testing"

func TestParseSize(t *testing.T) {
	for _, c := range []struct {
		text string
		want int64
	}{
		{"0", 0}, {"65536", 65536}, {"512k", 512 << 10}, {"512K", 512 << 10}, {"512KiB", 512 << 10},
		{"64MiB", 64 << 20}, {"64m", 64 << 20}, {"1G", 1 << 30}, {"8GiB", 8 << 30},
	} {
		got, err := ParseSize(c.text)
		if err != nil || got != c.want {
			t.Errorf("%q: %d, %v; want %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", "k", "-1", "+1", "1.5M", "1MB", "1kk", "1 M", "M1", "0x10", "9223372036854775807G", "99999999999999999999"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q: %d, want an error", text, got)
		}
	}
}
