package metrics

import (
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Bounds of a request: whoever scrapes is near, and sends little.
const (
	requestTime  = 5 * time.Second
	responseTime = 10 * time.Second
	idleTime     = 2 * time.Minute
	maxHeaders   = 8 << 10
	maxInFlight  = 4
)

// Server serves metrics as /metrics, and nothing else.
type Server struct {
	http *http.Server
	done chan struct{}
}

// Serve serves what from gathers on l, which it closes, until Close.
func Serve(l net.Listener, from prometheus.Gatherer) *Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(from, promhttp.HandlerOpts{MaxRequestsInFlight: maxInFlight}))
	s := &Server{
		http: &http.Server{
			Handler:     mux,
			ReadTimeout: requestTime, WriteTimeout: responseTime, IdleTimeout: idleTime,
			MaxHeaderBytes: maxHeaders,
			ErrorLog:       log.New(io.Discard, "", 0), // what a client did wrong is told to the client
		},
		done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		s.http.Serve(l) // ends with Close
	}()
	return s
}

// Close ends the server and its connections at once, and waits for it.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}
