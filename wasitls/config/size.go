package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseSize reads a number of bytes: "65536", "512k", "64MiB", "1G". Units are
// powers of 1024 in any case.
func ParseSize(s string) (int64, error) {
	digits := strings.TrimRight(s, "bBiIkKmMgG")
	shift, ok := map[string]int{
		"": 0, "k": 10, "kib": 10, "m": 20, "mib": 20, "g": 30, "gib": 30,
	}[strings.ToLower(s[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || digits[0] == '+' || digits[0] == '-' {
		return 0, fmt.Errorf("%q is no size", s)
	}
	if n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is too large", s)
	}
	return n << shift, nil
}
