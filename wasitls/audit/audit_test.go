package audit_test

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/audit"
	"github.com/wasitls/wasitls/wasitls/wasitlstest"
)

func want[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// talk has a guest talk to a peer, with everything that it sends and gets
// planted, and returns when the connection has ended.
func talk(t *testing.T, name string, tell func(wasitls.Event)) {
	t.Helper()
	ca := wasitlstest.NewCA()
	server, err := wasitlstest.Peer{Config: ca.Server(), Handle: func(c *tls.Conn, _ wasitlstest.Conn) {
		io.ReadFull(c, make([]byte, len(sent)))
		io.WriteString(c, received)
		c.CloseWrite()
		io.Copy(io.Discard, c)
	}}.Listen()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client, err := wasitls.NewClient(wasitls.Config{Policy: wasitls.Trust(ca.Pool()), Audit: tell})
	if err != nil {
		t.Fatal(err)
	}
	transport, err := server.Dial()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := client.NewGuest(wasitls.GuestConfig{Name: "billing"}).Handshake(t.Context(), transport, name)
	if err != nil {
		return
	}
	b := wasitlstest.NewBlocking(conn)
	io.WriteString(b, sent)
	if data, err := io.ReadAll(b); string(data) != received {
		t.Errorf("%q, %v", data, err)
	}
	b.CloseWrite()
	b.Close()
}

const (
	sent     = "planted-request-4711"
	received = "planted-reply-0815"
)

func lines(t *testing.T, text []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range bytes.Lines(text) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Errorf("%q: %v", line, err)
		}
		all = append(all, m)
	}
	return all
}

// TestLines: what a connection leaves behind in the log.
func TestLines(t *testing.T) {
	var out bytes.Buffer
	log := audit.New(&out)
	talk(t, wasitlstest.Name, log.Event)
	talk(t, "other.test", log.Event)
	if err := log.Err(); err != nil {
		t.Error(err)
	}
	if strings.Contains(out.String(), "planted") {
		t.Errorf("what a guest sent or received is in the log:\n%s", &out)
	}
	all := lines(t, out.Bytes())
	if len(all) != 3 {
		t.Fatalf("%d lines\n%s", len(all), &out)
	}
	connected, closed, refused := all[0], all[1], all[2]
	for _, c := range []struct {
		in    map[string]any
		field string
		want  any
	}{
		{connected, "event", "connected"}, {connected, "guest", "billing"}, {connected, "server_name", wasitlstest.Name},
		{connected, "rule", "every server"}, {connected, "version", "TLS 1.3"}, {connected, "group", "X25519MLKEM768"},
		{connected, "end", nil}, {connected, "bytes_sent", nil}, {connected, "class", nil},
		{closed, "event", "closed"}, {closed, "connection", connected["connection"]}, {closed, "version", "TLS 1.3"},
		{closed, "bytes_sent", float64(len(sent))}, {closed, "bytes_received", float64(len(received))},
		{closed, "end", "closed"}, {closed, "close_sent", true}, {closed, "close_received", true}, {closed, "reason", nil},
		{refused, "event", "refused"}, {refused, "server_name", "other.test"}, {refused, "class", "certificate"},
		{refused, "reason", "handshake: tls: failed to verify certificate: x509: certificate is valid for server.test, localhost, not other.test"},
	} {
		if c.in[c.field] != c.want {
			t.Errorf("%s of %v: %v, want %v", c.field, c.in["event"], c.in[c.field], c.want)
		}
	}
	for _, m := range all {
		at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(m["time"]))
		if err != nil || time.Since(at) > time.Minute {
			t.Errorf("time %v, %v", m["time"], err)
		}
		if _, err := netip.ParseAddrPort(fmt.Sprint(m["address"])); err != nil {
			t.Error(err)
		}
		prints := fmt.Sprint(m["certificates_sha256"])
		if !regexp.MustCompile(`^\[[0-9a-f]{64}\]$`).MatchString(prints) {
			t.Errorf("fingerprints %s", prints)
		}
	}
}

// TestConcurrentLines: each line is whole, and one Write.
func TestConcurrentLines(t *testing.T) {
	var w writes
	log := audit.New(&w)
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			for range 100 {
				log.Event(wasitls.Event{Guest: strings.Repeat("g<&>", i)})
			}
		})
	}
	all.Wait()
	want(t, "writes", len(w), 3200)
	for _, line := range w {
		if strings.Count(line, "\n") != 1 || !strings.HasSuffix(line, "}\n") || strings.Contains(line, `\u00`) {
			t.Fatalf("a write of %q", line)
		}
	}
	lines(t, []byte(strings.Join(w, "")))
}

type writes []string

func (w *writes) Write(p []byte) (int, error) {
	*w = append(*w, string(p))
	return len(p), nil
}

// failing fails its second write after some bytes of it.
type failing struct {
	bytes.Buffer
	n int
}

var errFull = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	f.n++
	if f.n == 2 {
		n, _ := f.Buffer.Write(p[:9])
		return n, errFull
	}
	return f.Buffer.Write(p)
}

// TestWriteFails: the failure is kept, and the lines that follow are whole.
func TestWriteFails(t *testing.T) {
	w := new(failing)
	log := audit.New(w)
	for i := range 3 {
		log.Event(wasitls.Event{Connection: uint64(i + 1)})
	}
	err := log.Err()
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "events lost: 1:") {
		t.Errorf("%v", err)
	}
	got := strings.Split(strings.TrimSpace(w.String()), "\n")
	if len(got) != 3 {
		t.Fatalf("%q", got)
	}
	want(t, "connections", fmt.Sprint(lines(t, []byte(got[0]))[0]["connection"], lines(t, []byte(got[2]))[0]["connection"]), "1 3")
}

// TestSlog: levels, and attributes with the names of the fields.
func TestSlog(t *testing.T) {
	var out bytes.Buffer
	talk(t, wasitlstest.Name, audit.Slog(slog.New(slog.NewJSONHandler(&out, nil))))
	talk(t, "other.test", audit.Slog(slog.New(slog.NewJSONHandler(&out, nil))))
	all := lines(t, out.Bytes())
	if len(all) != 3 {
		t.Fatalf("%d records\n%s", len(all), &out)
	}
	for i, row := range []struct{ level, msg string }{
		{"INFO", "tls connection connected"}, {"INFO", "tls connection closed"}, {"WARN", "tls connection refused"},
	} {
		want(t, "level", all[i]["level"], any(row.level))
		want(t, "message", all[i]["msg"], any(row.msg))
		want(t, "guest", all[i]["guest"], any("billing"))
	}
	want(t, "class", all[2]["class"], any("certificate"))
	out.Reset()
	talk(t, wasitlstest.Name, audit.Slog(slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))))
	want(t, "below the level", out.String(), "")
}

func TestJoin(t *testing.T) {
	if audit.Join() != nil || audit.Join(nil, nil) != nil {
		t.Error("nobody to tell, and not nil")
	}
	told := ""
	f := func(name string) func(wasitls.Event) { return func(wasitls.Event) { told += name } }
	audit.Join(f("a"), nil, f("b"))(wasitls.Event{})
	want(t, "told", told, "ab")
}

// TestFieldsAreDocumented: the fields of Record are those of the table, in the
// same order.
func TestFieldsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| field | ")
	table, _, _ = strings.Cut(table, "\n\n")
	var listed, have []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|").FindAllStringSubmatch(table, -1) {
		listed = append(listed, m[1])
	}
	record := reflect.TypeFor[audit.Record]()
	for i := range record.NumField() {
		name, _, _ := strings.Cut(record.Field(i).Tag.Get("json"), ",")
		have = append(have, name)
	}
	if !slices.Equal(listed, have) {
		t.Errorf("the table has %v, the struct %v", listed, have)
	}
}

// TestSampleIsDocumented: the line that the document shows is one.
func TestSampleIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	audit.New(&out).Event(sample)
	if !bytes.Contains(text, append([]byte("\n"), out.Bytes()...)) {
		t.Errorf("the document does not have\n%s", &out)
	}
}
