package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// writeText tells it in words.
func (x *explanation) writeText(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(format string, args ...any) { fmt.Fprintln(w, printable(fmt.Sprintf(format, args...))) }
	row := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %s\t%s\n", name, printable(fmt.Sprintf(format, args...)))
	}
	line("%s: %s: %s", x.ServerName, map[string]string{"allow": "allowed", "deny": "denied"}[x.Decision], x.Reason)
	if r := x.Rule; r != nil {
		line("rule %d, %q, at %s:%d, by its pattern %q", r.Number, r.Name, r.File, r.Line, r.Pattern)
	}
	for _, name := range x.order {
		s := x.Fields[name]
		row(name, "%s%s", inWords(s.Value), ifDefault(s.Default))
	}
	if x.Roots != nil {
		row("roots", "%s", x.Roots)
		for _, c := range x.Roots.Certificates {
			from := c.File
			if from == "" {
				from = "pem"
			}
			row("", "%s: %s", from, c.certificateInfo)
		}
	}
	switch {
	case x.Identity != nil:
		row("identity", "%s: %s", x.Identity.Label, x.Identity.certificateInfo)
	case x.Fields != nil:
		row("identity", "none (default)")
	}
	if x.Address != nil {
		row("address", "%s", x.Address)
	}
	return w.Flush()
}

func ifDefault(is bool) string {
	if is {
		return " (default)"
	}
	return ""
}

func inWords(value any) string {
	switch v := value.(type) {
	case []string:
		if len(v) == 0 {
			return "none"
		}
		return strings.Join(v, ", ")
	}
	return fmt.Sprint(value)
}

// String tells it in words.
func (r *rootsInfo) String() string {
	base := map[string]string{
		"system":  "those of the system",
		"mozilla": "those of Mozilla, as of this build",
		"none":    "only these",
	}[r.Base]
	if len(r.Certificates) > 0 && r.Base != "none" {
		base += ", and these"
	}
	return base + ifDefault(r.Default)
}

// String tells it in words.
func (c certificateInfo) String() string {
	return fmt.Sprintf("%s, until %s, sha256 %s", c.Subject, c.NotAfter.Format(time.RFC3339), c.SHA256)
}

// String tells it in words.
func (a *addressInfo) String() string {
	switch {
	case !a.Required:
		return a.Address + ": may be any, since require-resolved is false"
	case len(a.Resolved) == 0 && a.Matches:
		return a.Address + ": is the server name"
	case len(a.Resolved) == 0:
		return a.Address + ": must be one that the guest was given for the server name; there is none now"
	}
	return fmt.Sprintf("%s: must be one that the guest was given for the server name; now there are %s", a.Address, strings.Join(a.Resolved, ", "))
}
