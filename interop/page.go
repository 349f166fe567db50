package interop

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

const intro = `# Interop: real TLS servers × cases × guests

Written by ` + "`go run ./interop/cmd/interop -md docs/interop.md`" + `; do not edit. ` + "`make interop`" + ` runs the same and prints it.

Each cell is one fetch of a page from a server on loopback that was set up for the case and looked at
first: that it speaks the one TLS version, shows the certificate, sends the chain and picks the group
that the case asks for. ` + "`native`" + ` is Go's net/http without a guest, the control; the others are guests, whose
handshake happens in this host. The page's path and body are random, so a guest cannot pass without
fetching it, and a refusal passes only with the right reason in the guest's error.

The two tables at the end are of one row for each encounter: servers that ask for a client certificate,
and servers whose own may be revoked.

The tables of mail are the same with SMTP and STARTTLS: a cell is a mail with a random text, which must
be in the server's spool as received over that TLS version, or must not be there when it is refused.

✓ as the case says · ✕ not so · – an exception with its reason below · ? the server is not installed

`

// WriteMarkdown writes reports as a page: those of a [Matrix], of [Mail] and of
// [Meeting], or some of them.
func WriteMarkdown(w io.Writer, reports []*Report) error {
	var b strings.Builder
	b.WriteString(intro)
	for _, r := range reports {
		r.writeTables(&b)
	}
	b.WriteString("## Cases\n\n")
	for _, r := range reports {
		r.writeCases(&b)
	}
	b.WriteString("\n## Servers\n\n")
	var reasons []string
	told := map[string]bool{}
	for _, r := range reports {
		r.writeServers(&b, told)
		reasons = append(reasons, r.reasons()...)
	}
	if reasons != nil {
		b.WriteString("\n## Exceptions\n\n")
		for _, reason := range reasons {
			fmt.Fprintf(&b, "* %s\n", reason)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writeTables(b *strings.Builder) {
	for _, t := range r.tables() {
		fmt.Fprintf(b, "## %s\n\n", t.heading)
		if r.meeting != nil {
			b.WriteString(r.meeting.About + "\n")
		}
		writeRow(b, t.rows[0])
		b.WriteString("|" + strings.Repeat("---|", t.marks) + strings.Repeat(":-:|", len(t.rows[0])-t.marks) + "\n")
		for _, row := range t.rows[1:] {
			writeRow(b, row)
		}
		b.WriteByte('\n')
	}
}

func (r *Report) writeCases(b *strings.Builder) {
	for _, c := range r.Cases {
		outcome := "must succeed"
		if c.Refused != nil {
			outcome = "must be refused with `" + strings.Join(c.Refused, "` or `") + "`"
		}
		fmt.Fprintf(b, "* **%s**: %s; %s\n", c.Name, c.About, outcome)
	}
	if r.meeting == nil {
		return
	}
	var told []string
	for _, e := range r.meeting.Encounters {
		if line := fmt.Sprintf("* **%s** (%s): %s\n", e.Name, strings.ToLower(r.meeting.Title), e.About); !slices.Contains(told, line) {
			told = append(told, line)
			b.WriteString(line)
		}
	}
}

// writeServers writes those that are not told yet.
func (r *Report) writeServers(b *strings.Builder, told map[string]bool) {
	for _, s := range r.Servers {
		if told[s.Name] {
			continue
		}
		told[s.Name] = true
		from := "compiled in"
		if s.Package != "" {
			from = "Debian " + s.Package
		}
		fmt.Fprintf(b, "* %s: %s, %s\n", s.Name, s.Library, from)
	}
}

func writeRow(b *strings.Builder, cells []string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}
