package metrics_test

import (
	"net"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wasitls/wasitls/wasitls"
	"github.com/wasitls/wasitls/wasitls/metrics"
)

func Example() {
	registry := prometheus.NewRegistry()
	m, err := metrics.New(registry)
	if err != nil {
		panic(err)
	}
	if _, err := wasitls.NewClient(wasitls.Config{Audit: m.Event}); err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := metrics.Serve(listener, registry)
	defer server.Close()
	// Output:
}
