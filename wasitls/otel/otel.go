// Package otel counts what became of connections through the API of
// OpenTelemetry. It is package metrics for programs that have a meter already;
// without one, prefer that.
//
//	m, err := otel.New(provider.Meter("github.com/wasitls/wasitls"))
//	client, err := wasitls.NewClient(wasitls.Config{Audit: m.Event})
//
// The instruments are those of package metrics, with the same attributes and
// with names as OpenTelemetry has them: see docs/observability.md.
package otel

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/wasitls/wasitls/wasitls"
)

// Metrics are the instruments of any number of clients. It is safe for
// concurrent use.
type Metrics struct {
	handshakes metric.Int64Counter
	duration   metric.Float64Histogram
	refused    metric.Int64Counter
	open       metric.Int64UpDownCounter
	closed     metric.Int64Counter
	sent       metric.Int64Counter
	received   metric.Int64Counter
}

// New makes the instruments with meter. It fails if the meter does.
func New(meter metric.Meter) (*Metrics, error) {
	m := new(Metrics)
	var errs [7]error
	m.handshakes, errs[0] = meter.Int64Counter("wasitls.handshakes", metric.WithUnit("{handshake}"),
		metric.WithDescription("Handshakes that ended. The result is connected, or the class of the failure."))
	m.duration, errs[1] = meter.Float64Histogram("wasitls.handshake.duration", metric.WithUnit("s"),
		metric.WithDescription("Time from the start of a handshake to its end, waiting for its turn included."),
		metric.WithExplicitBucketBoundaries(.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10))
	m.refused, errs[2] = meter.Int64Counter("wasitls.refused", metric.WithUnit("{handshake}"),
		metric.WithDescription("Handshakes without a connection, by the policy's rule for the server name."))
	m.open, errs[3] = meter.Int64UpDownCounter("wasitls.connections.open", metric.WithUnit("{connection}"),
		metric.WithDescription("Connections that have not ended."))
	m.closed, errs[4] = meter.Int64Counter("wasitls.connections.closed", metric.WithUnit("{connection}"),
		metric.WithDescription("Connections that ended, by how: closed, dropped, truncated or failed."))
	m.sent, errs[5] = meter.Int64Counter("wasitls.sent", metric.WithUnit("By"),
		metric.WithDescription("Plaintext that guests sent over connections that ended."))
	m.received, errs[6] = meter.Int64Counter("wasitls.received", metric.WithUnit("By"),
		metric.WithDescription("Plaintext that was received for guests over connections that ended."))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("otel: %w", err)
	}
	return m, nil
}

// Event counts an event: it is for wasitls.Config.Audit.
func (m *Metrics) Event(e wasitls.Event) {
	ctx := context.Background()
	switch e.Kind {
	case wasitls.Connected:
		m.handshake(ctx, "connected", e)
		m.open.Add(ctx, 1)
	case wasitls.Refused:
		m.handshake(ctx, e.Class(), e)
		m.refused.Add(ctx, 1, with(attribute.String("rule", e.Rule)))
	case wasitls.Closed:
		m.open.Add(ctx, -1)
		m.closed.Add(ctx, 1, with(attribute.String("end", e.End())))
		m.sent.Add(ctx, e.Sent)
		m.received.Add(ctx, e.Received)
	}
}

func (m *Metrics) handshake(ctx context.Context, result string, e wasitls.Event) {
	version, group := "", ""
	if v := e.State.Version; v != 0 {
		version = tls.VersionName(v)
	}
	if g := e.State.Group; g != 0 {
		group = wasitls.GroupName(g)
	}
	m.handshakes.Add(ctx, 1, with(attribute.String("result", result), attribute.String("version", version),
		attribute.String("group", group), attribute.Bool("resumed", e.State.Resumed)))
	m.duration.Record(ctx, e.Duration.Seconds(), with(attribute.String("result", e.Kind.String())))
}

func with(attributes ...attribute.KeyValue) metric.MeasurementOption {
	return metric.WithAttributes(attributes...)
}
