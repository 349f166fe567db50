package compare

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteText writes the differences and the failures, and with all every case.
func (r *Report) WriteText(w io.Writer, all bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "native: Python %s, %s\nguest:  Python %s, %s\n", r.Versions.Native, r.Versions.NativeTLS, r.Versions.Guest, r.Versions.GuestTLS)
	script := ""
	var same, differ, leftOut, failed int
	for _, c := range r.Results {
		if c.Script != script {
			script = c.Script
			native, guest := r.seconds(script)
			fmt.Fprintf(&b, "\n%s: %.1f s natively, %.1f s in the guest\n", script, native, guest)
		}
		switch {
		case c.Failure != "":
			failed++
			fmt.Fprintf(&b, "  ✕ %s: %s\n%s", c.Case, c.Failure, c.sides())
		case c.LeftOut:
			leftOut++
			if all {
				fmt.Fprintf(&b, "  ? %s: %s\n", c.Case, c.Reason)
			}
		case c.Reason != "":
			differ++
			fmt.Fprintf(&b, "  – %s: %s\n", c.Case, c.Reason)
			if all {
				b.WriteString(c.sides())
			}
		default:
			same++
			if all {
				fmt.Fprintf(&b, "  ✓ %s: %s (%.2f s, %.2f s)\n", c.Case, c.Guest, c.Native.Seconds, c.Guest.Seconds)
			}
		}
	}
	names := make([]string, 0, len(r.Skipped))
	for name := range r.Skipped {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, "\n%s\n  ? not run: %s\n", name, r.Skipped[name])
	}
	fmt.Fprintf(&b, "\n%d cases the same, %d different for a reason, %d left out, %d failed\n", same, differ, leftOut, failed)
	_, err := io.WriteString(w, b.String())
	return err
}

// seconds are what the cases of a script took.
func (r *Report) seconds(script string) (native, guest float64) {
	for _, c := range r.Results {
		if c.Script == script && c.Native != nil && c.Guest != nil {
			native, guest = native+c.Native.Seconds, guest+c.Guest.Seconds
		}
	}
	return native, guest
}

// sides shows both outcomes, one below the other.
func (c Result) sides() string {
	var b strings.Builder
	for _, s := range []struct {
		name string
		o    *Outcome
	}{{"native", c.Native}, {"guest", c.Guest}} {
		if s.o == nil {
			continue
		}
		fmt.Fprintf(&b, "      %-6s %s\n", s.name, s.o)
		if s.o.Words != "" {
			fmt.Fprintf(&b, "             %s\n", strings.ReplaceAll(s.o.Words, "\n", " "))
		}
	}
	return b.String()
}
