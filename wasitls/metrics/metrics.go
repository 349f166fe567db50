// Package metrics counts what became of connections, for Prometheus.
//
//	m, err := metrics.New(registry)
//	client, err := wasitls.NewClient(wasitls.Config{Audit: m.Event})
//
// Labels have few values: neither server names nor guests are among them, as
// those are chosen by others. Names of rules are the policy's.
package metrics

import (
	"crypto/tls"
	"fmt"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wasitls/wasitls/wasitls"
)

// Metrics are the metrics of any number of clients. It is safe for concurrent
// use.
type Metrics struct {
	handshakes *prometheus.CounterVec
	refused    *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	open       prometheus.Gauge
	closed     *prometheus.CounterVec
	sent       prometheus.Counter
	received   prometheus.Counter
}

// New returns metrics that are registered there. It fails if metrics of these
// names are there already.
func New(at prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		handshakes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wasitls_handshakes_total",
			Help: "Handshakes that ended. The result is connected, or the class of the failure.",
		}, []string{"result", "version", "group", "resumed"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wasitls_refused_total",
			Help: "Handshakes without a connection, by the policy's rule for the server name; empty if the name was invalid.",
		}, []string{"rule"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "wasitls_handshake_duration_seconds",
			Help:    "Time from the start of a handshake to its end, waiting for its turn included.",
			Buckets: prometheus.DefBuckets,
		}, []string{"result"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "wasitls_connections_open",
			Help: "Connections that have not ended.",
		}),
		closed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "wasitls_connections_closed_total",
			Help: "Connections that ended, by how: closed, dropped, truncated or failed.",
		}, []string{"end"}),
		sent: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "wasitls_sent_bytes_total",
			Help: "Plaintext that guests sent over connections that ended.",
		}),
		received: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "wasitls_received_bytes_total",
			Help: "Plaintext that was received for guests over connections that ended.",
		}),
	}
	for _, c := range []prometheus.Collector{m.handshakes, m.refused, m.duration, m.open, m.closed, m.sent, m.received} {
		if err := at.Register(c); err != nil {
			return nil, fmt.Errorf("metrics: %w", err)
		}
	}
	return m, nil
}

// Event counts an event: it is for wasitls.Config.Audit. It does not block.
func (m *Metrics) Event(e wasitls.Event) {
	switch e.Kind {
	case wasitls.Connected:
		m.handshake("connected", e)
		m.open.Inc()
	case wasitls.Refused:
		m.handshake(e.Class(), e)
		m.refused.WithLabelValues(e.Rule).Inc()
	case wasitls.Closed:
		m.open.Dec()
		m.closed.WithLabelValues(e.End()).Inc()
		m.sent.Add(float64(e.Sent))
		m.received.Add(float64(e.Received))
	}
}

func (m *Metrics) handshake(result string, e wasitls.Event) {
	version, group := "", ""
	if v := e.State.Version; v != 0 {
		version = tls.VersionName(v)
	}
	if g := e.State.Group; g != 0 {
		group = wasitls.GroupName(g)
	}
	m.handshakes.WithLabelValues(result, version, group, strconv.FormatBool(e.State.Resumed)).Inc()
	m.duration.WithLabelValues(e.Kind.String()).Observe(e.Duration.Seconds())
}
