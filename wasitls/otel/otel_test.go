package otel_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/otel"
)

// collect tells the SDK of one connection of each kind, and returns what it
// has counted, a line for each series.
func collect(t *testing.T) (series, names []string) {
	t.Helper()
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	m, err := otel.New(provider.Meter("test"))
	if err != nil {
		t.Fatal(err)
	}
	state := wasitls.State{Version: tls.VersionTLS13, Group: tls.X25519MLKEM768}
	base := wasitls.Event{Guest: "planted", ServerName: "planted.test", Rule: "inner", Duration: time.Second / 2}
	for _, change := range []func(*wasitls.Event){
		func(e *wasitls.Event) { e.Kind, e.State = wasitls.Connected, state },
		func(e *wasitls.Event) { e.Kind, e.State = wasitls.Connected, state },
		func(e *wasitls.Event) { e.Err = &wasitls.HandshakeError{Class: wasitls.ClassTimeout, Err: io.EOF} },
		func(e *wasitls.Event) {
			e.Kind, e.State, e.Sent, e.Received, e.CloseReceived = wasitls.Closed, state, 300, 7000, true
		},
	} {
		e := base
		change(&e)
		m.Event(e)
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		names = append(names, m.Name)
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				series = append(series, fmt.Sprintf("%s %s %d", m.Name, p.Attributes.Encoded(attribute.DefaultEncoder()), p.Value))
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				series = append(series, fmt.Sprintf("%s %s %d %v", m.Name, p.Attributes.Encoded(attribute.DefaultEncoder()), p.Count, p.Sum))
			}
		default:
			t.Errorf("%s is %T", m.Name, m.Data)
		}
	}
	slices.Sort(series)
	slices.Sort(names)
	return series, names
}

func TestCounts(t *testing.T) {
	got, _ := collect(t)
	want := []string{
		"wasitls.connections.closed end=closed 1",
		"wasitls.connections.open  1",
		"wasitls.handshake.duration result=connected 2 1",
		"wasitls.handshake.duration result=refused 1 0.5",
		"wasitls.handshakes group=,result=timeout,resumed=false,version= 1",
		"wasitls.handshakes group=X25519MLKEM768,result=connected,resumed=false,version=TLS 1.3 2",
		"wasitls.received  7000",
		"wasitls.refused rule=inner 1",
		"wasitls.sent  300",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestInstrumentsAreDocumented: they are those that the document names.
func TestInstrumentsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile("`(wasitls\\.[a-z]+[a-z.]*)`").FindAllStringSubmatch(string(text), -1)
	var documented []string
	for _, m := range listed {
		documented = append(documented, m[1])
	}
	slices.Sort(documented)
	if _, names := collect(t); !slices.Equal(documented, names) {
		t.Errorf("the document has %q, the meter %q", documented, names)
	}
}
