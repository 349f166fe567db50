package metrics_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/metrics"
)

// told returns metrics that have been told of one connection of each kind.
func told(t *testing.T) *prometheus.Registry {
	t.Helper()
	registry := prometheus.NewRegistry()
	m, err := metrics.New(registry)
	if err != nil {
		t.Fatal(err)
	}
	state := wasitls.State{Version: tls.VersionTLS13, Group: tls.X25519MLKEM768}
	planted := wasitls.Event{Guest: "planted-guest", ServerName: "planted.test", Rule: "inner", Duration: 30 * time.Millisecond}
	for _, change := range []func(*wasitls.Event){
		func(e *wasitls.Event) { e.Kind, e.State = wasitls.Connected, state },
		func(e *wasitls.Event) { e.Kind, e.State = wasitls.Connected, state },
		func(e *wasitls.Event) { e.Kind, e.State, e.State.Resumed = wasitls.Connected, state, true },
		func(e *wasitls.Event) { e.Err = &wasitls.HandshakeError{Class: wasitls.ClassCertificate, Err: io.EOF} },
		func(e *wasitls.Event) {
			e.Rule, e.Err = "", &wasitls.HandshakeError{Class: wasitls.ClassName, Err: io.EOF}
		},
		func(e *wasitls.Event) {
			e.Kind, e.State, e.Sent, e.Received, e.CloseReceived = wasitls.Closed, state, 300, 7000, true
		},
		func(e *wasitls.Event) {
			e.Kind, e.State, e.Sent, e.Truncated = wasitls.Closed, state, 11, true
		},
	} {
		e := planted
		change(&e)
		m.Event(e)
	}
	return registry
}

// serve serves metrics for the time of the test.
func serve(t *testing.T, from prometheus.Gatherer) (address string, s *metrics.Server) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s = metrics.Serve(l, from)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), s
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	reply, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	if err != nil {
		t.Fatal(err)
	}
	return reply.StatusCode, string(body)
}

// TestCounts: every event is counted where it belongs, and nothing that a guest
// or a peer chooses is a label.
func TestCounts(t *testing.T) {
	address, _ := serve(t, told(t))
	_, text := get(t, "http://"+address+"/metrics")
	for _, line := range []string{
		`wasitls_handshakes_total{group="X25519MLKEM768",result="connected",resumed="false",version="TLS 1.3"} 2`,
		`wasitls_handshakes_total{group="X25519MLKEM768",result="connected",resumed="true",version="TLS 1.3"} 1`,
		`wasitls_handshakes_total{group="",result="certificate",resumed="false",version=""} 1`,
		`wasitls_handshakes_total{group="",result="name",resumed="false",version=""} 1`,
		`wasitls_refused_total{rule="inner"} 1`,
		`wasitls_refused_total{rule=""} 1`,
		`wasitls_handshake_duration_seconds_bucket{result="connected",le="0.025"} 0`,
		`wasitls_handshake_duration_seconds_bucket{result="connected",le="0.05"} 3`,
		`wasitls_handshake_duration_seconds_count{result="refused"} 2`,
		`wasitls_connections_open 1`,
		`wasitls_connections_closed_total{end="closed"} 1`,
		`wasitls_connections_closed_total{end="truncated"} 1`,
		`wasitls_sent_bytes_total 311`,
		`wasitls_received_bytes_total 7000`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	if strings.Contains(text, "planted") {
		t.Errorf("a name of a guest or of a server is in\n%s", text)
	}
}

// TestRegisterTwice: the second is an error, and no panic.
func TestRegisterTwice(t *testing.T) {
	if _, err := metrics.New(told(t)); err == nil {
		t.Error("no error")
	}
}

// TestServer serves one path, is not held up by a client that says nothing,
// and ends with it.
func TestServer(t *testing.T) {
	address, s := serve(t, told(t))
	if status, _ := get(t, "http://"+address+"/"); status != http.StatusNotFound {
		t.Errorf("status %d for another path", status)
	}
	silent, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	io.WriteString(silent, "GET /metrics HTTP/1.1\r\n")
	if status, _ := get(t, "http://"+address+"/metrics"); status != http.StatusOK {
		t.Errorf("status %d beside a silent client", status)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	silent.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(silent); err != nil && os.IsTimeout(err) {
		t.Error("the connection of a silent client outlives the server")
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("the port is open after Close")
	}
}

// TestMetricsAreDocumented: the metrics that there are are those of the table,
// with the same labels.
func TestMetricsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed, have []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(wasitls_[a-z_]+)` \\| [a-z]+ \\| ([^|]*) \\|").FindAllStringSubmatch(string(doc), -1) {
		listed = append(listed, m[1]+": "+strings.NewReplacer("`", "", "—", "").Replace(m[2]))
	}
	families, err := told(t).Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		have = append(have, f.GetName()+": "+strings.Join(labels, ", "))
	}
	slices.Sort(listed)
	if !slices.Equal(listed, have) {
		t.Errorf("the table has %q, the registry %q", listed, have)
	}
}
